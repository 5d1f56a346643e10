"""What became of a question to the delivery that did not end well."""

from collections.abc import Awaitable, Callable
from typing import cast

from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.answers import Answer, is_later
from gomail.reply import LOCAL_ERROR, Refused
from gomail.smtp.expected import Unexpected, not_none, unexpected

_log = Logger()


def refusal_of(error: BaseException, what: str, session_id: str) -> Refused:
    """
    Give the refusal that *error* stands for, without any traceback.

    What is not `Refused` is a fault of ours: logged with its traceback, answered 451, and not told
    to the peer, who hears nothing but the session's id, which stands in the log as well.

    Args:
        error: what came of it.
        what: the method that was asked, and for what.
        session_id: of the session in which it was.
    """
    if isinstance(error, Refused):
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)  # whose frames would refer to it, and keep the session
    _log.failure("{what} failed [{session}]", failure=Failure(error), what=what, session=session_id)
    why = str(error) if isinstance(error, Unexpected) else type(error).__name__
    return Refused(LOCAL_ERROR, f"{what} failed: {why}")


def refusal_in(
    call: Callable[[], Answer[object]], whose: object, method: str, session_id: str
) -> Answer[Refused | None]:
    """Give the refusal that *call* ends with, or None where it gives None; now, or when it ends."""
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 -- whatever it was, the peer gets an answer
        return refusal_of(error, method, session_id)
    if is_later(answer):
        return _refusal_later(cast("Awaitable[object]", answer), whose, method, session_id)
    return _refusal_by(answer, whose, method, session_id)


async def _refusal_later(
    awaited: Awaitable[object], whose: object, method: str, session_id: str
) -> Refused | None:
    """Do the same with what must be awaited."""
    try:
        answer = await awaited
    except CancelledError:  # by whoever waits for it, mostly
        late = TimeoutError("it took too long, or was cancelled")
        return refusal_of(late, method, session_id)
    except Exception as error:  # noqa: BLE001 -- as above
        return refusal_of(error, method, session_id)
    return _refusal_by(answer, whose, method, session_id)


def _refusal_by(answer: object, whose: object, method: str, session_id: str) -> Refused | None:
    """Give the refusal that an answer stands for which should be None."""
    if answer is None:
        return None
    return refusal_of(not_none(whose, method, answer), method, session_id)


def attempt(whose: object, method: str, session_id: str) -> None:
    """Tell the delivery what it has no answer to: a fault of its own is logged, no more."""
    try:
        answer = getattr(whose, method)()
    except Exception as error:  # noqa: BLE001 -- whatever it was, the session goes on
        refusal_of(error, method, session_id)
        return
    if answer is not None:
        fault = unexpected(whose, method, "None, at once (it is not awaited),", answer)
        refusal_of(fault, method, session_id)
