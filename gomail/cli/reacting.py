"""Work of a command on a reactor that ends with it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import click

T = TypeVar("T")


def run(work: Callable[[Any], Awaitable[T]], expected: tuple[type[Exception], ...]) -> T:
    """
    Run *work*, which is given the reactor, and give what it comes to.

    Raises:
        Exception: one of those *expected*, as *work* raised it.
        click.Abort: it was interrupted, or failed otherwise, which is told.
    """
    from twisted.internet.task import react  # noqa: PLC0415 -- other commands start faster

    came: list[T] = []
    failed: list[Exception] = []

    async def main(reactor: Any) -> None:  # noqa: ANN401 -- zope has no type for several interfaces
        try:
            came.append(await work(reactor))
        except expected as error:
            failed.append(error)

    with suppress(SystemExit):
        react(main)
    if failed:
        raise failed[0]
    if not came:
        raise click.Abort
    return came[0]
