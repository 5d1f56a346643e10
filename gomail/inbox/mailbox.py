"""
A Maildir as the inbox in the browser sees it: listed, searched, opened and marked.

All of it blocks, and may be called by several threads. Nothing is ever deleted: what is done to a
message is a flag, in its file's name. Other readers may do what they like meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from errno import ENOTDIR
from pathlib import Path

from gomail.inbox.census import Census
from gomail.inbox.completing import Completing
from gomail.inbox.following import Following
from gomail.inbox.index import Index
from gomail.inbox.listed import Folder, Listed, Look, NoSuchPage, Page
from gomail.inbox.paging import Stretch, read_stretch
from gomail.inbox.query import read_query
from gomail.inbox.renaming import rename
from gomail.inbox.row import Row
from gomail.inbox.scan import Seen
from gomail.reading.maildir import CUR, NoSuchMessage, open_in, unique_name

__all__ = ["FLAGS", "Folder", "Listed", "Look", "Mailbox", "NoSuchMessage", "NoSuchPage", "Page"]

#: The flags that can be set (maildir(5)).
FLAGS = "DFPRST"


class Mailbox:
    """
    The Maildir at *maildir*, with an index in the file *index*, or in memory without one.

    *say* is told, once, why the index is in memory when it should be in the file, and which folder
    can't be read. A page has *patience* seconds to see what has changed and to look into messages;
    behind that it has what is known, and `look` has the rest. None is to wait for it.
    """

    def __init__(
        self,
        maildir: Path,
        index: Path | None,
        say: Callable[[str], object] = lambda _: None,
        *,
        patience: float | None = None,
    ) -> None:
        self._patience = patience
        self._following = Following(maildir, index, say)
        self._completing = Completing(self._following)

    def close(self) -> None:
        """Leave the index to others."""
        self._completing.close()
        self._following.close()

    def page(self, folder: str, query: str = "", at: str | None = None, count: int = 50) -> Page:
        """
        Give a page of a folder's messages, newest first: those that are met by a query (query.py).

        Raises:
            NoSuchMessage: there is no such folder.
            NoSuchPage: *at* is no place that a page has named.
            OSError: the Maildir can't be listed.
        """
        return self._following.surviving(lambda: self._page(folder, query, at, count))

    def _page(self, folder: str, query: str, at: str | None, count: int) -> Page:
        condition = read_query(query)
        left = self._following.follow_within(folder, self._patience)
        until = None if left is None else time.monotonic() + left
        if query:  # what was never looked into can't be found
            self._completing.look_into_some(folder, left)

        def read(census: Census, index: Index) -> tuple[Stretch, int]:
            return read_stretch(index, folder, condition, at, count), census.changes

        stretch, changes = self._following.do(read)
        left = None if until is None else until - time.monotonic()
        entries = self._completing.completed(folder, stretch.rows, left)
        unknown = self._following.do(lambda _, index: index.count_unknown(folder))
        if unknown:
            self._completing.first = folder
        self._completing.fill_if_wanted()
        names = self._following.census.folders()
        if folder not in names:  # it has gone meanwhile
            raise NoSuchMessage(folder)
        return Page(
            tuple(entries),
            stretch.older,
            stretch.newer,
            stretch.total,
            unknown,
            self._counted(names),
            changes,
        )

    def _counted(self, names: Sequence[str]) -> tuple[Folder, ...]:
        counts = self._following.do(lambda _, index: index.folders())
        unreadable = self._following.unreadable
        return tuple(
            Folder(name, *counts.get(name, (0, 0)), readable=name not in unreadable)
            for name in names
        )

    def folders(self) -> tuple[Folder, ...]:
        """
        Give all folders, and what is known of them.

        Raises:
            OSError: the Maildir can't be listed.
        """
        return self._following.surviving(lambda: self._counted(self._following.census.folders()))

    def find(self, folder: str, key: str) -> Listed:
        """Give one message, or raise NoSuchMessage."""
        return self._following.surviving(
            lambda: self._found(folder, key, [self._following.row(folder, key)])
        )

    def _found(self, folder: str, key: str, rows: Sequence[Row]) -> Listed:
        found = self._completing.completed(folder, rows, self._patience)
        if not found:
            raise NoSuchMessage(key)
        return found[0]

    def open(self, folder: str, key: str) -> int:
        """
        Open a message and give its file descriptor.

        Raises:
            NoSuchMessage: it is not in *folder* (any more).
            OSError: it may not be read.
        """

        def work(row: Row, opened: Mapping[str, int]) -> int:
            return open_in(_descriptor(opened, row.place), row.file)

        return self._following.surviving(lambda: self._following.with_file(folder, key, work))

    def mark(self, folder: str, key: str, *, add: str = "", remove: str = "") -> Listed:
        """
        Set and unset flags of a message, by a new name of its file, in cur/ if it has any.

        Raises:
            NoSuchMessage: it is not in *folder* (any more).
            ValueError: there is no such flag.
            OSError: the file can't be given another name.
        """
        if set(add + remove).difference(FLAGS):
            raise ValueError(f"flags are of {FLAGS}, not {add + remove!r}")

        def work(row: Row, opened: Mapping[str, int]) -> None:
            told = row.listed
            flags = "".join(sorted(set(told.flags).union(add).difference(remove)))
            if flags == told.flags and not (told.recent and flags):
                return
            name = f"{unique_name(row.file)}:2,{flags}"
            old, new = _descriptor(opened, row.place), _descriptor(opened, CUR)
            seen = Seen(folder, key, name, recent=False, flags=flags, time=told.time, size=None)

            def follow(census: Census, _: Index) -> None:
                # Under the lock, lest another thread sees this name, and yet another, before this.
                rename(old, row.file, new, name)
                census.renamed(folder, (told.recent, row.file), seen)

            self._following.do(follow)

        def marked() -> Listed:
            self._following.with_file(folder, key, work)
            row = self._following.do(lambda _, index: index.row(folder, key))
            return self._found(folder, key, [] if row is None else [row])

        return self._following.surviving(marked)

    def neighbours(self, folder: str, key: str) -> tuple[str | None, str | None]:
        """Give the keys of the next newer and the next older message, or raise NoSuchMessage."""

        def beside() -> tuple[list[Row], list[Row]]:
            told = self._following.row(folder, key).listed
            place = told.time, told.key
            return self._following.do(
                lambda _, index: (index.newer(folder, place, 1), index.older(folder, place, 1))
            )

        newer, older = self._following.surviving(beside)
        return _first_key(newer), _first_key(older)

    def look(self) -> Look:
        """
        Look at all folders; the first look only begins.

        Raises:
            OSError: the Maildir can't be listed.
        """
        come: list[tuple[str, str]] = []
        completed: list[tuple[str, str]] = []
        return self._following.surviving(lambda: self._look(come, completed))

    def _look(self, has_come: list[tuple[str, str]], was_completed: list[tuple[str, str]]) -> Look:
        names = self._following.follow_all()

        come = self._following.do(lambda _, index: self._following.taken(index, has_come))
        completed = self._following.do(
            lambda _, index: self._completing.taken(index, was_completed)
        )
        changes = self._following.do(lambda census, _: census.changes)
        told: list[Listed] = []
        for folder, rows in come.items():
            told += self._completing.completed(folder, rows, self._patience)
        self._completing.fill_if_wanted()
        return Look(
            tuple(sorted(told, key=lambda each: (each.time, each.key), reverse=True)),
            tuple(row.listed for rows in completed.values() for row in rows),
            self._counted(names),
            changes,
        )


def _first_key(rows: Sequence[Row]) -> str | None:
    """Give the key of the first message, if there is any."""
    return rows[0].listed.key if rows else None


def _descriptor(opened: Mapping[str, int], place: str) -> int:
    """Give the descriptor of new/ or cur/."""
    if place not in opened:
        raise NotADirectoryError(ENOTDIR, f"there is no folder {place}/", place)
    return opened[place]
