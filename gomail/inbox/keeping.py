"""
Where the index is kept: in its file, or in memory as long as the disk is full, or for ever.

A file that is broken is removed, and one that can't be had is let be; for either the index is in
memory from then on. A full disk is neither: what the file has is copied into memory, and what is
there is copied back when there is room. Whoever asks the index meanwhile waits for the copy.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from errno import EDQUOT, ENOSPC
from pathlib import Path

from gomail.inbox.index import Index
from gomail.inbox.opening import discard, open_file, open_memory

#: Seconds until it is looked whether there is room again; twice as long behind each return …
AGAIN = 60.0
#: … that did not last so long: where a quota is used up, what is there fits, and nothing more.
LASTING = 3600.0

ROOM = 16 << 20  # octets beside the index itself: twice what SQLite writes before it tidies up

# Where a quota is used up, SQLite knows no more than that it could not write.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE})


class Keeping:
    """
    Opens the index, and gives it up.

    Args:
        path: of its file; None for memory.
        identify: tells this Maildir from every other.
        say: is told why it is in memory, if it should not be, and when it is not any more.
    """

    def __init__(
        self, path: Path | None, identify: Callable[[], str], say: Callable[[str], object]
    ) -> None:
        self._path, self._identify, self._say = path, identify, say
        self._looks_at: float | None = None
        self._rest, self._returned_at = AGAIN, -LASTING  # never yet

    def open(self) -> Index:
        """Open it in its file, or begin it anew, there or in memory."""
        identity = self._identify()
        if self._path is not None and self._looks_at is None:
            try:
                return open_file(self._path, identity)
            except (OSError, sqlite3.Error) as failure:
                if _is_full(failure):
                    self._tell_full(self._path, failure)
                else:
                    why = f"can't be used ({failure}), and is kept in memory"
                    self._say(f"the index {self._path} {why}")
                    self._path = None
        return open_memory(identity)

    def give_up(self, index: Index | None, failure: sqlite3.Error) -> Index | None:
        """
        Leave the file for memory, because of *failure*; give what *index* has, if that can be had.

        Raises:
            sqlite3.Error: *failure* itself: it is in memory already.
        """
        path = self._path
        if path is None or self._looks_at is not None:
            raise failure
        copy = None
        if _is_full(failure):
            self._tell_full(path, failure)
            copy = None if index is None else _copied(index)
        else:
            self._say(f"the index {path} is broken ({failure}), and is kept in memory")
            self._path = None
        if index is not None:
            index.close()
        if self._path is None:
            discard(path)
        return copy

    def _tell_full(self, path: Path, failure: Exception) -> None:
        """Say it, and look for room from time to time."""
        now = time.monotonic()
        lasted = now - self._returned_at >= LASTING
        self._rest = AGAIN if lasted else min(2 * self._rest, LASTING)
        self._looks_at = now + self._rest
        unsure = getattr(failure, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_WRITE
        why = (
            f"the index {path} can't be written"
            if unsure
            else f"the disk of the index {path} is full"
        )
        self._say(f"{why} ({failure}): what is new is kept in memory until there is room")

    def returned(self, index: Index) -> Index | None:
        """Have what is in memory in the file again, if there is room; None as long as not."""
        if self._path is None or self._looks_at is None or time.monotonic() < self._looks_at:
            return None
        self._looks_at = time.monotonic() + self._rest
        try:
            if not _has_room(self._path.parent, index.octets()):
                return None
            file = open_file(self._path, self._identify())
        except (OSError, sqlite3.Error):  # the same disk still: it was said
            return None
        try:
            index.copy_to(file)
        except sqlite3.Error:
            file.close()
            return None
        index.close()
        self._looks_at, self._returned_at = None, time.monotonic()
        self._say(f"there is room for the index {self._path}, which is kept there again")
        return file


def _copied(index: Index) -> Index | None:
    """Copy an index into memory, as far as it can be read."""
    copy = Index.in_memory()
    try:
        index.copy_to(copy)
    except sqlite3.Error:
        copy.close()
        return None
    return copy


def _is_full(failure: Exception) -> bool:
    """Tell whether nothing more could be written."""
    if isinstance(failure, OSError):
        return failure.errno in {ENOSPC, EDQUOT}
    return getattr(failure, "sqlite_errorcode", None) in _FULL


def _has_room(folder: Path, octets: int) -> bool:
    """Tell whether there is room for an index beside the one that is there."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = os.statvfs(there)
    return free.f_bavail * free.f_frsize >= octets + ROOM
