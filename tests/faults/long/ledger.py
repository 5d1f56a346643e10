"""What was acknowledged, compared with what is there: what is lost, torn or there twice."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from tests.faults.long.senders import MAILBOXES, Sender

_SUM = b"X-Sum: "


def sum_of(stored: bytes) -> str | None:
    """Give the sum of a message's body, or None where that is not what its header says."""
    head, _, body = stored.partition(b"\n\n")
    total = sha256(body.replace(b"\n", b"\r\n")).hexdigest()
    return total if head.endswith(_SUM + total.encode()) else None


class Ledger:
    """
    Keeps the accounts of a campaign, and moves what it has counted out of ``new/``.

    Attributes:
        acknowledged: messages for which a sender has heard 250.
        lost: copies of them that are not there.
        torn: files in ``new/`` that are not whole, or whose name tells another size.
        duplicates: copies that came once more, since the 250 for an earlier one was never heard.
    """

    def __init__(self, root: Path, senders: Sequence[Sender]) -> None:
        """Begin with nothing."""
        self.acknowledged = self.lost = self.torn = self.duplicates = 0
        self._root = root
        self._senders = senders
        self._seen: dict[str, set[str]] = {mailbox: set() for mailbox in MAILBOXES}

    def settle(self) -> None:
        """Count what was acknowledged until now, and what is there; the load may go on."""
        messages = [message for sender in self._senders for message in sender.acknowledged()]
        for mailbox in MAILBOXES:
            self._take(mailbox)
        self.acknowledged += len(messages)
        self.lost += sum(
            message.sum not in self._seen[mailbox]
            for message in messages
            for mailbox in message.mailboxes
        )

    def _take(self, mailbox: str) -> None:
        """Count the messages of a mailbox as a reader does that moves them at once."""
        new = self._root / mailbox / "new"
        for path in list(new.iterdir()) if new.exists() else ():
            path.chmod(0o600)  # below libfiu's open() the mode of an O_TMPFILE is lost
            octets = path.read_bytes()
            body = sum_of(octets)
            if body is None or not path.name.endswith(f",S={len(octets)}"):
                self.torn += 1
                continue
            self.duplicates += body in self._seen[mailbox]
            self._seen[mailbox].add(body)
            path.unlink()

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be, in words."""
        said = [problem for sender in self._senders for problem in sender.wrong]
        counts = {"lost": self.lost, "torn": self.torn}
        return said + [f"{count} {what}" for what, count in counts.items() if count]

    def __str__(self) -> str:
        """Say the numbers."""
        return (
            f"{self.acknowledged:,} acknowledged, {self.lost} lost, {self.torn} torn, "
            f"{self.duplicates} duplicates"
        )


def total(senders: Iterable[Sender], what: str) -> int:
    """Add up one of the counts of all senders."""
    return sum(getattr(sender, what) for sender in senders)
