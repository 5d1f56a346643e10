"""
Prints the messages that a server stores, in their order, as they come.

One child process at a time reads them; what is stored faster than that is counted, not printed.
Printing never holds up the mail, and a terminal that has gone never hurts it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.reading.reader import ChildReactor, Unreadable, read_message
from gomail.reading.screen import Look, draw, draw_line

#: Messages that wait to be printed.
BACKLOG = 100


class Printer:
    """
    Prints stored messages by calling *write* with some lines of text for each.

    *look* says how they are drawn, *backlog* how many may wait.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: ChildReactor,
        write: Callable[[str], object],
        look: Look | None = None,
        backlog: int = BACKLOG,
    ) -> None:
        self._reactor = reactor
        self._write = write
        self._look = look or Look()
        self._backlog = backlog
        self._waiting: deque[Path] = deque()
        self._missed = 0
        self._busy = False
        self._work_done: Deferred[None] | None = None
        self._finished: list[Deferred[None]] = []

    def print_message(self, path: Path) -> None:
        """Print the message stored at *path* when its turn has come; returns at once."""
        if len(self._waiting) >= self._backlog:
            self._missed += 1
            return
        self._waiting.append(path)
        if not self._busy:
            self._busy = True
            work = Deferred.fromCoroutine(self._work())
            self._work_done = work.addErrback(self._fail).addBoth(self._finish)

    async def finished(self) -> None:
        """Wait until nothing is left to print."""
        if self._busy:
            waiter: Deferred[None] = Deferred()
            self._finished.append(waiter)
            await waiter

    def stop(self) -> None:
        """Print nothing more; a child that is at work is killed."""
        self._waiting.clear()
        self._missed = 0
        if self._work_done is not None:
            self._work_done.cancel()

    async def _work(self) -> None:
        """Print what waits, one after the other."""
        while self._waiting:
            path = self._waiting.popleft()
            read = await read_message(self._reactor, path)
            if isinstance(read, Unreadable):
                line = f"could not be shown: {read.reason}"
                self._write(draw_line(path.name, line, self._look))
            else:
                self._write(draw(read, path.name, self._look))
            if self._missed and not self._waiting:
                missed, self._missed = self._missed, 0
                what = f"{missed} message{'' if missed == 1 else 's'} not shown"
                self._write(draw_line("", f"{what}: too many at once", self._look))

    def _fail(self, failure: Failure) -> None:
        """Say why printing has ended; the next message begins it anew."""
        if failure.check(CancelledError) is None:
            self._log.failure("cannot print messages", failure)

    def _finish(self, _result: None) -> None:
        self._busy = False
        waiters, self._finished = self._finished, []
        for waiter in waiters:
            waiter.callback(None)
