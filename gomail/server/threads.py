"""
Threads that hold up the end of no process, whatever hangs in them.

A call to the disk may never come back, and no thread can be ended from outside. Whoever stops waits
for its threads in turn, and so does Python at its end: for those of other pools, for ever.
"""

from threading import Thread
from typing import Any

from gomail.server.reactor import Reactor

JOIN_TIME = 0.2  # seconds for one to end its work: all ten of a reactor's pool hang, at worst


class Daemon(Thread):
    """A thread that ends with the process."""

    def __init__(self, *what: Any, **how: Any) -> None:  # noqa: ANN401 -- as any thread's
        super().__init__(*what, **{**how, "daemon": True})


class Brief(Daemon):
    """One that is waited for no longer than a moment, by whoever does not say how long."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        super().join(JOIN_TIME if timeout is None else timeout)


def leave_behind_what_hangs(reactor: Reactor) -> None:
    """Have a reactor end in time: it waits for the threads of its pool, after all services."""
    reactor.getThreadPool().threadFactory = Brief
