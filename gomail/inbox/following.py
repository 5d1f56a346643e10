"""
The index and the Maildir that it follows, under one lock.

What is asked of the index is asked here, and by one thread at a time; what takes its time, to look
into messages, is done without the lock. An index that breaks is given up for one in memory.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import RLock
from typing import TypeVar

from gomail.inbox.census import Census
from gomail.inbox.filling import Filling, is_as_known, look_into
from gomail.inbox.index import Index, Row
from gomail.inbox.listed import Listed
from gomail.inbox.names import is_key
from gomail.inbox.opening import discard, open_index
from gomail.reading.batch import BATCH, Head
from gomail.reading.maildir import Maildir, NoSuchMessage

#: Messages that have come, of which the last are remembered until somebody asks.
COME = 100

_RACES = 10  # with other readers, for one file's name

T = TypeVar("T")


class Following:
    """What the inbox knows of the Maildir at *maildir*; *index* and *say* are as for `Mailbox`."""

    def __init__(self, maildir: Path, index: Path | None, say: Callable[[str], object]) -> None:
        self._path = maildir
        self._maildir = Maildir(maildir)
        self._file = index
        self._say = say
        self._lock = RLock()
        self._open: tuple[Census, Index] | None = None
        self._watched: set[str] = set()
        self._unreadable: set[str] = set()
        self._come: deque[tuple[str, str]] = deque(maxlen=COME)
        self._filling = Filling(self._fill)
        self._has_begun = False
        #: The folder whose messages are looked into first.
        self.first = ""

    def close(self) -> None:
        """Leave the index to others."""
        self._filling.close()
        with self._lock:
            if self._open is not None:
                self._open[1].close()
            self._open = None

    def do(self, work: Callable[[Census, Index], T]) -> T:
        """Do something with the index, alone; once more with a new one if it is broken."""
        with self._lock:
            try:
                return work(*self._opened())
            except sqlite3.Error as failure:
                if self._file is None:
                    raise
                self._say(f"the index {self._file} is broken ({failure}), and is kept in memory")
                if self._open is not None:
                    self._open[1].close()
                discard(self._file)
                self._open, self._file = None, None
                return work(*self._opened())

    def _opened(self) -> tuple[Census, Index]:
        if self._open is None:
            identity = f"{self._path.resolve()} {self._path.stat().st_ino}"
            index = open_index(self._file, identity, self._say)
            self._open = Census(self._maildir, index), index
        return self._open

    def refresh(self, census: Census, folder: str, *, surely: bool = False) -> None:
        """Have the index follow a folder, and remember what has come to it since it was watched."""
        come = census.refresh(folder, surely=surely)
        # What lies in a folder that is new has come there; in one that could not be read it was.
        is_new = self._has_begun and folder not in self._unreadable
        if is_new or folder in self._watched:
            self._come.extend((each.folder, each.key) for each in come)
        self._watched.add(folder)
        self._unreadable.discard(folder)

    def refresh_all(self, census: Census) -> list[str]:
        """Have the index follow all folders that can be read, and give the names of all."""
        names = census.folders()
        for name in names:
            try:
                self.refresh(census, name)
            except NoSuchMessage:  # it has just gone
                continue
            except OSError as failure:
                if name not in self._unreadable:
                    where = repr(name) if name else "the inbox"
                    self._say(f"what comes to {where} is not seen: {failure.strerror}")
                self._unreadable.add(name)
        return names

    def taken(self, index: Index) -> dict[str, list[Row]]:
        """Give what has come, by folders, and forget it; what comes from now on is new."""
        self._has_begun = True
        come: dict[str, list[Row]] = {}
        for folder, key in self._come:
            row = index.row(folder, key)
            if row is not None:
                come.setdefault(folder, []).append(row)
        self._come.clear()
        return come

    def row(self, folder: str, key: str, *, surely: bool = False) -> Row:
        """Give a message as the index has it now, or raise NoSuchMessage."""

        def read(census: Census, index: Index) -> Row:
            self.refresh(census, folder, surely=surely)
            row = index.row(folder, key) if is_key(key) else None
            if row is None:
                raise NoSuchMessage(key)
            return row

        return self.do(read)

    def with_file(self, folder: str, key: str, work: Callable[[Row, Mapping[str, int]], T]) -> T:
        """
        Do something with a message's file, which other readers may rename meanwhile.

        *work* is given the descriptors of new/ and cur/, too, as far as they exist.

        Raises:
            NoSuchMessage: it is not there (any more).
        """
        for race in range(_RACES):
            row = self.row(folder, key, surely=race > 0)
            with self.opened(folder) as opened:
                try:
                    return work(row, opened)
                except FileNotFoundError:
                    continue
        raise NoSuchMessage(key)

    def opened(self, folder: str) -> AbstractContextManager[dict[str, int]]:
        """Open new/ and cur/ of a folder."""
        return self.do(lambda census, _: census.opened(folder))

    def completed(self, folder: str, rows: Sequence[Row]) -> list[Listed]:
        """Look into messages that were not, or have changed; leave out those that have gone."""
        with self.opened(folder) as opened:
            wanting = [row for row in rows if not is_as_known(opened, row)]
            heads = look_into(opened, wanting) if wanting else []
        if not wanting:
            return [row.listed for row in rows]
        self._learn(folder, wanting, heads)

        def read(_: Census, index: Index) -> list[Listed]:
            found = (index.row(folder, row.listed.key) for row in rows)
            return [row.listed for row in found if row is not None]

        return self.do(read)

    def _learn(self, folder: str, rows: Sequence[Row], heads: Sequence[Head | None]) -> None:
        """Keep what was read in messages, and follow those that have gone meanwhile."""
        pairs = zip(rows, heads, strict=True)
        known = [(row.listed.key, head) for row, head in pairs if head is not None]

        def keep(census: Census, index: Index) -> None:
            index.learn(folder, known)
            if len(known) < len(rows):
                self.refresh(census, folder, surely=True)

        self.do(keep)

    def fill(self) -> None:
        """Have all messages looked into, in a thread."""
        self._filling.begin()

    def _fill(self) -> bool:
        """Look into some messages, the newest of a folder; tell whether there may be more."""
        try:
            folders = self.do(lambda census, _: census.folders())
            folders.sort(key=lambda name: name != self.first)
            return any(self.look_into_some(folder) for folder in folders)
        except OSError:  # the Maildir has gone
            return False

    def look_into_some(self, folder: str) -> bool:
        """Look into the newest messages of a folder that were not; tell whether there were any."""
        rows = self.do(lambda _, index: index.unknown(folder, BATCH))
        if not rows:
            return False
        try:
            with self.opened(folder) as opened:
                heads = look_into(opened, rows)
            self._learn(folder, rows, heads)
        except (OSError, NoSuchMessage):  # it can't be read, or has gone
            return False
        return any(head is not None for head in heads)
