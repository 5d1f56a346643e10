"""
The watch that a server keeps over itself: measured each second, judged, and told when that is news.

It costs a message nothing: batches are measured by those who store them, and everything else is
looked at from here. Nothing here waits; what must be asked for is seen at a later beat.
"""

import errno
import resource
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.defer import Deferred

from gomail.events import HealthChanged, Listeners, Measured, tell
from gomail.health import WELL, Databases, Disk, Health, Log, Mailboxes, Share, Storing
from gomail.server.judgement import THREAD_ENDED, judge

WINDOW = 10  # beats, of which the worst counts; and between two tellings of what was measured
_OPEN = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class Meters:
    """
    What a watch reads.

    Attributes:
        sessions: how many are open.
        storing: how those fare who store; to be asked once a beat.
        disk: the room on it, as it is believed to be.
        descriptors: counts what is open, off the reactor.
        mailboxes: those that turn mail away; to be asked once a beat.
        databases: those of mailboxes that can't be asked; likewise.
        log: how it fares.
    """

    sessions: Callable[[], Share]
    storing: Callable[[], Storing]
    disk: Callable[[], Disk]
    descriptors: Callable[[], Deferred[Share | None]]
    mailboxes: Callable[[], Mailboxes] = Mailboxes
    databases: Callable[[], Databases] = Databases
    log: Callable[[], Log] = Log


class Watch:
    """
    Watches over a server.

    Args:
        meters: what it reads.
        listeners: who is told.
        several: whether this is one of several workers: their parent tells of their health.

    Attributes:
        health: how the server fares, as of the last beat.
        measured: what was measured then.
    """

    def __init__(self, meters: Meters, listeners: Listeners, *, several: bool = False) -> None:
        self._several = several
        self.health = WELL
        self.measured = Measured()
        self._meters = meters
        self._listeners = listeners
        self._told: list[Callable[[Health], None]] = []
        self._beats = 0
        self._lags: deque[float] = deque(maxlen=WINDOW)
        self._latencies: deque[float] = deque(maxlen=WINDOW)
        self._counting = False
        self._descriptors: Share | None = None

    @property
    def alive(self) -> bool:
        """Whether the server can go on: what is not alive is mended by a new start alone."""
        return THREAD_ENDED not in self.health.words

    def tell(self, changed: Callable[[Health], None]) -> None:
        """Have *changed* called when the health is another."""
        self._told.append(changed)

    def beat(self, lag: float) -> None:
        """Look at everything: once a second, *lag* seconds later than it should have been."""
        self._lags.append(lag)
        if self._beats % WINDOW == 0 and not self._counting:
            self._counting = True
            self._meters.descriptors().addCallback(self._count)
        self._beats += 1
        self.measured = measured = self._measure()
        before, self.health = self.health, judge(measured, self.health)
        changed = self.health.marks != before.marks
        if changed or self._beats % WINDOW == 0:
            tell(self._listeners, measured)
        if changed and not self._several:
            tell(self._listeners, HealthChanged(self.health))
        if changed:
            for changed_for in self._told:
                changed_for(self.health)

    def _measure(self) -> Measured:
        """Give what is seen now, and the worst of what was seen lately."""
        storing = self._meters.storing()
        self._latencies.append(storing.latency)
        return Measured(
            max(self._lags),
            self._meters.sessions(),
            self._descriptors,
            storing._replace(latency=max(self._latencies)),
            self._meters.disk(),
            self._meters.mailboxes(),
            self._meters.databases(),
            self._meters.log(),
        )

    def _count(self, descriptors: Share | None) -> None:
        """Learn how much is open."""
        self._counting = False
        self._descriptors = descriptors


def count_descriptors() -> Share | None:
    """Count what this process has open; None where the kernel tells nobody. Blocks."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        # Linux 6.2 and later say how many these are; to have 10,000 listed takes 10 ms and more.
        used = _OPEN.stat().st_size or len(list(_OPEN.iterdir()))
    except OSError as error:
        return Share(most, most) if error.errno == errno.EMFILE else None
    return None if most == resource.RLIM_INFINITY else Share(used, most)
