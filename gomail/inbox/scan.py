"""
Which messages lie in a folder, and what has changed there since it was looked at.

A folder is listed anew when the times of its new/ or cur/ have changed, which one stat each tells.
What other readers do meanwhile can have a file missed in a listing, but never twice: so what is
gone is looked for again.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from errno import ENOENT

from gomail.inbox.names import key_of, size_of
from gomail.reading.maildir import CUR, NEW, list_files, read_flags, read_time, unique_name

#: What stands for the times of a folder that is not there.
ABSENT = "-"

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
        stamp: which folder it was, and its times then; empty if it may have changed since.
        names: the files; None for those that the index has, until they are needed.
        sighted: times that may stay though it changes, and when they were seen first, by a clock
            that nobody sets.
    """

    stamp: str = ""
    names: frozenset[str] | None = None
    sighted: tuple[str, int] = ("", 0)

    def settled(self, status: os.stat_result) -> str:
        """
        Give the stamp of a folder that is going to be listed; nothing where that may not tell.

        What changes right behind the listing may show the same times: as long as these are young,
        or to come, where the clock was set or is another machine's.
        """
        stamp, now = stamp_of(status), time.monotonic_ns()
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) >= _TICK_NS:
            return stamp
        if self.sighted[0] != stamp:
            self.sighted = stamp, now
        return stamp if now - self.sighted[1] >= _TICK_NS else ""


@dataclass(slots=True)
class Difference:
    """
    What a folder has become.

    Attributes:
        come, gone: files, and whether they lie in new/; a renamed one is in both.
        listed: new/ and cur/ as they are now, if they were listed.
    """

    come: set[tuple[bool, str]] = field(default_factory=set)
    gone: set[tuple[bool, str]] = field(default_factory=set)
    listed: dict[str, Listing] = field(default_factory=dict)


def stamp_of(status: os.stat_result) -> str:
    """Write which folder it is, and its times: of its files, and of its rights."""
    return f"{status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"


def stamp_at(path: str) -> str:
    """Write the stamp of the folder at a path, which may be none; nothing if that can't be told."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except OSError:
        return ""
    return stamp_of(status) if stat.S_ISDIR(status.st_mode) else ABSENT


def look_again(
    opened: Mapping[str, int],
    known: Mapping[str, Listing],
    indexed: Callable[[str], frozenset[str]],
    *,
    surely: bool = False,
) -> Difference:
    """
    List new/ and cur/ if they have changed, or *surely*.

    *opened* has their descriptors, and *indexed* tells which files the index has of one. new/ is
    listed first: what a reader moves on is seen twice then.

    Raises:
        FileNotFoundError: one of the two was there before, and is not any more.
    """
    difference = Difference()
    before: dict[str, frozenset[str]] = {}
    for place in (NEW, CUR):
        listing, descriptor = known[place], opened.get(place)
        if descriptor is None and _was_there(listing, place, indexed):
            raise FileNotFoundError(ENOENT, f"the folder {place!r} is not there any more", place)
        status = None if descriptor is None else os.fstat(descriptor)
        if not surely and listing.stamp == (stamp_of(status) if status else ABSENT):
            continue
        stamp = listing.settled(status) if status else ABSENT
        before[place] = indexed(place) if listing.names is None else listing.names
        names = frozenset() if descriptor is None else _names(descriptor)
        difference.listed[place] = Listing(stamp, names, listing.sighted)
    _compare(difference, before)
    if _some_are_missing(difference):
        for place, listing in difference.listed.items():
            if place in opened and listing.names is not None:
                listing.names |= _names(opened[place])
        _compare(difference, before)
    return difference


def _was_there(listing: Listing, place: str, indexed: Callable[[str], frozenset[str]]) -> bool:
    """Tell whether new/ or cur/ was a folder when it was seen last, perhaps by another process."""
    if listing.stamp or listing.names is not None:
        return listing.stamp != ABSENT
    return bool(indexed(place))


def _compare(difference: Difference, before: Mapping[str, frozenset[str]]) -> None:
    """Find what has come and gone."""
    difference.come, difference.gone = set(), set()
    for place, listing in difference.listed.items():
        names = listing.names or frozenset()
        difference.come.update((place == NEW, name) for name in names - before[place])
        difference.gone.update((place == NEW, name) for name in before[place] - names)


def _some_are_missing(difference: Difference) -> bool:
    """Tell whether a message seems to be gone, and not only to have another name."""
    gone = {unique_name(name) for _, name in difference.gone}
    return bool(gone.difference(unique_name(name) for _, name in difference.come))


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
