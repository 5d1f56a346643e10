"""What becomes of a question to the delivery that did not end well."""

from twisted.logger import LogEvent

from gomail.reply import LOCAL_ERROR, NO_SUCH_MAILBOX, Refused
from gomail.smtp.faults import attempt, refusal_of
from tests.smtp.wire import logged_failures


def logged_by(error: BaseException) -> tuple[Refused, list[LogEvent]]:
    """Give what *error* stands for, and what was logged."""
    with logged_failures() as logged:
        return refusal_of(error, "asking"), logged


def test_refusal_is_what_was_meant() -> None:
    """It is no fault, and nothing is logged."""
    refused = Refused(NO_SUCH_MAILBOX, "gone")
    assert logged_by(refused) == (refused, [])


def test_anything_else_is_a_fault_of_ours() -> None:
    """451 for the client, the traceback for the log, the kind of fault for the refusal's reason."""
    refused, logged = logged_by(OSError("the password is x"))
    assert refused.reply == LOCAL_ERROR
    assert refused.reason == "asking failed: OSError"
    assert [event["log_failure"].type for event in logged] == [OSError]


def test_attempt_never_fails() -> None:
    """What has no answer has no refusal either."""

    def refusing() -> None:
        raise Refused(NO_SUCH_MAILBOX)

    done: list[int] = []
    attempt(lambda: done.append(1), "counting")
    attempt(refusing, "counting")
    assert done == [1]
