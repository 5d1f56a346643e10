"""What became of a question to the delivery that did not end well."""

from collections.abc import Callable

from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.answers import Answer, is_later
from gomail.reply import LOCAL_ERROR, Refused

_log = Logger()


def refusal_of(error: BaseException, what: str) -> Refused:
    """
    Give the refusal that *error* stands for, without any traceback.

    What is not `Refused` is a fault of ours: logged with its traceback, answered 451, and not told
    to the peer.
    """
    if isinstance(error, Refused):
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)  # whose frames would refer to it, and keep the session
    _log.failure("{what} failed", failure=Failure(error), what=what)
    return Refused(LOCAL_ERROR, f"{what} failed: {type(error).__name__}")


def refusal_in(call: Callable[[], Answer[object]], what: str) -> Answer[Refused | None]:
    """Give the refusal that *call* ends with, or None where it succeeds; now, or when it ends."""
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 -- whatever it was, the peer gets an answer
        return refusal_of(error, what)
    return _refusal_later(answer, what) if is_later(answer) else None


async def _refusal_later(answer: Answer[object], what: str) -> Refused | None:
    """Await *answer*."""
    try:
        await answer  # type: ignore[misc]  # only awaitables come here
    except Exception as error:  # noqa: BLE001 -- as above
        return refusal_of(error, what)
    return None


def attempt(call: Callable[[], object], what: str) -> None:
    """Tell the delivery what it has no answer to: a fault of its own is logged, no more."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 -- whatever it was, the session goes on
        refusal_of(error, what)
