"""One question at a time."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gomail.reply import OK, Reply
from gomail.smtp.holding import TURN, Holding
from gomail.smtp.turns import Outcome, Turns
from tests.smtp.wire import logged_failures


def test_session_in_which_concluding_fails_does_not_wait_for_ever() -> None:
    """Should our own code be wrong even there, the connection ends and the log says why."""
    given_up: list[str] = []

    def conclude(_: Outcome) -> None:
        raise ZeroDivisionError

    holding = Holding(lambda: None, lambda: None)
    turns = Turns(Clock(), holding, conclude, lambda: None, lambda: given_up.append("gone"))
    answer: Deferred[Reply] = Deferred()
    turns.take("a command", lambda: answer)
    assert holding.has(TURN)
    with logged_failures() as logged:
        answer.callback(OK)
    assert given_up == ["gone"]
    assert not holding.has(TURN)
    assert [event["log_failure"].type for event in logged] == [ZeroDivisionError]
