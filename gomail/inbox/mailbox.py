"""A Maildir as the web inbox sees it: listed, searched, opened and marked. Blocks; safe to share by threads."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from threading import RLock

from gomail.inbox.listed import Folder, Listed, NoSuchPage, Page
from gomail.reading.batch import UNREADABLE, Head, read_heads
from gomail.reading.maildir import Entry, Maildir, NoSuchMessage

__all__ = ["Folder", "Listed", "Mailbox", "NoSuchMessage", "NoSuchPage", "Page"]

FLAGS = "DFPRST"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Mailbox:
    """The Maildir at *maildir*, with an index in the file *index*, or in memory without one."""

    def __init__(self, maildir: Path, index: Path | None) -> None:
        self._path = maildir
        self._maildir = Maildir(maildir)
        self._heads: dict[tuple[str, str], Head] = {}
        self._known: set[tuple[str, str]] | None = None
        self._lock = RLock()

    def folders(self) -> tuple[Folder, ...]:
        """Give all folders, the inbox first."""
        found = ((name, self._maildir.entries(name)) for name in self._maildir.folders())
        return tuple(
            Folder(name, len(entries), sum("S" not in each.flags for each in entries))
            for name, entries in found
        )

    def page(self, folder: str, query: str = "", at: str | None = None, count: int = 50) -> Page:
        """
        Give a page of a folder's messages, newest first.

        Raises:
            NoSuchMessage: there is no such folder.
            NoSuchPage: *at* is not what a page has given.
        """
        entries = self._listed(folder, self._maildir.entries(folder))
        words = query.casefold().split()
        entries = [each for each in entries if all(word in _text(each) for word in words)]
        try:
            begin = max(int(at or "0"), 0)
        except ValueError:
            raise NoSuchPage(at) from None
        older = str(begin + count) if begin + count < len(entries) else None
        newer = str(max(begin - count, 0)) if begin else None
        return Page(tuple(entries[begin : begin + count]), older, newer, len(entries))

    def find(self, folder: str, key: str) -> Listed:
        """Give one message, or raise NoSuchMessage."""
        return self._listed(folder, (self._entry(folder, key),))[0]

    def open(self, folder: str, key: str) -> int:
        """Open a message and give its file descriptor, or raise NoSuchMessage."""
        return self._maildir.open(self._entry(folder, key).name, folder)

    def mark(self, folder: str, key: str, *, add: str = "", remove: str = "") -> Listed:
        """
        Set and unset flags of a message, by a new name of its file.

        Raises:
            NoSuchMessage: it is not in *folder* (any more).
            ValueError: there is no such flag.
            OSError: the file can't be given another name.
        """
        if set(add + remove) - set(FLAGS):
            raise ValueError(f"flags are of {FLAGS}, not {add + remove!r}")
        entry = self._entry(folder, key)
        flags = "".join(sorted((set(entry.flags) | set(add)) - set(remove)))
        if flags != entry.flags:
            home = self._path / (f".{folder}" if folder else "")
            for place in ("new", "cur"):
                for file in (home / place).iterdir():
                    if file.name.partition(":")[0] == entry.name:
                        file.rename(home / "cur" / f"{entry.name}:2,{flags}")
        return self.find(folder, key)

    def neighbours(self, folder: str, key: str) -> tuple[str | None, str | None]:
        """Give the keys of the next newer and the next older message."""
        keys = [_key(each) for each in self._maildir.entries(folder)]
        if key not in keys:
            raise NoSuchMessage(key)
        at = keys.index(key)
        return keys[at - 1] if at else None, keys[at + 1] if at + 1 < len(keys) else None

    def look(self) -> tuple[Listed, ...]:
        """Give what has come since the last look, newest first; nothing at the first."""
        entries = [each for name in self._maildir.folders() for each in self._entries(name)]
        with self._lock:
            known, self._known = self._known, {(each.folder, each.name) for each in entries}
        if known is None:
            return ()
        come = [each for each in entries if (each.folder, each.name) not in known]
        found = [listed for each in come for listed in self._listed(each.folder, (each,))]
        return tuple(sorted(found, key=lambda each: each.time, reverse=True))

    def _entries(self, folder: str) -> tuple[Entry, ...]:
        with suppress(NoSuchMessage):
            return self._maildir.entries(folder)
        return ()

    def _entry(self, folder: str, key: str) -> Entry:
        for entry in self._maildir.entries(folder):
            if _key(entry) == key:
                return entry
        raise NoSuchMessage(key)

    def _listed(self, folder: str, entries: tuple[Entry, ...]) -> list[Listed]:
        with self._lock:
            self._read([each for each in entries if (folder, each.name) not in self._heads], folder)
            heads = [self._heads[folder, each.name] for each in entries]
        return [_listed(entry, head) for entry, head in zip(entries, heads, strict=True)]

    def _read(self, entries: list[Entry], folder: str) -> None:
        home = self._path / (f".{folder}" if folder else "")
        opened = [os.open(home / place, _FOLDER) for place in ("new", "cur")]
        try:
            names = []
            for entry in entries:
                for at, descriptor in enumerate(opened):
                    names += [
                        (at, os.fsencode(name))
                        for name in os.listdir(descriptor)
                        if name.partition(":")[0] == entry.name
                    ][:1]
            heads = read_heads(opened, names)
            for entry, head in zip(entries, heads, strict=True):
                self._heads[folder, entry.name] = head or UNREADABLE
        finally:
            for descriptor in opened:
                os.close(descriptor)


def _key(entry: Entry) -> str:
    return blake2b(os.fsencode(entry.name), digest_size=12).hexdigest()


def _listed(entry: Entry, head: Head) -> Listed:
    return Listed(
        key=_key(entry),
        folder=entry.folder,
        subject=head.subject,
        author=head.author,
        recipients=head.recipients,
        time=entry.time,
        dated=head.dated,
        size=entry.size,
        flags=entry.flags,
        recent=entry.recent,
    )


def _text(listed: Listed) -> str:
    return f"{listed.author}\n{listed.recipients}\n{listed.subject}".casefold()
