"""Workers of the parent whose place we have taken: they serve until ours do, and then leave."""

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress

from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.server.listening import RETIRE_TIME, STOP_TIME
from gomail.server.reactor import Reactor
from gomail.server.workers.lines import Lines

LOOK = 0.5  # seconds from one look at whether they have ended to the next
# Seconds for one to leave; beyond its own times it hangs, or was stopped by a signal.
LEAVE_TIME = RETIRE_TIME + STOP_TIME + 10.0
_PIECE = 1 << 16
_log = Logger()


class Leaving:
    """
    Those workers.

    Args:
        reactor: the one that runs.
        left: process and log of each.
        log: writes their lines.
        over: called when the last one has ended.
    """

    def __init__(
        self,
        reactor: Reactor,
        left: Iterable[tuple[int, int]],
        log: Callable[[str], None],
        over: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._logs = {pid: _Log(reactor, number, log) for pid, number in left}
        self._over = over
        self._limit: IDelayedCall | None = None
        self._began = 0.0
        self._looks = LoopingCall(self._look)
        self._looks.clock = reactor

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._logs)

    @property
    def serve(self) -> bool:
        """Whether they take connections still; one that then does not end may hang for long."""
        return bool(self._logs) and self._limit is None

    @property
    def left(self) -> list[tuple[int, int]]:
        """Process and log of each that has not ended."""
        return [(pid, log.fileno()) for pid, log in self._logs.items() if log.fileno() >= 0]

    def start(self) -> None:
        """Read what they log, until they end; without any, nothing was handed over."""
        if not self._logs:
            return
        _log.info(
            "handover: this process runs the program that was tried; {count} workers of the one"
            " before serve until its own do",
            count=len(self._logs),
        )
        self._began = self._reactor.seconds()
        for log in self._logs.values():
            self._reactor.addReader(log)
        self._looks.start(LOOK)

    def retire(self) -> None:
        """Have them leave in peace; who has not in time is ended."""
        self.signal(signal.SIGUSR2)
        if self._logs and self._limit is None:
            _log.info(
                "handover: its own workers serve; the {count} before leave with their last"
                " sessions, in {seconds:.0f} s at most",
                count=len(self._logs),
                seconds=RETIRE_TIME + STOP_TIME,
            )
            self._limit = self._reactor.callLater(LEAVE_TIME, self._give_up)

    def _give_up(self) -> None:
        """End who has not left."""
        pids = ", ".join(map(str, self._logs))
        _log.warn("handover: former workers that do not leave are ended (pid {pids})", pids=pids)
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Send a signal to all."""
        for pid in self._logs:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _look(self) -> None:
        """See who has ended; they are our children still, and nobody else's."""
        for pid in list(self._logs):
            with suppress(ChildProcessError):
                ended, _ = os.waitpid(pid, os.WNOHANG)
                if not ended:
                    continue
            self._logs.pop(pid).finish()
            _log.info("the former worker with pid {pid} has ended", pid=pid)
        if not self._logs:
            _log.info(
                "handover: over after {seconds:.1f} s, no worker of the program before is left",
                seconds=self._reactor.seconds() - self._began,
            )
            self._looks.stop()
            if self._limit is not None and self._limit.active():
                self._limit.cancel()
            self._over()


@implementer(IReadDescriptor)
class _Log:
    """The pipe by which one of them logs."""

    def __init__(self, reactor: Reactor, number: int, log: Callable[[str], None]) -> None:
        self._reactor = reactor
        self._number = number
        self._lines = Lines(log)
        os.set_blocking(number, False)

    def fileno(self) -> int:
        """Give its number, -1 once it is closed."""
        return self._number

    def logPrefix(self) -> str:
        """Give the name by which the reactor's own troubles with it are logged."""
        return "log of a former worker"

    def doRead(self) -> None:
        """Log what there is."""
        try:
            octets = os.read(self._number, _PIECE)
        except BlockingIOError:
            return
        self._lines.feed(octets)
        if not octets:
            self._reactor.removeReader(self)

    def finish(self) -> None:
        """Log what is left, and close it."""
        with suppress(BlockingIOError):
            while self._number >= 0 and (octets := os.read(self._number, _PIECE)):
                self._lines.feed(octets)
        self.connectionLost(None)

    def connectionLost(self, reason: Failure | None) -> None:
        """Close it: all is logged, or the reactor ends."""
        if self._number >= 0:
            self._reactor.removeReader(self)
            self._lines.end()
            os.close(self._number)
            self._number = -1
