"""
One timer of the reactor for all who wait for about the same moment.

Each session has deadlines, and most are put forward long before they come: a timer apiece would be
set and thrown away several times a message. Here they meet in rounds, a quarter of a second apart;
to join or leave one costs what a set costs. Nobody is rung too early, or more than a quarter of a
second too late.
"""

from math import ceil
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

GRAIN = 0.25  # seconds between two rounds
A_TURN = 200  # who are rung in one turn of the reactor; then the others have theirs
_log = Logger()


class Sleeper(Protocol):
    """Who waits for a time."""

    def ring(self) -> None:
        """Learn that it has come."""


class Alarms:
    """
    Rings sleepers at their time.

    Args:
        clock: the reactor.
    """

    __slots__ = ("_rounds", "clock")

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self._rounds: dict[int, tuple[set[Sleeper], IDelayedCall]] = {}

    def set(self, sleeper: Sleeper, when: float) -> None:
        """Have *sleeper* rung at *when*, in seconds of the clock."""
        number = ceil(when / GRAIN)
        found = self._rounds.get(number)
        if found is None:
            seconds = max(0, number * GRAIN - self.clock.seconds())
            call = self.clock.callLater(seconds, self._ring, number)
            self._rounds[number] = {sleeper}, call
        else:
            found[0].add(sleeper)

    def cancel(self, sleeper: Sleeper, when: float) -> None:
        """Let *sleeper* sleep on, that was to be rung at *when*, if it has not been rung yet."""
        number = ceil(when / GRAIN)
        found = self._rounds.get(number)
        if found is not None:
            sleepers, call = found
            sleepers.discard(sleeper)
            if not sleepers:  # no timer is left over where nobody waits
                del self._rounds[number]
                if call.active():
                    call.cancel()

    def _ring(self, number: int) -> None:
        """Ring everybody in a round, some in each turn; who leaves it meanwhile is not rung."""
        for _ in range(A_TURN):
            if number not in self._rounds:
                return
            sleepers = self._rounds[number][0]
            sleeper = sleepers.pop()
            if not sleepers:
                del self._rounds[number]
            try:
                sleeper.ring()
            except Exception:  # noqa: BLE001 -- it is logged, and the others have their time
                _log.failure("ringing {sleeper} failed", sleeper=sleeper)
        if number in self._rounds:
            call = self.clock.callLater(0, self._ring, number)
            self._rounds[number] = self._rounds[number][0], call
