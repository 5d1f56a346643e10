"""
Answers that may come later: a value, a Deferred or a coroutine, handled alike.

On the fast path there is neither Deferred nor coroutine: `after` goes on at once where the answer
is a value.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")
Answer: TypeAlias = T | Awaitable[T]


def is_later(answer: object) -> bool:
    """Tell whether *answer* must be awaited."""
    return hasattr(answer, "__await__")


def after(answer: Answer[T], go_on: Callable[[T], Answer[R]]) -> Answer[R]:
    """Give what *go_on* makes of the answer: now if it is there, else as something to await."""
    if hasattr(answer, "__await__"):
        return _after(answer, go_on)
    return go_on(answer)


async def _after(answer: Awaitable[T], go_on: Callable[[T], Answer[R]]) -> R:
    """Await *answer*, then whatever *go_on* makes of it."""
    result = go_on(await answer)
    if is_later(result):
        return await cast("Awaitable[R]", result)
    return cast("R", result)
