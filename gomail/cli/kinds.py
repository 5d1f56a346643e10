"""Kinds of values that options have: read as click reads them, refused by what was expected."""

from datetime import datetime
from typing import Any

import click

_EXAMPLE = "2026-11-28, or 2026-11-28 04:30:00"


class Number(click.IntRange):
    """
    A whole number.

    Args:
        what: it is, as in ``the number of a listener``.
        least: the smallest that can be.
        most: the largest; None where that is known later.
    """

    def __init__(self, what: str, least: int, most: int | None = None) -> None:
        super().__init__(least, most)
        bounds = f"from {least} on" if most is None else f"from {least} to {most}"
        self._expected = f"{what} {bounds} was expected"

    def convert(
        self,
        value: Any,  # noqa: ANN401 -- click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Read it."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{self._expected}, not {value!r}", param, ctx)


class Moment(click.DateTime):
    """A day, or a day and a time."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 -- click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        """Read it."""
        try:
            found: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"a time such as {_EXAMPLE} was expected, not {value!r}", param, ctx)
        return found
