"""Places in a list, as they stand in addresses of pages; and the page that begins at one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from gomail.inbox.index import Index
from gomail.inbox.listed import NoSuchPage
from gomail.inbox.query import EVERYTHING, Condition
from gomail.inbox.row import Row

_PLACE = re.compile(r"([on])(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)_([0-9a-f]{24})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a list, newest first, the places of those beside it, and the list's length."""

    rows: list[Row]
    older: str | None
    newer: str | None
    total: int


def read_stretch(
    index: Index, folder: str, condition: Condition, at: str | None, count: int
) -> Stretch:
    """
    Read the stretch that begins at a place, or the first.

    Raises:
        NoSuchPage: *at* is no place that a stretch has named.
    """
    direction, place = ("o", None) if at is None else _read_place(at)
    sought = _Sought(index, folder, condition)
    if direction == "n" and place is not None:
        found = index.newer(folder, place, count + 1, condition)
        if len(found) > count:
            rows = found[:count][::-1]
            total = sought.total(rows, is_first=False, is_last=False)
            return Stretch(rows, _place("o", rows[-1]), _place("n", rows[0]), total)
        place = None  # there is less than a page before it: the first one then, a whole one
    found = index.older(folder, place, count + 1, condition)
    rows, is_last = found[:count], len(found) <= count
    return Stretch(
        rows,
        None if is_last else _place("o", rows[-1]),
        _place("n", rows[0]) if rows and place is not None else None,
        sought.total(rows, is_first=place is None, is_last=is_last),
    )


@dataclass(frozen=True, slots=True)
class _Sought:
    """The messages of a folder that meet a condition."""

    index: Index
    folder: str
    condition: Condition

    def total(self, rows: list[Row], *, is_first: bool, is_last: bool) -> int:
        """Count all; what meets a condition beside the page that was read, and nothing twice."""
        count = partial(self.index.count, self.folder, self.condition)
        if self.condition == EVERYTHING or not (rows or is_first):
            return count()
        if not rows:
            return 0
        behind = 0 if is_last else count(behind=_at(rows[-1]))
        before = 1 if is_first else count(before=_at(rows[0]))
        return before + len(rows) - 1 + behind


def _at(row: Row) -> tuple[float, str]:
    return row.listed.time, row.listed.key


def _place(direction: str, row: Row) -> str:
    return f"{direction}{row.listed.time:.9f}_{row.listed.key}"


def _read_place(at: str) -> tuple[str, tuple[float, str]]:
    found = _PLACE.match(at)
    if found is None:
        raise NoSuchPage(at)
    return found[1], (float(found[2]), found[3])
