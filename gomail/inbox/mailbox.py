"""
A Maildir as the inbox in the browser sees it: listed, searched, opened and marked.

All of it blocks, and may be called by several threads. Nothing is ever deleted: what is done to a
message is a flag, in its file's name. Other readers may do what they like meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from errno import ENOTDIR
from pathlib import Path

from gomail.inbox.census import Census
from gomail.inbox.following import Following
from gomail.inbox.index import Index, Row
from gomail.inbox.listed import Folder, Listed, NoSuchPage, Page
from gomail.inbox.paging import Stretch, read_stretch
from gomail.inbox.query import read_query
from gomail.inbox.renaming import rename
from gomail.inbox.scan import Seen
from gomail.reading.maildir import CUR, NoSuchMessage, open_in, unique_name

__all__ = ["FLAGS", "Folder", "Listed", "Mailbox", "NoSuchMessage", "NoSuchPage", "Page"]

#: The flags that can be set (maildir(5)).
FLAGS = "DFPRST"


class Mailbox:
    """
    The Maildir at *maildir*, with an index in the file *index*, or in memory without one.

    *say* is told, once, why the index is in memory when it should be in the file, and which folder
    can't be read.
    """

    def __init__(
        self, maildir: Path, index: Path | None, say: Callable[[str], object] = lambda _: None
    ) -> None:
        self._following = Following(maildir, index, say)

    def close(self) -> None:
        """Leave the index to others."""
        self._following.close()

    @property
    def changes(self) -> int:
        """How often the Maildir was found to have changed, by whomever."""
        return self._following.do(lambda census, _: census.changes)

    def folders(self) -> tuple[Folder, ...]:
        """
        Give all folders, the inbox first; one that can't be read as it was when it could.

        Raises:
            OSError: the Maildir can't be listed.
        """

        def count(census: Census, index: Index) -> tuple[Folder, ...]:
            names = self._following.refresh_all(census)
            counts = index.folders()
            return tuple(Folder(name, *counts.get(name, (0, 0))) for name in names)

        folders = self._following.do(count)
        self._following.fill()
        return folders

    def page(self, folder: str, query: str = "", at: str | None = None, count: int = 50) -> Page:
        """
        Give a page of a folder's messages, newest first: those that are met by a query (query.py).

        Raises:
            NoSuchMessage: there is no such folder.
            NoSuchPage: *at* is no place that a page has named.
            OSError: the Maildir can't be listed.
        """
        condition = read_query(query)
        self._following.do(lambda census, _: self._following.refresh(census, folder))
        if query:  # what was never looked into can't be found
            self._following.look_into_some(folder)

        def read(_: Census, index: Index) -> Stretch:
            return read_stretch(index, folder, condition, at, count)

        stretch = self._following.do(read)
        entries = self._following.completed(folder, stretch.rows)
        unknown = self._following.do(lambda _, index: index.count_unknown(folder))
        if unknown:
            self._following.first = folder
            self._following.fill()
        return Page(tuple(entries), stretch.older, stretch.newer, stretch.total, unknown)

    def find(self, folder: str, key: str) -> Listed:
        """Give one message, or raise NoSuchMessage."""
        return self._found(folder, key, [self._following.row(folder, key)])

    def _found(self, folder: str, key: str, rows: Sequence[Row]) -> Listed:
        found = self._following.completed(folder, rows)
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

        return self._following.with_file(folder, key, work)

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
            rename(_descriptor(opened, row.place), row.file, _descriptor(opened, CUR), name)
            seen = Seen(folder, key, name, recent=False, flags=flags, time=told.time, size=None)
            before = told.recent, row.file
            self._following.do(lambda census, _: census.renamed(folder, before, seen))

        # Under the lock, lest another thread sees this name, and yet another, before we say so.
        self._following.do(lambda *_: self._following.with_file(folder, key, work))
        row = self._following.do(lambda _, index: index.row(folder, key))
        return self._found(folder, key, [] if row is None else [row])

    def neighbours(self, folder: str, key: str) -> tuple[str | None, str | None]:
        """Give the keys of the next newer and the next older message, or raise NoSuchMessage."""
        listed = self._following.row(folder, key).listed
        place = listed.time, listed.key

        def read(_: Census, index: Index) -> tuple[list[Row], list[Row]]:
            return index.newer(folder, place, 1), index.older(folder, place, 1)

        newer, older = ([row.listed.key for row in rows] for rows in self._following.do(read))
        return next(iter(newer), None), next(iter(older), None)

    def look(self) -> tuple[Listed, ...]:
        """
        Give what has come since the last look, newest first: a hundred messages at most.

        What others have renamed or removed is known then, too. The first look only begins.

        Raises:
            OSError: the Maildir can't be listed.
        """

        def notice(census: Census, index: Index) -> dict[str, list[Row]]:
            self._following.refresh_all(census)
            return self._following.taken(index)

        found: list[Listed] = []
        for folder, rows in self._following.do(notice).items():
            found += self._following.completed(folder, rows)
        if found:
            self._following.fill()
        return tuple(sorted(found, key=lambda each: (each.time, each.key), reverse=True))


def _descriptor(opened: Mapping[str, int], place: str) -> int:
    """Give the descriptor of new/ or cur/."""
    if place not in opened:
        raise NotADirectoryError(ENOTDIR, f"there is no folder {place}/", place)
    return opened[place]
