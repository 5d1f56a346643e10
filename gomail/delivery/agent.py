"""
The delivery agent: a process that stores what it is given, and says what came of it.

It shares no interpreter with the dialogue, so that neither waits for the other's turn at it; and it
is small, since all that it knows is the Maildir. Orders come by standard input, all that wait there
become durable together, outcomes leave by standard output. It ends when nobody can give it orders
any more, and not before: signals are for the server.
"""

import fcntl
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, cast

from gomail.delivery.deposit import Deposit, Filing, Folders, make_durable, tidy
from gomail.delivery.maildir import Ownership
from gomail.delivery.orders import READY, Order, Outcome
from gomail.delivery.syncing import ByFiles, ByFileSystems, Syncing
from gomail.frames import Frames, framed
from gomail.message.spool import write_all

PIPE = 1 << 20  # octets that wait for the agent while it works; the most that Linux gives everybody
NOT_FOR_IT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
FILESYSTEM = "filesystem"  # the argument that has whole file systems synced


class InMemory:
    """Content that came with its order."""

    __slots__ = ("in_memory", "size")

    def __init__(self, octets: bytes | bytearray) -> None:
        """Take it."""
        self.in_memory = octets
        self.size = len(octets)

    def complete(self, above: bytes) -> None:
        """Have no file that could become a message."""

    def write_to(self, fd: int, above: bytes) -> int:
        """Write *above* and the content to a file, and give how many octets these are."""
        return write_all(fd, above, self.in_memory)


def serve(source: int, sink: int, syncing: Syncing) -> None:
    """
    Store what *source* orders until it ends, and tell *sink* what came of it.

    Raises:
        OSError: there is nobody to be told.
    """
    write_all(sink, framed(READY))
    frames = Frames()
    room = memoryview(bytearray(PIPE))  # once, and not from the kernel and back for each batch
    while count := os.readv(source, [room]):
        orders = [Order._make(cast("Iterable[Any]", order)) for order in frames.feed(room[:count])]
        if orders:
            _store(orders, sink, syncing)


def _store(orders: Sequence[Order], sink: int, syncing: Syncing) -> None:
    """Store one batch; tidy up while nobody waits."""
    deposits = [_deposit(order) for order in orders]
    folders = Folders()
    make_durable(deposits, folders, syncing)
    told = [_outcome(*each) for each in zip(orders, deposits, strict=True)]
    try:
        write_all(sink, framed(told))
    finally:  # also where nobody is there to be told
        tidy(deposits, folders)


def _deposit(order: Order) -> Deposit:
    """Make a deposit of an order."""
    return Deposit(
        InMemory(order.content),
        [Filing(*filing) for filing in order.filings],
        order.hostname,
        Ownership(order.group),
        until=order.until,
    )


def _outcome(order: Order, deposit: Deposit) -> tuple[object, ...]:
    """Tell what came of an order."""
    error = deposit.error
    said = None if error is None else (error.errno or 0, error.strerror or str(error))
    return tuple(Outcome(order.number, deposit.stored, said, deposit.at))


def main() -> None:
    """Serve on standard input and output."""
    for number in NOT_FOR_IT:
        signal.signal(number, signal.SIG_IGN)
    with suppress(AttributeError, OSError):  # not everywhere can a pipe be made longer
        fcntl.fcntl(0, fcntl.F_SETPIPE_SZ, PIPE)
    syncing: Syncing = ByFiles()
    if FILESYSTEM in sys.argv[1:]:
        from gomail.delivery.syncfs import find_syncfs  # noqa: PLC0415 -- ctypes takes its time

        syncing = ByFileSystems(find_syncfs())
    with suppress(BrokenPipeError):  # the server is gone, and whoever it spoke to hears no 250
        serve(0, 1, syncing)


if __name__ == "__main__":
    main()
