"""Work that has an outcome even where it fails or is given up."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

LATE = "DNS took too long"
FAULT = "a fault of ours"

T = TypeVar("T")
_log = Logger()


def begun(
    work: Coroutine[Any, Any, T],
    without: Callable[[str], T],
    *,
    late: str = LATE,
    fault: str = FAULT,
) -> Deferred[T]:
    """
    Begin some work.

    Args:
        work: to be done.
        without: has the outcome where there is no other; it is given the reason.
        late: the reason if it was given up, by ``cancel`` or a deadline.
        fault: the reason if it has raised, which is logged.
    """

    def failed(failure: Failure) -> T:
        if failure.check(CancelledError):
            return without(late)
        _log.failure("a check has failed", failure)
        return without(fault)

    return Deferred.fromCoroutine(work).addErrback(failed)
