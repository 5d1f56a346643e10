"""By how much the reactor is late: felt once a second while the server runs."""

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

BEAT = 1.0  # seconds


class Pulse(Service):
    """
    Measures how late a call comes.

    Args:
        clock: the reactor.
        told: are called with each measure, in seconds.
    """

    def __init__(self, clock: IReactorTime, *told: Callable[[float], None]) -> None:
        self._clock = clock
        self._told = told
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        """Feel it from now on."""
        super().startService()
        self._wait()

    def stopService(self) -> None:
        """Feel it no more."""
        super().stopService()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _wait(self) -> None:
        """Have a call made a second from now."""
        due = self._clock.seconds() + BEAT
        self._call = self._clock.callLater(BEAT, self._beat, due)

    def _beat(self, due: float) -> None:
        """See how much later than *due* it is."""
        late = max(0.0, self._clock.seconds() - due)
        self._wait()  # first: the next beat comes, whatever becomes of this one
        for told in self._told:
            told(late)
