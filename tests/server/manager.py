"""A service manager for tests, and the house that tells it how it fares."""

import socket
from collections.abc import Callable
from typing import cast

from twisted.internet.task import Clock

from gomail.health import WELL, Health, Reason
from gomail.server.notice import Notice
from gomail.server.reactor import Reactor


class Watch:
    """Stands for the watch over the server."""

    def __init__(self) -> None:
        self.health = WELL
        self.alive = True
        self.told: list[Callable[[Health], None]] = []

    def tell(self, changed: Callable[[Health], None]) -> None:
        """Take who is told."""
        self.told.append(changed)

    def see(self, *reasons: Reason) -> None:
        """Find that the server fares otherwise."""
        self.health = Health(reasons)
        for changed in self.told:
            changed(self.health)


class Turns(Clock):
    """A clock that can begin to run, and come to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Callable[[], None]] = []
        self.ended: list[Callable[[], None]] = []

    def callWhenRunning(self, function: Callable[[], None]) -> None:
        """Keep what is to be done in the first turn."""
        self.begun.append(function)

    def addSystemEventTrigger(self, phase: str, event: str, function: Callable[[], None]) -> None:
        """Keep what is to be done in the end."""
        assert (phase, event) == ("after", "shutdown")
        self.ended.append(function)

    def run(self) -> None:
        """Have the first turn."""
        for function in self.begun:
            function()

    def end(self) -> None:
        """Come to the end."""
        for function in self.ended:
            function()
        assert self.getDelayedCalls() == []


class Manager:
    """The other side: a service manager that keeps what it is told."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)

    def heard(self) -> list[list[str]]:
        """Give what has come since the last time: the lines of each datagram."""
        told = []
        while True:
            try:
                told.append(self.socket.recv(65536).decode().splitlines())
            except BlockingIOError:
                return told


class House:
    """A notice with everything that it looks at."""

    def __init__(self) -> None:
        self.reactor = Turns()
        self.watch = Watch()
        self.sessions = 0
        self.notice = Notice(cast("Reactor", self.reactor), lambda: self.sessions, self.watch)

    def run(self) -> None:
        """Start the service, and have the first turn of the reactor."""
        self.notice.startService()
        self.reactor.run()
