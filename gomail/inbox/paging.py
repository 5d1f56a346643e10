"""Places in a list, as they stand in addresses of pages; and the page that begins at one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gomail.inbox.index import Index, Row
from gomail.inbox.listed import NoSuchPage
from gomail.inbox.query import EVERYTHING, Condition

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
    if condition == EVERYTHING:
        return _of_all(index, folder, direction, place, count)
    found = index.search(folder, condition, place)
    begin = 0
    if place is not None:
        before = sum(is_before for _, is_before in found)
        # Behind a message that has gone meanwhile stands the next one.
        is_there = before < len(found) and _is_at(index, found[before][0], place)
        begin = before + is_there if direction == "o" else max(before - count, 0)
    rows = index.rows([number for number, _ in found[begin : begin + count]])
    return Stretch(
        rows,
        _place("o", rows[-1]) if rows and begin + count < len(found) else None,
        _place("n", rows[0]) if rows and begin > 0 else None,
        len(found),
    )


def _of_all(
    index: Index, folder: str, direction: str, place: tuple[float, str] | None, count: int
) -> Stretch:
    """Read a stretch of the list of all messages, without a look at the others."""
    total = index.count(folder)
    if direction == "n" and place is not None:
        found = index.newer(folder, place, count + 1)
        if len(found) > count:
            rows = found[:count][::-1]
            return Stretch(rows, _place("o", rows[-1]), _place("n", rows[0]), total)
        place = None  # there is less than a page before it: the first one then, a whole one
    found = index.older(folder, place, count + 1)
    rows = found[:count]
    return Stretch(
        rows,
        _place("o", rows[-1]) if len(found) > count else None,
        _place("n", rows[0]) if rows and place is not None else None,
        total,
    )


def _is_at(index: Index, number: int, place: tuple[float, str]) -> bool:
    """Tell whether a message stands at a place."""
    return any((row.listed.time, row.listed.key) == place for row in index.rows([number]))


def _place(direction: str, row: Row) -> str:
    return f"{direction}{row.listed.time:.9f}_{row.listed.key}"


def _read_place(at: str) -> tuple[str, tuple[float, str]]:
    found = _PLACE.match(at)
    if found is None:
        raise NoSuchPage(at)
    return found[1], (float(found[2]), found[3])
