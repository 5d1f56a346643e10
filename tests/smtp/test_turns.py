"""One question at a time."""

from collections.abc import Callable
from typing import cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gomail.reply import OK, Refused, Reply
from gomail.smtp.alarms import Alarms
from gomail.smtp.faults import refusal_of
from gomail.smtp.holding import TURN, Holding
from gomail.smtp.turns import ANSWER_TIME, Outcome, ask
from tests.smtp.wire import logged_failures


class Lost:
    """A session whose own code is wrong."""

    def __init__(self) -> None:
        self.alarms = Alarms(Clock())
        self.holding = Holding(self)
        self.given_up = False

    def stop_reading(self) -> None:
        """Stop."""

    def read_on(self) -> None:
        """Go on."""

    def conclude(self, _: Outcome) -> None:
        """Fail."""
        raise ZeroDivisionError

    def fault(self, error: BaseException, what: str) -> Refused:
        """Give the refusal that it stands for."""
        return refusal_of(error, what, "5e55")

    def turn_over(self) -> None:
        """Never get there."""
        raise AssertionError

    def give_up(self) -> None:
        """End."""
        self.given_up = True


def test_session_in_which_concluding_fails_does_not_wait_for_ever() -> None:
    """Should our own code be wrong even there, the connection ends and the log says why."""
    session = Lost()
    answer: Deferred[Reply] = Deferred()
    ask(session, "a command", ANSWER_TIME, lambda: answer)
    assert session.holding.has(TURN)
    with logged_failures() as logged:
        answer.callback(OK)
    assert session.given_up
    assert not session.holding.has(TURN)
    assert [event["log_failure"].type for event in logged] == [ZeroDivisionError]


class Waiting(Lost):
    """A session that waits for an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: list[Outcome] = []

    def conclude(self, outcome: Outcome) -> None:
        """Remember what came of it."""
        self.outcomes.append(outcome)

    def turn_over(self) -> None:
        """Go on."""


def uncancelled(*, fires: bool) -> Deferred[Reply]:
    """Give a Deferred whose canceller is wrong, and perhaps *fires* before that tells."""

    def cancel(answer: Deferred[Reply]) -> None:
        if fires:
            answer.callback(OK)
        raise ZeroDivisionError

    return Deferred(cancel)


def chained(inner: Deferred[Reply]) -> Deferred[Reply]:
    """Give a Deferred that waits for the *inner* one."""
    outer: Deferred[Reply] = Deferred()
    outer.addCallback(lambda _: inner)
    outer.callback(OK)
    return outer


@pytest.mark.parametrize("wrap", [lambda deferred: deferred, chained])
@pytest.mark.parametrize("fires", [False, True])
def test_answer_that_can_not_be_cancelled_is_over_all_the_same(
    wrap: Callable[[Deferred[Reply]], Deferred[Reply]], *, fires: bool
) -> None:
    """Its time is over; an error of its canceller is what came of it, unless it gave an answer."""
    session = Waiting()
    with logged_failures() as logged:
        ask(session, "a command", ANSWER_TIME, wrap, uncancelled(fires=fires))
        cast("Clock", session.alarms.clock).advance(ANSWER_TIME)
    if fires:
        assert session.outcomes == [OK]
    else:
        (outcome,) = session.outcomes
        assert isinstance(outcome, Refused)
        assert [event["log_failure"].type for event in logged] == [ZeroDivisionError]
