"""Awaiting, but not for ever."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gomail.smtp.alarms import Alarms

T = TypeVar("T")


def in_time(
    answer: Awaitable[T], seconds: float, alarms: Alarms, then: Callable[[T | Failure], None]
) -> None:
    """
    Await *answer*, but not for ever; *then* is called with what came of it.

    Whoever is asked may never answer, so that everything that is awaited on a client's behalf has a
    deadline. TimeoutError says that it is over, and *answer* is cancelled.
    """
    deferred = deferred_of(answer)
    deferred.addBoth(_Deadline(deferred, alarms, seconds, then).end)


def deferred_of(answer: Awaitable[T]) -> Deferred[T]:
    """Give the Deferred that *answer* is, or one of the coroutine, or whatever else, that it is."""
    if isinstance(answer, Deferred):
        return answer

    async def awaited() -> T:
        return await answer

    return Deferred.fromCoroutine(awaited())


class _Deadline(Generic[T]):
    """Cancels a Deferred that has not fired in time."""

    __slots__ = ("_alarms", "_deferred", "_over", "_then", "_when")

    def __init__(
        self,
        deferred: Deferred[T],
        alarms: Alarms,
        seconds: float,
        then: Callable[[T | Failure], None],
    ) -> None:
        """Begin to wait."""
        self._alarms = alarms
        self._deferred = deferred
        self._over = False
        self._then = then
        self._when = alarms.clock.seconds() + seconds
        alarms.set(self, self._when)

    def ring(self) -> None:
        """See that it is too late, also where whoever gave the Deferred can't cancel it."""
        self._over = True
        try:
            self._deferred.cancel()
        except Exception:  # noqa: BLE001 -- whatever it was, it is what came of it
            innermost: Deferred[Any] = self._deferred
            while isinstance(waited_for := getattr(innermost, "result", None), Deferred):
                innermost = waited_for
            if not innermost.called:
                innermost.errback()

    def end(self, result: T | Failure) -> None:
        """Wait no longer, and say why there is no result if that is why."""
        if not self._over:
            self._alarms.cancel(self, self._when)
        elif isinstance(result, Failure) and result.check(CancelledError):
            result = Failure(TimeoutError("it took too long"))
        self._then(result)
