"""What the service manager is told of the inbox: ready, alive while its reactor turns, stopping."""

from twisted.application.service import Service
from twisted.internet.task import LoopingCall

from gomail.server.manager import Line
from gomail.server.reactor import Reactor


class Alive(Service):
    """
    Tells it, from the start of the reactor on: whoever comes then is answered.

    Args:
        reactor: the one that runs.
        status: for people.
    """

    def __init__(self, reactor: Reactor, status: str) -> None:
        self._reactor, self._status = reactor, status
        self._line: Line | None = None
        self._beats = LoopingCall(self._beat)
        self._beats.clock = reactor

    def startService(self) -> None:
        """Say that we are ready, as soon as we are."""
        super().startService()
        self._line = Line.found()
        if self._line is not None:
            self._reactor.callWhenRunning(self._begin, self._line)

    def _begin(self, line: Line) -> None:
        """Say so, and that we live from time to time, where that is asked for."""
        line.tell("READY=1", f"STATUS={self._status}")
        if line.interval is not None and self.running:
            self._beats.start(line.interval)

    def _beat(self) -> None:
        """Say that we live."""
        if self._line is not None:
            self._line.tell("WATCHDOG=1")

    def stopService(self) -> None:
        """Say that we stop, and nothing more."""
        super().stopService()
        if self._beats.running:
            self._beats.stop()
        if self._line is not None:
            self._line.tell("STOPPING=1")
            self._line.close()
            self._line = None
