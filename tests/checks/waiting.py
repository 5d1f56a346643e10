"""Answers that are there at once, and those that never come."""

from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from gomail.checks.dns.zone import Zone
from gomail.checks.records import Records

T = TypeVar("T")


def now(coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
    """Give what a coroutine returns that waits for nobody."""
    done: list[T] = []
    Deferred.fromCoroutine(coroutine).addCallback(done.append)
    assert done, "it waits, or has raised"
    return done[0]


class Counting:
    """
    A zone that counts.

    Attributes:
        asked: each question.
    """

    def __init__(self, text: str) -> None:
        self.zone = _zone(text)
        self.asked: list[tuple[str, str]] = []

    async def lookup(self, name: str, kind: str) -> Records:
        """Ask."""
        self.asked.append((name, kind))
        return await self.zone.lookup(name, kind)


@lru_cache
def _zone(text: str) -> Zone:
    """Read a zone once, since a suite asks each of its zones many times."""
    return Zone(text)
