"""A question to the disk that is under way, and all who wait for its answer."""

from typing import Generic, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


class Asking(Generic[T]):
    """
    One question, asked once, whose answer each hears who comes while it is under way.

    Who waits no longer, at a deadline, takes it from nobody else.

    Args:
        answer: of the disk; what it fires with is not used but here.
    """

    __slots__ = ("_waiting",)

    def __init__(self, answer: Deferred[T]) -> None:
        self._waiting: list[Deferred[T]] = []
        answer.addBoth(self._tell)

    def wait(self) -> Deferred[T]:
        """Wait for the answer; to be called before it is there."""
        one: Deferred[T] = Deferred(self._leave)
        self._waiting.append(one)
        return one

    def _leave(self, one: Deferred[T]) -> None:
        """Keep nothing of one who waits no longer: a disk that hangs may do so for hours."""
        if one in self._waiting:  # mostly the first; none while all are told
            self._waiting.remove(one)

    def _tell(self, answer: T | Failure) -> T | Failure | None:
        """Tell all who wait; a fault of ours that nobody waits for is Twisted's to log."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.called:  # its deadline was there first
                each.callback(cast("T", answer))
        return None if waiting else answer
