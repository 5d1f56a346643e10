"""
What a delivery may answer, and the fault that anything else is: 451, and a line that says all.

Nobody guesses here: a policy that gives its refusal instead of raising it has not welcomed anybody,
and a verdict that can't be read has not said that a message is stored.
"""

from collections.abc import Coroutine

from gomail.reply import Reply

_TOLD = (Reply, str, bytes, int, float, type(None))  # whose looks say more than their type


class Unexpected(TypeError):
    """An answer that is none to its question; its text says what was expected."""


def unexpected(whose: object, method: str, expected: str, answer: object) -> Unexpected:
    """
    Make the fault that *answer* is.

    Args:
        whose: who was asked.
        method: by which method.
        expected: what it may give.
        answer: what it gave; a coroutine among that is never awaited.
    """
    if isinstance(answer, Coroutine):
        answer.close()
    return Unexpected(
        f"{type(whose).__name__}.{method}: {expected} was expected, not {_described(answer)}"
    )


def not_none(whose: object, method: str, answer: object) -> Unexpected:
    """Make the fault of a policy that answers something, where it may raise Refused, or not."""
    return unexpected(whose, method, "None (or Refused, raised)", answer)


def _described(answer: object) -> str:
    """Describe an answer, in short."""
    if isinstance(answer, _TOLD):
        return f"{answer!r:.100}"
    if isinstance(answer, (list, tuple)):
        return f"a {type(answer).__name__} of {len(answer)}"
    return f"a {type(answer).__name__}"
