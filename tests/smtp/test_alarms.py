"""Many who wait for about the same moment, and one timer for all of them."""

from collections.abc import Callable

import pytest
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from gomail.smtp.alarms import A_TURN, GRAIN, Alarms
from tests.smtp.wire import logged_failures


class Sleeper:
    """Remembers when it was rung, and may do something then."""

    def __init__(self, clock: Clock, then: Callable[[], None] = lambda: None) -> None:
        self.clock = clock
        self.then = then
        self.rung: list[float] = []

    def ring(self) -> None:
        """Wake up."""
        self.rung.append(self.clock.seconds())
        self.then()


def test_nobody_is_rung_too_early_or_much_too_late() -> None:
    """A deadline is kept to a quarter of a second."""
    clock = Clock()
    alarms = Alarms(clock)
    times = [0.0, 0.01, 0.25, 0.26, 1.0, 1.74, 9.99]
    sleepers = [Sleeper(clock) for _ in times]
    for sleeper, when in zip(sleepers, times, strict=True):
        alarms.set(sleeper, when)
    clock.pump([0.001] * 11_000)
    for sleeper, when in zip(sleepers, times, strict=True):
        (rung,) = sleeper.rung
        assert when <= rung <= when + GRAIN + 0.01


def test_those_of_one_moment_share_a_timer() -> None:
    """There may be ten thousand sessions."""
    clock = Clock()
    alarms = Alarms(clock)
    sleepers = [Sleeper(clock) for _ in range(100)]
    for sleeper in sleepers:
        alarms.set(sleeper, 5)
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(5)
    assert all(sleeper.rung == [5] for sleeper in sleepers)
    assert clock.getDelayedCalls() == []


def test_where_nobody_waits_no_timer_is_left() -> None:
    """A test of somebody's application does not end with a reactor that has calls to make."""
    clock = Clock()
    alarms = Alarms(clock)
    one, other = Sleeper(clock), Sleeper(clock)
    for sleeper in (one, other):
        alarms.set(sleeper, 5)
    alarms.cancel(one, 5)
    alarms.cancel(one, 5)
    clock.advance(5)
    assert (one.rung, other.rung) == ([], [5])
    alarms.cancel(other, 5)
    alarms.set(one, 9)
    alarms.cancel(one, 9)
    assert clock.getDelayedCalls() == []


def test_whom_another_one_wakes_up_first_is_not_rung() -> None:
    """One session that ends may end others of the same round."""
    clock = Clock()
    alarms = Alarms(clock)
    sleepers: list[Sleeper] = []

    def cancel_all() -> None:
        for sleeper in sleepers:
            alarms.cancel(sleeper, 5)

    sleepers.extend(Sleeper(clock, cancel_all) for _ in range(3))
    for sleeper in sleepers:
        alarms.set(sleeper, 5)
    clock.advance(5)
    assert sum(len(sleeper.rung) for sleeper in sleepers) == 1
    assert clock.getDelayedCalls() == []


class CountingClock(Clock):
    """Counts the timers that are set."""

    timers = 0

    def callLater(
        self,
        delay: float,
        callable: Callable[..., object],  # noqa: A002 -- as the clock has it
        *args: object,
        **kw: object,
    ) -> IDelayedCall:
        """Set one more."""
        self.timers += 1
        return super().callLater(delay, callable, *args, **kw)


@pytest.mark.parametrize("more", [0, 1])
def test_a_round_of_thousands_leaves_the_others_their_turn(more: int) -> None:
    """What is done for each takes time, and mail comes meanwhile."""
    clock = CountingClock()
    alarms = Alarms(clock)
    turns: list[int] = []
    for _ in range(2 * A_TURN + more):
        alarms.set(Sleeper(clock, lambda: turns.append(clock.timers)), 1)
    clock.advance(1)
    assert turns == [1] * A_TURN + [2] * A_TURN + [3] * more
    assert clock.timers == 2 + more


def test_who_leaves_between_two_turns_of_a_round_is_not_rung() -> None:
    """Also when that was the last who waited."""
    clock = Clock()
    alarms = Alarms(clock)
    sleepers: list[Sleeper] = []

    def leave() -> None:
        (last,) = [sleeper for sleeper in sleepers if not sleeper.rung]
        alarms.cancel(last, 1)

    def leave_soon() -> None:
        if sum(len(sleeper.rung) for sleeper in sleepers) == A_TURN:
            clock.callLater(0, leave)

    sleepers.extend(Sleeper(clock, leave_soon) for _ in range(A_TURN + 1))
    for sleeper in sleepers:
        alarms.set(sleeper, 1)
    clock.advance(1)
    assert sum(len(sleeper.rung) for sleeper in sleepers) == A_TURN
    assert clock.getDelayedCalls() == []


def test_one_that_fails_costs_the_others_nothing() -> None:
    """The next ones of its round are rung all the same, and the log says what it was."""
    clock = Clock()
    alarms = Alarms(clock)

    def fail() -> None:
        raise ZeroDivisionError

    sleepers = [Sleeper(clock, fail) for _ in range(3)]
    for sleeper in sleepers:
        alarms.set(sleeper, 1)
    with logged_failures() as logged:
        clock.advance(1)
    assert [sleeper.rung for sleeper in sleepers] == [[1]] * 3
    assert [event["log_failure"].type for event in logged] == [ZeroDivisionError] * 3
    assert clock.getDelayedCalls() == []
