"""
The line of a TOML file in which a key stands, for those who have to mend it.

Python's tomllib tells no lines, so they are looked for: a line that sets the key, or the nearest
that leads to it. Where a file is laid out in a way not foreseen here, an outer key's line is found,
or none.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator

from gomail.address import comparable_domain
from gomail.recipients.mistake import Key

_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?\Z")
_SETTING = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w. \t-])+?)\s*=""")


def lines_of(text: str, keys: Collection[Key]) -> list[int | None]:
    """Give the line of *text* where each of *keys* is set, or else that of what leads to it."""
    ways = [_ways(key) for key in keys]
    found: dict[Key, int | None] = dict.fromkeys((way for each in ways for way in each), None)
    below: dict[Key, int] = {}
    for number, path in _paths(text):
        here = tuple(map(_comparable, path))
        if here in found and found[here] is None:
            found[here] = number
        for length in range(1, len(here)):
            below.setdefault(here[:length], number)
    # A table may stand nowhere but in the name of one that is in it.
    nearest = {way: found[way] or below.get(way) for way in found}
    return [next(filter(None, map(nearest.get, each)), None) for each in ways]


def _ways(key: Key) -> list[Key]:
    """Give *key* and what leads to it, the longest first."""
    wanted = tuple(map(_comparable, key))
    return [wanted[:length] for length in range(len(wanted), 0, -1)]


def _paths(text: str) -> Iterator[tuple[int, Key]]:
    """Give each line that is a table's header or sets a key, with the whole key."""
    table: Key = ()
    counted: Counter[Key] = Counter()
    for number, line in enumerate(text.split("\n"), 1):
        header, setting = _HEADER.match(line), _SETTING.match(line)
        if header:
            table = _parse(header[2])
            if header[1] == "[[":
                yield number, table
                counted[table] += 1
                table = (*table, counted[table] - 1)
            yield number, table
        elif setting:
            yield number, table + _parse(setting[1])


def _parse(written: str) -> Key:
    """Read a dotted key as TOML does; () if it is none."""
    try:
        value: object = tomllib.loads(f"{written} = 0")
    except (ValueError, RecursionError):  # a line of some text, that only looks like a table's
        return ()
    key: Key = ()
    while isinstance(value, dict) and value:  # a comment only looks like one, too
        part, value = next(iter(value.items()))
        key = (*key, part)
    return key


def _comparable(part: str | int) -> str | int:
    """Write a part of a key so that a domain equals itself, however it was written."""
    if isinstance(part, int):
        return part
    try:
        return comparable_domain(part)
    except ValueError:
        return part
