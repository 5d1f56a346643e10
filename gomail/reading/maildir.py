"""
A Maildir listed, and its messages opened by their unique names.

Names come from outside (a web page, a command line) and are only ever compared with what lies in
the Maildir, never made into a path. No symbolic link is followed below the Maildir's own path.
Nothing is written, moved or marked.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from errno import EINVAL, ELOOP, ENOENT, ENOTDIR
from pathlib import Path

NEW, CUR = "new", "cur"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that someone has put there would wait for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ABSENT = frozenset({ENOENT, ENOTDIR, ELOOP})  # a link is one of the last two, as systems have it

# maildir(5): a unique name begins with the seconds; the microseconds follow an M.
_TIME = re.compile(r"(\d{1,12})\.(?:M(\d{1,6})(?!\d))?", re.ASCII)


class NoSuchMessage(LookupError):
    """There is no message of that name in that folder, nor perhaps the folder."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A message in a listing.

    `folder` is "" for the inbox; `recent` is what lies in new/; `flags` are those of maildir(5);
    `time` is in seconds since 1970, from the name if it tells.
    """

    name: str
    folder: str
    recent: bool
    flags: str
    time: float
    size: int


class Maildir:
    """The Maildir at *path*, with its Maildir++ folders."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def folders(self) -> tuple[str, ...]:
        """
        Return the folders that exist: "" for the inbox, then names such as ``Lists.python``.

        Raises:
            OSError: the Maildir cannot be listed.
        """
        with os.scandir(self._path) as found:
            names = [
                entry.name[1:]
                for entry in found
                if entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]
        return ("", *sorted(names))

    def entries(self, folder: str = "") -> tuple[Entry, ...]:
        """
        Return the messages in *folder*, newest first.

        Raises:
            NoSuchMessage: there is no such folder.
            OSError: the Maildir cannot be listed.
        """
        with self.opened(folder) as subfolders:
            found = [
                _read_entry(entry, status, folder, recent=subfolder == NEW)
                for subfolder, descriptor in subfolders.items()
                for entry, status in _list_statuses(descriptor)
            ]
        return tuple(sorted(found, key=lambda entry: (entry.time, entry.name), reverse=True))

    def open(self, name: str, folder: str = "") -> int:
        """
        Open the message of that unique *name* and return its file descriptor.

        Raises:
            NoSuchMessage: it is not in *folder* (or no longer).
            OSError: the Maildir cannot be listed, or the file not be read.
        """
        with self.opened(folder) as subfolders:
            for descriptor in subfolders.values():
                filename = _find_file(descriptor, name)
                if filename is not None:
                    return open_in(descriptor, filename)
        raise NoSuchMessage(name)

    @contextmanager
    def opened(self, folder: str = "") -> Iterator[dict[str, int]]:
        """
        Open new/ and cur/ of *folder*, in this order, as far as they exist; close them at the end.

        Raises:
            NoSuchMessage: there is no such folder.
            OSError: the Maildir cannot be listed, or one of the two not be read.
        """
        if folder not in self.folders():
            raise NoSuchMessage(folder)
        with self.opened_listed(folder) as found:
            yield found

    @contextmanager
    def opened_listed(self, folder: str) -> Iterator[dict[str, int]]:
        """
        Open new/ and cur/ of a folder that `folders` has named, without listing all of them anew.

        Raises:
            NoSuchMessage, OSError: as `opened` does.
        """
        with ExitStack() as stack:

            def enter(name: str, parent: int) -> int | None:
                descriptor = _open_folder(name, parent)
                if descriptor is not None:
                    stack.callback(os.close, descriptor)
                return descriptor

            # The Maildir's own path may be a link: "/." follows it. The inbox is the dot alone.
            maildir = os.open(f"{self._path}/.", _FOLDER)
            stack.callback(os.close, maildir)
            home = enter(f".{folder}", maildir)
            if home is None:
                raise NoSuchMessage(folder)
            found = {place: enter(place, home) for place in (NEW, CUR)}
            yield {place: each for place, each in found.items() if each is not None}


def open_stored(path: Path) -> int:
    """
    Open the message that was stored at *path*, in cur/ if a reader has moved it there since.

    Raises:
        OSError: it is gone, may not be read, or is not a regular file.
    """
    try:
        return open_in(None, path)
    except FileNotFoundError:
        if path.parent.name != NEW:
            raise
    folder = os.open(path.parent.parent / CUR, _FOLDER)
    try:
        filename = _find_file(folder, path.name)
        if filename is None:
            raise FileNotFoundError(ENOENT, "moved or removed")
        return open_in(folder, filename)
    finally:
        os.close(folder)


def open_in(folder: int | None, name: str | Path) -> int:
    """
    Open a message's file in an open folder, no link and nothing that would wait.

    Raises:
        OSError: it is not there, may not be read, or is not a regular file.
    """
    descriptor = os.open(name, _FILE, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(EINVAL, "not a regular file")
    return descriptor


def _open_folder(name: str, parent: int) -> int | None:
    """
    Open a folder; None for one that is missing, or a link that leads elsewhere.

    Raises:
        OSError: it can't be read; this says which.
    """
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except OSError as failure:
        if failure.errno in _ABSENT:
            return None
        why = f"the folder {name!a} can't be read ({failure.strerror})"
        raise OSError(failure.errno, why) from failure


def _find_file(folder: int, name: str) -> str | None:
    """Return the file name of the message with that unique *name* in an open folder."""
    names = (entry.name for entry in list_files(folder))
    return next((filename for filename in names if unique_name(filename) == name), None)


def _list_statuses(folder: int) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Yield the files of an open folder with what the system knows of them."""
    for entry in list_files(folder):
        with suppress(OSError):  # a reader has moved it meanwhile
            yield entry, entry.stat(follow_symlinks=False)


def list_files(folder: int) -> Iterator[os.DirEntry[str]]:
    """Yield the regular files of an open folder, but hidden ones, which are no messages."""
    with os.scandir(folder) as found:
        for entry in found:
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                yield entry


def unique_name(filename: str) -> str:
    """Return what stays of a file name when a reader marks the message (maildir(5))."""
    return filename.partition(":")[0]


def read_flags(filename: str) -> str:
    """Return the flags in a file name (maildir(5))."""
    information = filename.partition(":")[2]
    return information[2:] if information.startswith("2,") else ""


def read_time(filename: str) -> float | None:
    """Return the seconds since 1970 that a file name begins with, if it does."""
    time = _TIME.match(filename)
    return int(time[1]) + int(time[2] or 0) / 1e6 if time else None


def _read_entry(
    entry: os.DirEntry[str], status: os.stat_result, folder: str, *, recent: bool
) -> Entry:
    time = read_time(entry.name)
    return Entry(
        name=unique_name(entry.name),
        folder=folder,
        recent=recent,
        flags=read_flags(entry.name),
        time=status.st_mtime if time is None else time,
        size=status.st_size,
    )
