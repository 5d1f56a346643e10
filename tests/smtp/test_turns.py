"""One question at a time."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gomail.reply import OK, Reply
from gomail.smtp.alarms import Alarms
from gomail.smtp.holding import TURN, Holding
from gomail.smtp.turns import ANSWER_TIME, LATER, Outcome, ask
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
    assert ask(session, "a command", ANSWER_TIME, lambda: answer) is LATER
    assert session.holding.has(TURN)
    with logged_failures() as logged:
        answer.callback(OK)
    assert session.given_up
    assert not session.holding.has(TURN)
    assert [event["log_failure"].type for event in logged] == [ZeroDivisionError]
