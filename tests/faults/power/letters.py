"""Messages that say of themselves whether they are whole, and receipts for those acknowledged."""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

# In memory, in memory for long, and spooled to a file before the final dot: octets in hexadecimal.
SIZES = (20, 20, 20, 500, 500, 500, 5_000, 30_000, 200_000)
_LINE = 70
_NAMED = re.compile(r",S=(\d+)\Z")


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What a sender knows who has read a 250.

    Attributes:
        name: the file that the reply told.
        mailboxes: those that it was sent to.
        digest: SHA-256 of the content as a Maildir has it.
    """

    name: str
    mailboxes: tuple[str, ...]
    digest: str


def make_letter(chance: random.Random, sizes: Sequence[int] = SIZES) -> bytes:
    """Make a message that nobody has sent before, its lines ended by CRLF, with its own sum."""
    octets = chance.randbytes(chance.choice(sizes)).hex()
    lines = [octets[start : start + _LINE] for start in range(0, len(octets), _LINE)]
    body = "".join(f"{line}\r\n" for line in lines).encode()
    return b"X-Sum: " + sha256(body).hexdigest().encode() + b"\r\n\r\n" + body


def receipt(name: str, mailboxes: Sequence[str], content: bytes) -> Receipt:
    """Write a receipt for content as it was sent."""
    stored = content.replace(b"\r\n", b"\n")
    return Receipt(name, tuple(mailboxes), sha256(stored).hexdigest())


@dataclass(frozen=True, slots=True)
class Findings:
    """
    What was found behind a power cut.

    Attributes:
        acknowledged: how many messages were.
        lost: their copies that are not there as they were sent: mailbox, and the name in the reply.
        torn: files in ``new/`` that are not whole, acknowledged or not.
        files: how many files there are in all ``new/``.
        unfinished: how many in all ``tmp/``: of deliveries that were under way.
    """

    acknowledged: int
    lost: tuple[str, ...]
    torn: tuple[str, ...]
    files: int
    unfinished: int

    @property
    def sound(self) -> bool:
        """Whether the promise has held."""
        return not self.lost and not self.torn


def judge(receipts: Iterable[Receipt], root: Path) -> Findings:
    """Look for all that was acknowledged below *root*, and at all else that is there."""
    receipts = list(receipts)
    files = sorted(root.glob("*/new/*"))
    there = {(path.parts[-3], _digest(path)): path.name for path in files}
    return Findings(
        acknowledged=len(receipts),
        lost=tuple(copy for each in receipts for copy in _missing(each, there)),
        torn=tuple(str(path.relative_to(root)) for path in files if not _is_whole(path)),
        files=len(files),
        unfinished=sum(1 for _ in root.glob("*/tmp/*")),
    )


def _missing(wanted: Receipt, there: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Name the copies of a message that are not there; the reply tells the name of the first."""
    first, *others = wanted.mailboxes
    if there.get((first, wanted.digest)) != wanted.name:
        yield f"{first}/{wanted.name}"
    for mailbox in others:
        if (mailbox, wanted.digest) not in there:
            yield f"{mailbox}/{wanted.name}"


def _digest(path: Path) -> str:
    """Give the sum of the content of a message, which is all below the trace fields."""
    _, _, content = path.read_bytes().partition(b" +0000\n")
    return sha256(content).hexdigest()


def _is_whole(path: Path) -> bool:
    """Tell whether a message has the size of its name, and the octets that its sum is of."""
    octets = path.read_bytes()
    head, _, body = octets.partition(b"\n\n")
    named = _NAMED.search(path.name)
    summed = sha256(body.replace(b"\n", b"\r\n")).hexdigest().encode()
    return named is not None and int(named[1]) == len(octets) and head.endswith(summed)
