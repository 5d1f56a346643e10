"""Work that is done in order while content comes."""

from inspect import CORO_CLOSED, getcoroutinestate

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gomail.milters.feed import Feed
from tests.milters.filter import begun, result_of


def test_work_is_done_in_order() -> None:
    """Each piece behind the one before, and whoever brought it may wait for all of it."""
    feed = Feed()
    done: list[int] = []
    gate: Deferred[None] = Deferred()

    async def work(number: int) -> None:
        await gate
        done.append(number)

    waiting = [feed.put(work(number)) for number in range(3)]
    over = begun(feed.done())
    assert done == []
    gate.callback(None)
    assert done == [0, 1, 2]
    assert all(each is not None and each.called for each in waiting)
    result_of(over)


def test_nothing_is_done_or_kept_behind_a_fault() -> None:
    """The fault is told at the end; what still comes would only fill memory."""
    feed = Feed()
    done: list[int] = []

    async def broken() -> None:
        raise OSError("a fault")

    async def work() -> None:
        done.append(1)

    assert feed.put(broken()) is None
    late = [work() for _ in range(3)]
    assert [feed.put(each) for each in late] == [None] * 3
    assert done == []
    assert {getcoroutinestate(each) for each in late} == {CORO_CLOSED}
    failures: list[Failure] = []
    begun(feed.done()).addErrback(failures.append)
    assert "a fault" in str(failures[0].value)
