"""
Which messages there are: the folders of a Maildir compared with the index, which follows them.

Threads may share it. Folders are listed by one of them at a time, and without the lock of the
index: that is held for moments, so that others can read what the index knows meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import RLock

from gomail.inbox.index import Index
from gomail.inbox.names import folder_names, key_of
from gomail.inbox.scan import (
    Difference,
    Listing,
    Seen,
    look_again,
    read_names,
    stamp_at,
    stamp_of,
)
from gomail.reading.maildir import CUR, NEW, Maildir, NoSuchMessage, unique_name

_File = tuple[bool, str]  # whether it lies in new/, and its name


@dataclass(slots=True)
class _Known:
    """
    What is known of a folder.

    Attributes:
        listings: of new/ and cur/.
        kept: what the index has kept of what they look like.
        is_empty: whether the index has nothing of it.
        doubles: files that have the unique name of another one, by their key.
        renamed: files that we have renamed ourselves since it was begun to list them.
    """

    listings: dict[str, Listing]
    kept: dict[str, str]
    is_empty: bool
    doubles: dict[str, list[Seen]] = field(default_factory=dict)
    renamed: list[tuple[_File, _File]] = field(default_factory=list)

    def stamps(self) -> dict[str, str]:
        """Give what tells whether it has changed; nothing with doubles, which no index has."""
        return {place: "" if self.doubles else each.stamp for place, each in self.listings.items()}

    def rename(self, before: _File, after: _File) -> None:
        """Have a listing follow a file that we have renamed ourselves."""
        for (recent, name), names in ((before, frozenset.difference), (after, frozenset.union)):
            listing = self.listings[NEW if recent else CUR]
            if listing.names is not None:
                listing.names = names(listing.names, {name})

    def take(self, difference: Difference) -> None:
        """Know what was listed; what we have renamed meanwhile may be in it by either name."""
        self.listings.update(difference.listed)
        for before, after in self.renamed:
            self.rename(before, after)
            difference.come.discard(after)
            difference.gone.discard(before)


class Census:
    """
    The folders of the Maildir at *path*, as *index* has them.

    Args:
        path: of the Maildir.
        index: is asked and changed under *lock* alone.
        lock: of whoever asks the index.
    """

    def __init__(self, path: Path, index: Index, lock: AbstractContextManager[object]) -> None:
        self._path = path
        self._maildir = Maildir(path)
        self._index = index
        self._lock = lock
        self._known: dict[str, _Known] = {}
        self._on_disk: dict[str, str] = {}
        self._root = Listing()
        self._naming = RLock()
        #: Is held by whoever lists a folder; whoever has the lock of the index may not wait for it.
        self.listing = RLock()
        #: How often something was found to have changed.
        self.changes = 0

    def folders(self) -> list[str]:
        """Give the folders' names; forget those that are gone."""
        with self._naming:
            status = self._path.stat()
            if self._root.stamp == stamp_of(status):
                return list(self._on_disk)
            stamp = self._root.settled(status)
            names = {"": "", **folder_names(name for name in self._maildir.folders() if name)}
            self._root.stamp = stamp
            if names != self._on_disk:
                with self._lock:
                    self._index.keep_folders(names)
                    for name in self._known.keys() - names.keys():
                        del self._known[name]
                    self._on_disk = names
                    self.changes += 1
            return list(names)

    def knows(self, folder: str) -> bool:
        """Tell whether the index has followed a folder before, perhaps long ago."""
        with self._lock:
            return bool(self._index.stamps(folder))

    @contextmanager
    def opened(self, folder: str) -> Iterator[dict[str, int]]:
        """
        Open new/ and cur/ of a folder, as far as they exist.

        Raises:
            NoSuchMessage: there is no such folder.
        """
        if folder not in self._on_disk:
            self.folders()
        on_disk = self._on_disk.get(folder)
        if on_disk is None:
            raise NoSuchMessage(folder)
        try:
            with self._maildir.opened_listed(on_disk) as found:
                yield found
        except NoSuchMessage:
            self._root.stamp = ""
            raise

    def refresh(self, folder: str, *, surely: bool = False) -> list[Seen]:
        """
        Have the index follow a folder, if that has changed, or *surely*; give what has come to it.

        Raises:
            NoSuchMessage: there is no such folder.
            OSError: it can't be listed, or new/ or cur/ in it has gone.
        """
        with self.listing:
            if not surely and not self._has_changed(folder):
                return []
            with self.opened(folder) as opened:
                with self._lock:
                    known = self._known.get(folder) or self._remembered(folder)
                    self._known[folder] = known
                    known.renamed.clear()
                indexed = partial(self._indexed_files, folder)
                difference = look_again(opened, known.listings, indexed, surely=surely)
                come = read_names(folder, difference.come, opened)
            with self._lock:
                return self._keep(folder, known, difference, come)

    def _has_changed(self, folder: str) -> bool:
        """Tell by a stat each whether new/ or cur/ may not be as they were listed."""
        known, on_disk = self._known.get(folder), self._on_disk.get(folder)
        if known is None or on_disk is None:
            return True
        for place, listing in known.listings.items():
            stamp = stamp_at(f"{self._path}/.{on_disk}/{place}")
            if not stamp or stamp != listing.stamp:
                return True
        return False

    def _indexed_files(self, folder: str, place: str) -> frozenset[str]:
        with self._lock:
            return self._index.files(folder, place)

    def _keep(
        self, folder: str, known: _Known, difference: Difference, come: list[Seen]
    ) -> list[Seen]:
        """Have the index follow what was found; give what is new."""
        known.take(difference)
        added: list[Seen] = []
        if difference.come or difference.gone:
            self.changes += 1
            there = [each for each in come if _file(each) in difference.come]
            added = self._follow(folder, known, _keys(difference.gone), _by_key(there))
        if known.stamps() != known.kept:
            known.kept = known.stamps()
            self._index.keep_stamps(folder, known.kept)
        return added

    def renamed(self, folder: str, before: tuple[bool, str], seen: Seen) -> None:
        """Have the index follow a file that we have renamed ourselves; under its lock."""
        self._index.rename([seen])
        known = self._known.get(folder)
        if known is not None:
            known.rename(before, _file(seen))
            known.renamed.append((before, _file(seen)))

    def _remembered(self, folder: str) -> _Known:
        """Begin with the files that the index has of a folder."""
        stamps = self._index.stamps(folder)
        listings = {place: Listing(stamps.get(place, "")) for place in (NEW, CUR)}
        return _Known(listings, stamps, is_empty=self._index.is_empty(folder))

    def _follow(
        self, folder: str, known: _Known, gone: dict[str, set[_File]], come: dict[str, list[Seen]]
    ) -> list[Seen]:
        """Tell the index what is new, what has another name, and what is gone; give what is new."""
        added, renamed, removed = [], [], []
        for key in come.keys() | gone.keys():
            now = None if known.is_empty else self._indexed(folder, key)
            before = [*known.doubles.pop(key, ()), *([now] if now else [])]
            there = {_file(each): each for each in before if _file(each) not in gone.get(key, ())}
            there |= {_file(each): each for each in come.get(key, ())}
            if not there:
                removed.append(key)
                continue
            # Of two files of one message that counts which a reader has moved, perhaps just now.
            *doubles, best = sorted(there.values(), key=lambda each: (not each.recent, each.file))
            if doubles:
                known.doubles[key] = doubles
            if now is None:
                added.append(best)
            elif _file(now) != _file(best):
                renamed.append(best)
        self._index.add(added)
        self._index.rename(renamed)
        self._index.remove(folder, removed)
        known.is_empty = False
        return added

    def _indexed(self, folder: str, key: str) -> Seen | None:
        """Give the file that the index has of a message."""
        row = self._index.row(folder, key)
        if row is None:
            return None
        told = row.listed
        return Seen(folder, key, row.file, told.recent, told.flags, told.time, told.size)


def _file(seen: Seen) -> _File:
    return seen.recent, seen.file


def _by_key(come: Iterable[Seen]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for each in come:
        found.setdefault(each.key, []).append(each)
    return found


def _keys(gone: Iterable[_File]) -> dict[str, set[_File]]:
    found: dict[str, set[_File]] = {}
    for recent, name in gone:
        found.setdefault(key_of(unique_name(name)), set()).add((recent, name))
    return found
