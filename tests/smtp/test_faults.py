"""What becomes of a question to the delivery that did not end well."""

import warnings
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from twisted.logger import LogEvent, formatEvent

from gomail.reply import LOCAL_ERROR, NO_SUCH_MAILBOX, Refused
from gomail.smtp.faults import attempt, refusal_of
from tests.smtp.wire import logged_failures


def logged_by(error: BaseException) -> tuple[Refused, list[LogEvent]]:
    """Give what *error* stands for, and what was logged."""
    with logged_failures() as logged:
        return refusal_of(error, "asking", "5e55"), logged


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
    assert formatEvent(logged[0]) == "asking failed [5e55]"


def test_attempt_never_fails() -> None:
    """What has no answer has no refusal either."""

    def refusing() -> None:
        raise Refused(NO_SUCH_MAILBOX)

    done: list[int] = []
    with logged_failures() as logged:
        attempt(SimpleNamespace(count=lambda: done.append(1)), "count", "5e55")
        attempt(SimpleNamespace(count=refusing), "count", "5e55")
    assert done == [1]
    assert logged == []


async def clean_up() -> None:
    """Never run."""
    raise AssertionError


@pytest.mark.parametrize(
    ("method", "given"), [(clean_up, "a coroutine"), (lambda: True, "True")], ids=["async", "value"]
)
def test_answer_that_nobody_awaits_is_a_fault(method: Callable[[], object], given: str) -> None:
    """A clean-up that is async would never run: whoever wrote it reads so, for that session."""
    with logged_failures() as logged, warnings.catch_warnings():
        warnings.simplefilter("error")
        attempt(SimpleNamespace(count=method), "count", "5e55")
    assert [formatEvent(event) for event in logged] == ["count failed [5e55]"]
    assert logged[0]["log_failure"].getErrorMessage() == (
        f"SimpleNamespace.count: None, at once (it is not awaited), was expected, not {given}"
    )
