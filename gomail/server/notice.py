"""
What the service manager is told (sd_notify(3)): ready, reloading, stopping, alive, and how it goes.

What can't be told costs no mail. That we live is told by the reactor, and only while there is a
thread that stores: a start anew mends both. It mends nothing else of which the server's health
speaks, least of all a disk that hangs; that is told as the status.
"""

from collections.abc import Callable
from typing import Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from gomail.health import Health
from gomail.server.listening import STOP_TIME
from gomail.server.manager import Line
from gomail.server.reactor import Reactor

STATUS_TIME = 30.0  # seconds between two looks, where no watchdog asks for more
SPARE_TIME = 2.0  # seconds for what is left to do after the service has stopped


class Watch(Protocol):
    """What is known of how the server fares."""

    @property
    def health(self) -> Health:
        """How it fares now."""

    @property
    def alive(self) -> bool:
        """Whether it can go on: what is not alive is mended by a new start alone."""

    def tell(self, changed: Callable[[Health], None]) -> None:
        """Have *changed* called when that is another."""


class Notice(Service):
    """
    Tells the service manager what becomes of the server.

    Args:
        reactor: keeps the time; by the monotonic clock, as systemd does.
        sessions: how many are open.
        watch: how it fares.
        serving: fires when the server is ready, where that is not when the reactor runs.
    """

    def __init__(
        self,
        reactor: Reactor,
        sessions: Callable[[], int],
        watch: Watch,
        serving: Deferred[None] | None = None,
    ) -> None:
        self._reactor = reactor
        self._serving = serving
        self._sessions = sessions
        self._watch = watch
        self._line: Line | None = None
        self._beats = LoopingCall(self.beat)
        self._beats.clock = reactor
        self._told = ""  # the status
        watch.tell(lambda _: self._tell_status())

    def startService(self) -> None:
        """Say that we are ready, once the reactor runs: the ports are listened on by now."""
        super().startService()
        self._line = Line.found()
        if self._line is not None:
            self._reactor.addSystemEventTrigger("after", "shutdown", self._hang_up)
            if self._serving is None:
                self._reactor.callWhenRunning(self.ready)
            else:
                self._serving.addCallback(lambda _: self.ready())
            self._reactor.callWhenRunning(self._look_after)

    def reloading(self) -> None:
        """Say that the configuration is read again; `ready` follows, whatever comes of it."""
        if self.running:
            now = int(self._reactor.seconds() * 1_000_000)
            self._say("RELOADING=1", f"MONOTONIC_USEC={now}", "STATUS=reads the configuration")

    def ready(self) -> None:
        """Say that the server serves."""
        if self.running and (self._serving is None or self._serving.called):
            self._told = self._status()
            self._say("READY=1", f"STATUS={self._told}")

    def stopService(self) -> None:
        """Say that we stop, and how long that may take; the watchdog hears us to the very end."""
        super().stopService()
        time = int((STOP_TIME + SPARE_TIME) * 1_000_000)
        status = f"STATUS=stopping, with {self._open()}"
        self._say("STOPPING=1", f"EXTEND_TIMEOUT_USEC={time}", status)

    def _look_after(self) -> None:
        """Look after the server from now on, ready or not: one may have taken another's place."""
        if self._line is not None:
            self._beats.start(self._line.interval or STATUS_TIME, now=False)

    def beat(self) -> None:
        """Say that we live, if so, and how it goes, if that is news."""
        self._tell_status()
        if self._watch.alive and self._line is not None and self._line.interval:
            self._say("WATCHDOG=1")

    def _tell_status(self) -> None:
        """Say how it goes, if that is news, and somebody has heard that we are ready."""
        status = self._status()
        if self.running and self._told and status != self._told:
            self._told = status
            self._say(f"STATUS={status}")

    def _status(self) -> str:
        """Write how it goes, in one line."""
        return f"{self._watch.health}, {self._open()}"

    def _open(self) -> str:
        """Count the sessions, for people."""
        sessions = self._sessions()
        return f"{sessions} session{'' if sessions == 1 else 's'} open"

    def _say(self, *assignments: str) -> None:
        """Tell the manager something, if there is one."""
        if self._line is not None:
            self._line.tell(*assignments)

    def _hang_up(self) -> None:
        """Say nothing more."""
        if self._beats.running:
            self._beats.stop()
        if self._line is not None:
            self._line.close()
            self._line = None
