"""
How what a batch has written is made durable: each file by itself, or whole file systems.

The order is the deposit's: files are durable before the first is linked, folders before anything is
said. Here is only what is asked of the kernel for it, and what it says to whom.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from gomail.delivery.helpers import Helpers
from gomail.delivery.maildir import Maildir, Staged

Outcomes = Sequence[OSError | None]


class Syncing(Protocol):
    """Makes files and folders durable, and gives what the disk said to each: None where it is."""

    def files(self, batch: Sequence[Staged]) -> Outcomes:
        """Make the octets of files durable that have been written whole."""

    def folders(self, maildirs: Sequence[Maildir]) -> Outcomes:
        """Make the names in the ``new/`` of each durable."""

    def close(self) -> None:
        """Let go of what was needed for it; may be used again."""


class ByFiles:
    """One fsync a file and folder, several of them side by side."""

    def __init__(self) -> None:
        """Begin without helpers."""
        self._helpers = Helpers()

    def files(self, batch: Sequence[Staged]) -> Outcomes:
        """Start write-back for all, then wait for each."""
        if len(batch) > 1:  # a lone one has nothing to share
            for staged in batch:
                staged.start_writing()
        return self._helpers.do([staged.flush for staged in batch])

    def folders(self, maildirs: Sequence[Maildir]) -> Outcomes:
        """Wait for each."""
        return self._helpers.do([maildir.flush for maildir in maildirs])

    def close(self) -> None:
        """Let the helpers go."""
        self._helpers.close()


class ByFileSystems:
    """
    One syncfs a file system, where more than one file or folder shares it.

    The kernel reports what went wrong since the descriptor was opened. So it is that of a Maildir
    which the batch opened before it wrote, and files that had octets before that, as big messages
    do, are still synced by themselves.

    Args:
        syncfs: the system call.
    """

    def __init__(self, syncfs: Callable[[int], None]) -> None:
        self._syncfs = syncfs
        self._alone = ByFiles()

    def files(self, batch: Sequence[Staged]) -> Outcomes:
        """Sync the file systems that files of this batch are on."""
        early = [staged for staged in batch if staged.early or len(batch) == 1]
        said = dict(zip(early, self._alone.files(early), strict=True))
        later = [staged for staged in batch if staged not in said]
        said |= zip(later, self._sync([staged.maildir for staged in later]), strict=True)
        return [said[staged] for staged in batch]

    def folders(self, maildirs: Sequence[Maildir]) -> Outcomes:
        """Sync the file systems that the folders are on."""
        return self._alone.folders(maildirs) if len(maildirs) == 1 else self._sync(maildirs)

    def close(self) -> None:
        """Let the helpers go."""
        self._alone.close()

    def _sync(self, maildirs: Iterable[Maildir]) -> Outcomes:
        """Sync each file system once, by what was opened first on it; tell all that are there."""
        said: dict[int, OSError | None] = {}
        outcomes: list[OSError | None] = []
        for maildir in maildirs:
            try:
                device = maildir.device
            except OSError as error:
                outcomes.append(error)
                continue
            if device not in said:
                said[device] = self._sync_by(maildir)
            outcomes.append(said[device])
        return outcomes

    def _sync_by(self, maildir: Maildir) -> OSError | None:
        """Sync the file system that a Maildir is on, and give what the disk said."""
        try:
            self._syncfs(maildir.new)
        except OSError as error:
            return error
        return None
