"""
One message on its way into Maildirs, and how a batch of them becomes durable together.

The order is the promise: all files are written and made durable, then linked into ``new/``, then
each ``new/`` is made durable, and only then anything is said. A fault before the first link leaves
nothing behind; one after it may leave a copy, which the sender's retry makes a duplicate, never a
loss. Everything here blocks.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

from gomail.delivery.maildir import Maildir, Ownership, Staged
from gomail.delivery.syncing import Syncing

MOST_OPEN = 64  # copies whose files are open at once: a message may have thousands


class Written(Protocol):
    """
    Content that is complete, wherever it is kept.

    Attributes:
        size: octets.
    """

    size: int

    @property
    def in_memory(self) -> bytes | bytearray | None:
        """All its octets, where they are in memory."""

    def write_to(self, fd: int, above: bytes) -> int:
        """Write *above* and the content to a file, and give how many octets these are."""

    def complete(self, above: bytes) -> int | None:
        """Give a file without a name that has *above* and the content, if there is one."""


class Filing(NamedTuple):
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
        hostname: ours, for the names of files.
        ownership: of the files.
        until: when nobody waits for the outcome any more, by the monotonic clock.
        stored: the names in ``new/``, in the order of the filings, once everything is durable.
        error: what the disk said instead.
        at: the path of the Maildir where it was said.
    """

    content: Written
    filings: Sequence[Filing]
    hostname: str
    ownership: Ownership
    until: float = math.inf
    stored: tuple[str, ...] = ()
    error: OSError | None = None
    at: str = ""
    staged: list[Staged] = field(default_factory=list)

    def give_up(self) -> None:
        """Have no further step done: nobody waits for the outcome any more."""
        self.error = self.error or TimeoutError("the disk took too long")

    def look_at_the_clock(self) -> None:
        """Give up where it is too late to deliver: the sender has heard 451, and comes again."""
        if time.monotonic() > self.until:
            self.fail(self.filings[0].path, TimeoutError("the disk took too long"))

    def attempt(self, at: str, step: Callable[..., object], *arguments: object) -> None:
        """Do one step of the way at the Maildir *at*, unless one before it has failed."""
        if self.error is None:
            try:
                step(*arguments)
            except OSError as error:
                self.fail(at, error)

    def fail(self, at: str, error: OSError | None) -> None:
        """Note what the disk said at the Maildir *at*, if anything; the first word of it counts."""
        if error is not None and self.error is None:
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


def make_durable(batch: Iterable[Deposit], folders: Folders, syncing: Syncing) -> None:
    """
    Store every deposit of the batch, or write into it why it could not be.

    Afterwards `tidy` removes what is left of the staging.
    """
    deposits = list(batch)
    filings = [(deposit, filing) for deposit in deposits for filing in deposit.filings]
    for begin in range(0, len(filings), MOST_OPEN):
        _write_files(filings[begin : begin + MOST_OPEN], folders, syncing)
    for deposit in deposits:
        deposit.look_at_the_clock()
        for staged in deposit.staged:
            deposit.attempt(staged.maildir.path, staged.commit)
    _flush_folders(deposits, syncing)
    for deposit in deposits:
        if deposit.error is None:
            deposit.stored = tuple(staged.name for staged in deposit.staged)


def _write_files(
    filings: Sequence[tuple[Deposit, Filing]], folders: Folders, syncing: Syncing
) -> None:
    """Write copies into ``tmp/``, make them durable, and close them."""
    written: list[tuple[Deposit, Staged]] = []
    for deposit, filing in filings:
        deposit.attempt(filing.path, _stage, deposit, filing, folders, written)
    sound = [(deposit, staged) for deposit, staged in written if deposit.error is None]
    errors = syncing.files([staged for _, staged in sound])
    for (deposit, staged), error in zip(sound, errors, strict=True):
        deposit.fail(staged.maildir.path, error)
    for _, staged in written:
        staged.close()


def _stage(
    deposit: Deposit,
    filing: Filing,
    folders: Folders,
    written: list[tuple[Deposit, Staged]],
) -> None:
    """Write one copy into ``tmp/``."""
    maildir = folders.get(filing.path, deposit.ownership)
    size = len(filing.trace) + deposit.content.size
    whole = deposit.content.complete(filing.trace)
    staged = None if whole is None else maildir.adopt(deposit.hostname, whole, size)
    if staged is None:
        write = partial(deposit.content.write_to, above=filing.trace)
        staged = maildir.stage(deposit.hostname, write, size)
    deposit.staged.append(staged)
    written.append((deposit, staged))


def _flush_folders(deposits: Sequence[Deposit], syncing: Syncing) -> None:
    """Make each ``new/`` durable once; where that fails, all that was linked into it has failed."""
    linked = [(each, staged.maildir) for each in deposits for staged in each.staged]
    maildirs = list({maildir: None for each, maildir in linked if each.error is None})
    errors = syncing.folders(maildirs)
    outcomes = dict(zip(maildirs, errors, strict=True))
    for deposit, maildir in linked:
        deposit.fail(maildir.path, outcomes.get(maildir))


def tidy(batch: Iterable[Deposit], folders: Folders) -> None:
    """Remove the names in ``tmp/``, and close; what was committed has its name in ``new/``."""
    for deposit in batch:
        for staged in deposit.staged:
            staged.abort()
    folders.close()
