"""Awaiting, but not for ever."""

from collections.abc import Awaitable
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")


def in_time(answer: Awaitable[T], seconds: float, clock: IReactorTime) -> Deferred[T]:
    """
    Await *answer*, but not for ever.

    A connection that is not read does not notice its end, so that everything that is awaited on its
    behalf has a deadline. TimeoutError says that it is over, and *answer* is cancelled.
    """

    async def awaited() -> T:
        return await answer

    return Deferred.fromCoroutine(awaited()).addTimeout(seconds, clock)
