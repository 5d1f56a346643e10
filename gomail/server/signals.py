"""What signals do to a server: each has its work done in a turn of the reactor."""

import signal
from collections.abc import Callable, Mapping
from types import FrameType

from twisted.application.service import Service

from gomail.server.reactor import Reactor


class Signals(Service):
    """
    Heeds signals while the server runs.

    Args:
        reactor: does the work.
        work: what to do at which signal.
    """

    def __init__(
        self, reactor: Reactor, work: Mapping[signal.Signals, Callable[[], object]]
    ) -> None:
        self._reactor = reactor
        self._work = work

    def startService(self) -> None:
        """Heed signals, now and once the reactor runs: it takes some of them when it begins to."""
        super().startService()
        self._heed()
        self._reactor.callWhenRunning(self._heed)

    def _heed(self) -> None:
        """Have the signals come to us."""
        for number in self._work:
            signal.signal(number, self._came)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._work)  # what a handover has held back

    def _came(self, number: int, _frame: FrameType | None) -> None:
        """Have a signal's work done as soon as the reactor has its turn."""
        self._reactor.callFromThread(self._work[signal.Signals(number)])
