"""
Which messages there are: the folders of a Maildir compared with the index, which follows them.

Not safe to share by threads: callers hold a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from gomail.inbox.index import Index
from gomail.inbox.names import folder_names, key_of
from gomail.inbox.scan import Listing, Seen, look_again, read_names
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
    """

    listings: dict[str, Listing]
    kept: dict[str, str]
    is_empty: bool
    doubles: dict[str, list[Seen]] = field(default_factory=dict)

    def stamps(self) -> dict[str, str]:
        """Give what tells whether it has changed; nothing with doubles, which no index has."""
        return {place: "" if self.doubles else each.stamp for place, each in self.listings.items()}


class Census:
    """The folders of *maildir*, as *index* has them."""

    def __init__(self, maildir: Maildir, index: Index) -> None:
        self._maildir = maildir
        self._index = index
        self._known: dict[str, _Known] = {}
        self._on_disk: dict[str, str] = {}
        #: How often something was found to have changed.
        self.changes = 0

    def folders(self) -> list[str]:
        """Give the folders' names; forget those that are gone."""
        names = {"": "", **folder_names(name for name in self._maildir.folders() if name)}
        if names != self._on_disk:
            self._on_disk = names
            self._known = {name: each for name, each in self._known.items() if name in names}
            self._index.keep_folders(names)
            self.changes += 1
        return list(names)

    @contextmanager
    def opened(self, folder: str) -> Iterator[dict[str, int]]:
        """
        Open new/ and cur/ of a folder, as far as they exist.

        Raises:
            NoSuchMessage: there is no such folder.
        """
        if folder not in self._on_disk:
            self.folders()
        if folder not in self._on_disk:
            raise NoSuchMessage(folder)
        with self._maildir.opened_listed(self._on_disk[folder]) as found:
            yield found

    def refresh(self, folder: str, *, surely: bool = False) -> list[Seen]:
        """
        Have the index follow a folder, if that has changed, or *surely*; give what has come to it.

        Raises:
            NoSuchMessage: there is no such folder.
            OSError: it can't be listed.
        """
        with self.opened(folder) as opened:
            known = self._known.get(folder)
            if known is None:
                known = self._known[folder] = self._remembered(folder)
            indexed = partial(self._index.files, folder)
            difference = look_again(opened, known.listings, indexed, surely=surely)
            come = read_names(folder, difference.come, opened)
        added: list[Seen] = []
        if difference.come or difference.gone:
            self.changes += 1
            added = self._follow(folder, known, _keys(difference.gone), _by_key(come))
        if known.stamps() != known.kept:
            known.kept = known.stamps()
            self._index.keep_stamps(folder, known.kept)
        return added

    def renamed(self, folder: str, before: tuple[bool, str], seen: Seen) -> None:
        """Have the index follow a file that we have renamed ourselves."""
        self._index.rename([seen])
        known = self._known[folder]
        for place, name, names in (
            (NEW if before[0] else CUR, before[1], frozenset.difference),
            (NEW if seen.recent else CUR, seen.file, frozenset.union),
        ):
            listing = known.listings[place]
            if listing.names is not None:
                listing.names = names(listing.names, {name})

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
