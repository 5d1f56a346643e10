"""Messages looked into, and a thread of its own that has the rest of them looked into."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock, Thread

from gomail.inbox.row import Row
from gomail.reading.batch import TOO_MUCH, UNREADABLE, Head, bounded, read_heads


def look_into(opened: Mapping[str, int], rows: Sequence[Row]) -> list[Head | None]:
    """Read the heads of messages in an open folder; None for those whose files have gone."""
    places = list(opened)
    if any(row.place not in opened for row in rows):  # new/ or cur/ has gone
        return [None] * len(rows)
    names = [(places.index(row.place), os.fsencode(row.file)) for row in rows]
    heads = read_heads(list(opened.values()), names)
    return [_judged(head, row, opened[row.place]) for head, row in zip(heads, rows, strict=True)]


def _judged(head: Head | None, row: Row, descriptor: int) -> Head | None:
    """
    Complete what nothing could be read of.

    One that has cost a child its life for the first time is tried again, as one that may not be
    read: it may have been somebody else's doing, as that of a kernel that is short of memory.
    """
    if head == TOO_MUCH and row.readable:
        head = UNREADABLE
    if head == TOO_MUCH or (head and not head.readable):
        return _unread(head, descriptor, row.file)
    return head


def is_as_known(opened: Mapping[str, int], row: Row) -> bool:
    """Tell whether a message was looked into, and its file is the one of then."""
    if not row.known or row.place not in opened:
        return False
    try:
        status = os.stat(row.file, dir_fd=opened[row.place], follow_symlinks=False)
    except OSError:
        return False
    return (status.st_size, _written(status, row)) == (row.listed.size, row.written)


def _unread(head: Head, descriptor: int, name: str) -> Head | None:
    """Complete what nothing could be read of, so that it is not tried again until it changes."""
    try:
        status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    except OSError:
        return None
    return replace(head, size=status.st_size, written=_written(status, head))


def _written(status: os.stat_result, what: Head | Row) -> int:
    """Give when a file was written; of one that can't be read, when its rights or name were set."""
    return bounded(status.st_mtime_ns if what.readable else status.st_ctime_ns)


class Filling:
    """Calls *fill* in a thread of its own for as long as it says that there is more to be done."""

    def __init__(self, fill: Callable[[], bool]) -> None:
        self._fill = fill
        self._lock = Lock()
        self._thread: Thread | None = None
        self._is_wanted = False
        self._is_closed = False

    def begin(self) -> None:
        """Have it done, if there may be something to do."""
        with self._lock:
            self._is_wanted = not self._is_closed
            is_there = self._thread is not None and self._thread.is_alive()
            if self._is_wanted and not is_there:
                self._thread = Thread(target=self._run, name="gomail-inbox-index", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Do nothing more, and wait for what is being done."""
        with self._lock:
            self._is_closed, self._is_wanted = True, False
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while self._goes_on():
            while not self._is_closed and self._fill():
                pass

    def _goes_on(self) -> bool:
        """Tell whether somebody has begun it again meanwhile; else this thread is none any more."""
        with self._lock:
            goes_on, self._is_wanted = self._is_wanted, False
            if not goes_on:
                self._thread = None
            return goes_on
