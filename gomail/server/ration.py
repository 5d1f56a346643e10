"""
So many lines a second for each kind of event, however many a crowd of strangers would fill.

A flood of refusals must not turn over the log's files until nothing older is left in them, nor take
the time of those who send mail. What is left out is counted, and told every `TOLD_EVERY` seconds.
Lines of stored messages are never left out.
"""

from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from gomail.events import (
    Checked,
    ContentDropped,
    Event,
    LeftOut,
    Listener,
    Refusal,
    SessionEnded,
    Trouble,
)

AT_ONCE = 5_000  # lines of a kind that may come at any time
TOLD_EVERY = 10.0  # seconds


class Kind(NamedTuple):
    """What lines of a kind are called, as in the log's JSON, and how many a second there may be."""

    name: str
    rate: int


# Sessions and messages of a busy site are no flood: systemd's journal would take a third less.
_KINDS = {
    Refusal: Kind("refused", 100),
    ContentDropped: Kind("dropped", 100),
    Trouble: Kind("trouble", 100),
    SessionEnded: Kind("session", 500),
    Checked: Kind("checked", 500),
}


class Ration:
    """
    A listener that passes on to another what there is room for.

    Args:
        listener: who writes the lines.
        clock: the reactor.
    """

    def __init__(self, listener: Listener, clock: IReactorTime) -> None:
        self._listener = listener
        self._clock = clock
        now = clock.seconds()
        self._allowances = {event: Allowance(kind.rate, now) for event, kind in _KINDS.items()}
        self._left_out: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        """Pass an event on, or count it."""
        allowance = self._allowances.get(type(event))
        if allowance is None or allowance.has_room(self._clock.seconds()):
            self._listener(event)
            return
        name = _KINDS[type(event)].name
        if not self._left_out:
            self._clock.callLater(TOLD_EVERY, self.tell)
        self._left_out[name] = self._left_out.get(name, 0) + 1

    def tell(self) -> None:
        """Tell what was left out since the last time, if anything was."""
        if self._left_out:
            counts, self._left_out = tuple(self._left_out.items()), {}
            self._listener(LeftOut(counts))


class Allowance:
    """What is left of `AT_ONCE` lines, as *rate* of them come back each second."""

    def __init__(self, rate: int, now: float) -> None:
        """Begin with all of them."""
        self._rate = rate
        self._left = float(AT_ONCE)
        self._then = now

    def has_room(self, now: float) -> bool:
        """Take one, if one is left."""
        self._left = min(AT_ONCE, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
