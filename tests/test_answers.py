"""Answers that may come later."""

from collections.abc import Awaitable
from typing import cast

from twisted.internet.defer import Deferred, fail, succeed

from gomail.answers import Answer, after, is_later
from gomail.reply import NO_SUCH_MAILBOX, Refused


async def seven() -> int:
    """Answer later, though nothing has to be waited for."""
    return 7


def next_of(value: int) -> int:
    """Go on with what was answered."""
    return value + 1


async def seven_after(_: int) -> int:
    """Go on with a question of its own."""
    return 7


def result_of(answer: Answer[int]) -> int:
    """Give what *answer* came to."""
    assert is_later(answer)
    results: list[int] = []

    async def awaited() -> int:
        return await cast("Awaitable[int]", answer)

    Deferred.fromCoroutine(awaited()).addCallback(results.append)
    return results[0]


def test_values_are_here() -> None:
    """A value, whatever it is, is not awaited."""
    values: list[object] = [None, 7, b"", [], Refused(NO_SUCH_MAILBOX)]
    for value in values:
        assert not is_later(value)


def test_deferreds_and_coroutines_are_later() -> None:
    """What Twisted's developers use is awaited alike."""
    assert is_later(Deferred())
    coroutine = seven()
    assert is_later(coroutine)
    coroutine.close()


def test_value_goes_on_at_once() -> None:
    """Where the answer is there nothing is awaited."""
    assert after(7, next_of) == 8


def test_later_answer_goes_on_later() -> None:
    """What follows from an answer waits for it."""
    assert result_of(after(succeed(7), next_of)) == 8
    assert result_of(after(seven(), next_of)) == 8


def test_what_follows_may_be_later_too() -> None:
    """An answer that leads to a question is awaited to its end."""
    assert result_of(after(succeed(1), seven_after)) == 7
    assert result_of(after(1, seven_after)) == 7


def test_refusal_passes_through() -> None:
    """A refusal is raised where the answer is awaited, and nothing follows from it."""
    answer: Deferred[int] = fail(Refused(NO_SUCH_MAILBOX))
    later = after(answer, next_of)
    failures: list[object] = []

    async def awaited() -> None:
        await cast("Awaitable[None]", later)

    Deferred.fromCoroutine(awaited()).addErrback(lambda failure: failures.append(failure.value))
    (refused,) = failures
    assert isinstance(refused, Refused)
