"""
One message on its way into Maildirs, and how a batch of them becomes durable together.

The order is the promise: all files are written and made durable, then linked into ``new/``, then
each ``new/`` is made durable, and only then anything is said. A fault before the first link leaves
nothing behind; one after it may leave a copy, which the sender's retry makes a duplicate, never a
loss. Everything here blocks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gomail.delivery.maildir import PRIVATE, Maildir, Ownership, Staged
from gomail.message.content import Content
from gomail.message.spool import write_all


@dataclass(frozen=True, slots=True)
class Filing:
    """One copy to store: the Maildir's path, and the trace fields that stand on top of it."""

    path: str
    trace: bytes


@dataclass(slots=True)
class Deposit:
    """
    One message for one or more Maildirs.

    Attributes:
        content: complete, and not closed before the deposit is done.
        filings: one for each Maildir.
        stored: the names in ``new/``, in the order of the filings, once everything is durable.
        error: what the disk said instead.
        at: the path of the Maildir where it was said.
    """

    content: Content
    filings: Sequence[Filing]
    hostname: str
    ownership: Ownership = PRIVATE
    stored: tuple[str, ...] = ()
    error: OSError | None = None
    at: str = ""
    staged: list[Staged] = field(default_factory=list)

    def give_up(self) -> None:
        """Have no further step done: nobody waits for the outcome any more."""
        self.error = self.error or TimeoutError("the disk took too long")

    def attempt(self, at: str, step: Callable[..., object], *arguments: object) -> None:
        """Do one step of the way at the Maildir *at*, unless one before it has failed."""
        if self.error is None:
            try:
                step(*arguments)
            except OSError as error:
                self.error, self.at = error, at


class Folders:
    """The Maildirs of one batch, each opened once."""

    def __init__(self) -> None:
        """Begin with none open."""
        self._open: dict[str, Maildir] = {}

    def get(self, path: str, ownership: Ownership) -> Maildir:
        """Give the open Maildir at *path*."""
        maildir = self._open.get(path)
        if maildir is None:
            maildir = self._open[path] = Maildir(path, ownership)
        return maildir

    def close(self) -> None:
        """Close them all."""
        for maildir in self._open.values():
            maildir.close()


def make_durable(batch: Iterable[Deposit], folders: Folders) -> None:
    """
    Store every deposit of the batch, or write into it why it could not be.

    Afterwards `tidy` removes what is left of the staging.
    """
    deposits = list(batch)
    for deposit in deposits:
        for filing in deposit.filings:
            deposit.attempt(filing.path, _stage, deposit, filing, folders)
    for step in (Staged.start_writing, Staged.flush, Staged.commit):
        for deposit in deposits:
            for staged in deposit.staged:
                deposit.attempt(staged.maildir.path, step, staged)
    _flush_folders(deposits)
    for deposit in deposits:
        if deposit.error is None:
            deposit.stored = tuple(staged.name for staged in deposit.staged)


def _stage(deposit: Deposit, filing: Filing, folders: Folders) -> None:
    """Write one copy into ``tmp/``."""

    def write(fd: int) -> None:
        write_all(fd, filing.trace)
        deposit.content.write_to(fd)

    maildir = folders.get(filing.path, deposit.ownership)
    size = len(filing.trace) + deposit.content.size
    deposit.staged.append(maildir.stage(deposit.hostname, write, size))


def _flush_folders(deposits: Sequence[Deposit]) -> None:
    """Make each ``new/`` durable once; where that fails, all that was linked into it has failed."""
    outcomes: dict[Maildir, OSError | None] = {}
    for deposit in deposits:
        for staged in deposit.staged:
            maildir = staged.maildir
            if deposit.error is None and maildir not in outcomes:
                try:
                    maildir.flush()
                    outcomes[maildir] = None
                except OSError as error:
                    outcomes[maildir] = error
            if deposit.error is None and outcomes[maildir] is not None:
                deposit.error, deposit.at = outcomes[maildir], maildir.path


def tidy(batch: Iterable[Deposit], folders: Folders) -> None:
    """Remove the names in ``tmp/``, and close; what was committed has its name in ``new/``."""
    for deposit in batch:
        for staged in deposit.staged:
            staged.abort()
    folders.close()
