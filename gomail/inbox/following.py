"""
The index and the Maildir that it follows.

What is asked of the index is asked here, and by one thread at a time; what takes its time, to list
folders, is done without its lock. An index that breaks, or whose disk is full, is given up for one
in memory.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TypeVar

from gomail.inbox.census import Census
from gomail.inbox.errands import Errands
from gomail.inbox.index import Index
from gomail.inbox.keeping import Keeping
from gomail.inbox.names import is_key
from gomail.inbox.row import Row
from gomail.reading.maildir import NoSuchMessage

#: Messages that have come, of which the last are remembered until somebody asks.
COME = 100

_RACES = 10  # with other readers, for one file's name

T = TypeVar("T")


class Following:
    """What the inbox knows of the Maildir at *maildir*; *index* and *say* are as for `Mailbox`."""

    def __init__(self, maildir: Path, index: Path | None, say: Callable[[str], object]) -> None:
        self._path = maildir
        self._say = say
        self._keeping = Keeping(index, self._identity, say)
        self._lock = RLock()
        self._open: tuple[Census, Index] | None = None
        self._given_up = 0
        self._changes = 0  # that were counted with indexes before
        self._watched: set[str] = set()
        #: Folders that could not be read when they were followed last.
        self.unreadable: frozenset[str] = frozenset()
        self._come: deque[tuple[str, str]] = deque(maxlen=COME)
        self._errands = Errands(1, "gomail-inbox-lists")
        self._has_begun = False

    def close(self) -> None:
        """Leave the index to others."""
        self._errands.close()
        with self._lock:
            if self._open is not None:
                self._open[1].close()
            self._open = None

    def do(self, work: Callable[[Census, Index], T]) -> T:
        """Do something with the index, alone, and without waiting for anything."""
        with self._lock:
            return work(*self._opened())

    def surviving(self, work: Callable[[], T]) -> T:
        """Do something that asks the index; once more with a new one if it breaks meanwhile."""
        while True:
            given_up = self._given_up
            try:
                done = work()
            except sqlite3.Error as failure:
                self._give_up(failure, given_up)
            else:
                if self._given_up == given_up:
                    return done

    def _give_up(self, failure: sqlite3.Error, given_up: int) -> None:
        """Have the index in memory from now on, unless another thread has seen to that."""
        with self._lock:
            if self._given_up != given_up:
                return
            index = None if self._open is None else self._open[1]
            self._go_on_with(self._keeping.give_up(index, failure))

    def _return(self) -> None:
        """Have the index in its file again, if the disk was full and is not any more."""
        with self._lock:
            index = self._keeping.returned(self._opened()[1])
            if index is not None:
                self._go_on_with(index)

    def _go_on_with(self, index: Index | None) -> None:
        """Ask another index from now on; whoever has begun with the one before begins again."""
        if self._open is not None:
            self._changes = self._open[0].changes + 1
        self._open = None if index is None else self._with_census(index)
        self._given_up += 1

    def _opened(self) -> tuple[Census, Index]:
        if self._open is None:
            self._open = self._with_census(self._keeping.open())
        return self._open

    def _with_census(self, index: Index) -> tuple[Census, Index]:
        census = Census(self._path, index, self._lock)
        census.changes = self._changes
        return census, index

    def _identity(self) -> str:
        return f"{self._path.resolve()} {self._path.stat().st_ino}"

    @property
    def census(self) -> Census:
        """The folders."""
        return self.do(lambda census, _: census)

    def follow(self, folder: str, *, surely: bool = False) -> None:
        """
        Have the index follow a folder, and remember what has come to it since it was watched.

        Raises:
            NoSuchMessage: there is no such folder.
            OSError: it can't be listed.
        """
        census = self.census
        with census.listing:
            try:
                come = census.refresh(folder, surely=surely)
            except OSError as failure:
                self._tell_unreadable(folder, failure)
                raise
            with self._lock:
                # What lies in a new folder has come there; in one that could not be read it was.
                is_new = self._has_begun and folder not in self.unreadable
                if is_new or folder in self._watched:
                    self._come.extend((each.folder, each.key) for each in come)
                self._watched.add(folder)
                self.unreadable -= {folder}

    def _tell_unreadable(self, folder: str, failure: OSError) -> None:
        """Remember that a folder can't be read, and say it once."""
        with self._lock:
            if folder not in self.unreadable:
                where = repr(folder) if folder else "the inbox"
                self._say(f"what comes to {where} is not seen: {failure.strerror}")
            self.unreadable |= {folder}

    def follow_all(self, but: str | None = None) -> list[str]:
        """Have the index follow all folders that can be read, *but* one; give the names of all."""
        self._return()
        names = self.census.folders()
        for name in (each for each in names if each != but):
            # It has just gone, or can't be read, which is told.
            with suppress(NoSuchMessage, OSError):
                self.follow(name)
        return names

    def follow_within(self, folder: str, patience: float | None) -> float | None:
        """
        Have the index follow all folders, one of them first; wait for so many seconds, or for ever.

        A folder that the index has never followed is waited for, since there is nothing to show.

        Returns:
            how many of the seconds are left; None for ever.

        Raises:
            NoSuchMessage, OSError: as `follow` does.
        """
        if patience is None or not self.census.knows(folder):
            self.follow(folder)
            self.follow_all(but=folder)
            return None
        until = time.monotonic() + patience
        first, rest = partial(self.follow, folder), partial(self.follow_all, folder)
        if self._errands.run(folder, lambda: self.surviving(first), patience):
            self._errands.run(None, lambda: self.surviving(rest), until - time.monotonic())
        return until - time.monotonic()

    def taken(self, index: Index, again: list[tuple[str, str]]) -> dict[str, list[Row]]:
        """
        Give what has come, by folders, and forget it; what comes from now on is new.

        What is forgotten is added to *again*, and all of that is given: whoever began, and has to
        begin again with another index, is given it once more.
        """
        self._has_begun = True
        again += self._come
        self._come.clear()
        return index.rows(dict.fromkeys(again))

    def row(self, folder: str, key: str, *, surely: bool = False) -> Row:
        """
        Give a message as the index has it, or raise NoSuchMessage.

        The folder is followed first where the index has none such, or *surely*.
        """

        def read(_: Census, index: Index) -> Row | None:
            return index.row(folder, key) if is_key(key) else None

        row = None if surely else self.do(read)
        if row is None:
            self.follow(folder, surely=surely)
            row = self.do(read)
        if row is None:
            raise NoSuchMessage(key)
        return row

    def with_file(self, folder: str, key: str, work: Callable[[Row, Mapping[str, int]], T]) -> T:
        """
        Do something with a message's file, which other readers may rename meanwhile.

        *work* is given the descriptors of new/ and cur/, too, as far as they exist.

        Raises:
            NoSuchMessage: it is not there (any more).
        """
        for race in range(_RACES):
            row = self.row(folder, key, surely=race > 0)
            with self.census.opened(folder) as opened:
                try:
                    return work(row, opened)
                except FileNotFoundError:
                    continue
        raise NoSuchMessage(key)
