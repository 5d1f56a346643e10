"""
Which messages lie in a folder, and what has changed there since it was looked at.

A folder is listed anew when the time of its new/ or cur/ has changed. What other readers do
meanwhile can have a file missed in a listing, but never twice: so what is gone is looked for again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gomail.inbox.names import key_of, size_of
from gomail.reading.maildir import CUR, NEW, list_files, read_flags, read_time, unique_name

_TICK_NS = 50_000_000  # within which a folder may change twice and show one time


@dataclass(frozen=True, slots=True)
class Seen:
    """A message's file, and what its name says."""

    folder: str
    key: str
    file: str
    recent: bool
    flags: str
    time: float
    size: int | None


@dataclass(slots=True)
class Listing:
    """
    The files of new/ or cur/ as they were seen last.

    Attributes:
        stamp: which folder it was, and its time then; empty if it may have changed since.
        names: the files; None for those that the index has, until they are needed.
    """

    stamp: str = ""
    names: frozenset[str] | None = None


@dataclass(slots=True)
class Difference:
    """Files that have come to a folder and files that have left it; a renamed one has done both."""

    come: list[tuple[bool, str]] = field(default_factory=list)
    gone: list[tuple[bool, str]] = field(default_factory=list)


def look_again(
    opened: Mapping[str, int],
    known: Mapping[str, Listing],
    indexed: Callable[[str], frozenset[str]],
    *,
    surely: bool = False,
) -> Difference:
    """
    List new/ and cur/ if they have changed, or *surely*; put what is there into *known*.

    *opened* has their descriptors, and *indexed* tells which files the index has of one. new/ is
    listed first: what a reader moves on is seen twice then.
    """
    difference = Difference()
    for place in (NEW, CUR):
        listing, descriptor = known[place], opened.get(place)
        stamp = "" if descriptor is None else _stamp(descriptor)
        if stamp and stamp == listing.stamp and not surely:
            continue
        before = indexed(place) if listing.names is None else listing.names
        names = frozenset() if descriptor is None else _names(descriptor)
        if descriptor is not None and _some_are_missing(before, names):
            names |= _names(descriptor)
        difference.come += ((place == NEW, name) for name in names - before)
        difference.gone += ((place == NEW, name) for name in before - names)
        listing.names, listing.stamp = names, stamp
    return difference


def _stamp(descriptor: int) -> str:
    """Tell which folder it is, and its time; nothing where that may stay though it changes."""
    status = os.fstat(descriptor)
    if time.time_ns() - status.st_mtime_ns < _TICK_NS:
        return ""
    return f"{status.st_ino} {status.st_mtime_ns}"


def _some_are_missing(before: frozenset[str], now: frozenset[str]) -> bool:
    """Tell whether a message seems to be gone, and not only to have another name."""
    return bool(set(map(unique_name, before - now)).difference(map(unique_name, now - before)))


def _names(descriptor: int) -> frozenset[str]:
    return frozenset(entry.name for entry in list_files(descriptor))


def read_names(
    folder: str, names: Iterable[tuple[bool, str]], opened: Mapping[str, int]
) -> list[Seen]:
    """Read what file names say; those that say no time are asked for by their files' own."""
    return [
        Seen(
            folder=folder,
            key=key_of(unique_name(name)),
            file=name,
            recent=recent,
            flags=read_flags(name),
            time=_time(name, opened.get(NEW if recent else CUR)),
            size=size_of(name),
        )
        for recent, name in names
    ]


def _time(name: str, descriptor: int | None) -> float:
    told = read_time(name)
    if told is not None:
        return told
    try:
        return os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mtime
    except OSError:  # gone again
        return 0.0
