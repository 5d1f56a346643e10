"""
How busy the server is, and how little patience it has then (Postfix calls it stress).

Two things are measured: the share of all sessions that are open, and by how much the reactor is
late. A state is entered at one mark and left at a lower one, so that it does not flicker. Under
load each session has less time for the same things, those that are open as well as those to come:
whoever dawdles makes room for who has mail. Nobody is cut off in the middle of content that comes
fast enough, and trusted clients have all the time that they always have.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

from gomail.limits import Limits


class Load(IntEnum):
    """How busy the server is."""

    NORMAL = 0
    BUSY = 1
    OVERLOAD = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a state is entered, and where it is left again."""

    enter: float
    leave: float


# By state: the share of all sessions that are open, and the seconds by which the reactor is late.
SESSIONS = {Load.BUSY: Mark(0.80, 0.60), Load.OVERLOAD: Mark(0.95, 0.80)}
LAG = {Load.BUSY: Mark(0.5, 0.1), Load.OVERLOAD: Mark(2.0, 0.5)}

CALM = min(mark.leave for mark in SESSIONS.values())  # below it no state begins or lasts

# By state: what every limit that costs time comes down to; one that is set lower stays as it is.
HURRY: dict[Load, dict[str, int | float]] = {
    Load.NORMAL: {},
    Load.BUSY: {
        "command_timeout": 60,
        "data_timeout": 60,
        "data_rate_grace": 20,
        "transaction_gap": 120,
        "unsent_timeout": 20,
        "errors_free": 2,
        "errors": 5,
        "idle_commands": 20,
    },
    Load.OVERLOAD: {
        "command_timeout": 10,
        "data_timeout": 20,
        "data_rate_grace": 10,
        "transaction_gap": 20,
        "unsent_timeout": 10,
        "errors_free": 0,
        "errors": 2,
        "idle_commands": 5,
    },
}


def hurried(limits: Limits, load: Load) -> Limits:
    """Give *limits* as they hold under *load*."""
    return replace(
        limits, **{name: min(getattr(limits, name), most) for name, most in HURRY[load].items()}
    )


class Gauge:
    """
    Measures, and calls everybody who wants to know when the state changes.

    Attributes:
        load: the state.
        share: of all sessions, open when last measured.
        lag: seconds by which the reactor was late when last measured.
    """

    __slots__ = ("_by_lag", "_by_sessions", "_told", "lag", "load", "share")

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self.load = self._by_sessions = self._by_lag = Load.NORMAL
        self.share = 0.0
        self.lag = 0.0
        self._told: list[Callable[[Load], None]] = []

    def tell(self, changed: Callable[[Load], None]) -> None:
        """Have *changed* called with each new state."""
        self._told.append(changed)

    def measure_sessions(self, share: float) -> None:
        """Measure the *share* of all sessions that are open, 0 to 1."""
        self.share = share
        if share < CALM and not self._by_sessions:
            return  # as it was: this is asked with each session that comes or goes
        self._by_sessions = _state(SESSIONS, self._by_sessions, share)
        self._conclude()

    def measure_lag(self, seconds: float) -> None:
        """Measure by how many *seconds* the reactor is late."""
        self.lag = seconds
        self._by_lag = _state(LAG, self._by_lag, seconds)
        self._conclude()

    def _conclude(self) -> None:
        """Go by the worse of both."""
        load = max(self._by_sessions, self._by_lag)
        if load != self.load:
            self.load = load
            for changed in self._told:
                changed(load)


def _state(marks: dict[Load, Mark], before: Load, value: float) -> Load:
    """Give the highest state that is entered at *value*, or not left yet."""
    held = [
        load
        for load, mark in marks.items()
        if value >= (mark.leave if load <= before else mark.enter)
    ]
    return max(held, default=Load.NORMAL)
