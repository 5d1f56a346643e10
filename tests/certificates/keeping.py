"""A keeper of certificates, with a clock and a disk that are the test's."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from gomail.certificates.keeper import LOOK_TIME, Keeper
from gomail.certificates.pair import Pair
from gomail.certificates.served import Doubt, serve
from gomail.certificates.wanted import Wanted
from gomail.events import Event, Trouble
from tests.certificates.pairs import NOW, Handshake


class House:
    """A keeper with a clock, and all that it tells."""

    def __init__(self, wanted: Wanted, *, doubt: Doubt | None = None) -> None:
        self.clock = Clock()
        self.began = NOW
        self.events: list[Event] = []
        self.keeper = Keeper(
            serve(wanted, NOW),
            wanted,
            self.clock,
            self.off_reactor,  # type: ignore[arg-type]  # of one function after the other
            listeners=(self.events.append,),
            doubt=doubt,
            now=self.now,
        )
        self.waiting: list[Callable[[], None]] | None = None
        self.keeper.startService()

    def now(self) -> datetime:
        """Give the time of the world."""
        return self.began + timedelta(seconds=self.clock.seconds())

    def off_reactor(self, function: Callable[..., object], *how: object) -> Awaitable[object]:
        """Run what blocks at once; or when the test says so."""
        if self.waiting is None:
            return succeed(function(*how))
        done: Deferred[object] = Deferred()
        self.waiting.append(lambda: done.callback(function(*how)))
        return done

    def look(self, times: int = 1) -> None:
        """Let the keeper look."""
        for _ in range(times):
            self.clock.advance(LOOK_TIME)

    @property
    def troubles(self) -> list[str]:
        """What needed attention."""
        return [event.what for event in self.events if isinstance(event, Trouble)]

    def shows(self, each: Pair, name: str | None = None) -> bool:
        """Tell whether a new client is shown that certificate."""
        return self.shaken(name).certificate == each.certificate

    def shaken(self, name: str | None = None) -> Handshake:
        """Let a new client shake hands."""
        return Handshake(self.keeper.serverConnectionForTLS(None), name)  # type: ignore[arg-type]
