"""
Attachments of a stored message, saved as files; taken out of it in a child process.

What the child says is bounded and looked at again: a name that is not safe is none, and no file is
ever written over, followed through a link, or given a right beyond its owner's.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gomail.reading.attachments import MESSAGE_OCTETS
from gomail.reading.taking import Attached, Broken, ask_for, copy, read_told

_SAME_NAME = 1000  # files of one name in a folder, beyond which it is given up


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved, in the order of the message; and why there may be more, or nothing."""

    paths: tuple[Path, ...]
    problem: str = ""


def save_attachments(stored: int, folder: Path) -> Saved:
    """
    Save the attachments of the message in an open file to *folder*.

    Raises:
        OSError: a file can't be written there.
    """
    paths: list[Path] = []
    try:
        with ask_for(stored) as source:
            problem = _take_all(source, folder, paths)
    except Broken:
        problem = "the reader failed"
    return Saved(tuple(paths), problem)


def _take_all(source: IO[bytes], folder: Path, paths: list[Path]) -> str:
    """Take attachments until the child says that these were all; return what it says then."""
    left = MESSAGE_OCTETS
    while isinstance(told := read_told(source), Attached):
        left -= told.size
        if left < 0:
            raise Broken
        paths.append(_save(source, folder, told.name, told.size))
    return told


def _save(source: IO[bytes], folder: Path, name: str, size: int) -> Path:
    """Save so many octets under a name that is free; nothing is left of what is not whole."""
    path, fd = _create(folder, name)
    try:
        with os.fdopen(fd, "wb") as file:
            copy(source, file, size)
    except BaseException:
        path.unlink()
        raise
    return path


def _create(folder: Path, name: str) -> tuple[Path, int]:
    """Create a file by that name, or one beside it: ``name-2.pdf``."""
    stem, dot, extension = name.partition(".")
    for number in range(1, _SAME_NAME):
        own = name if number == 1 else f"{stem}-{number}{dot}{extension}"
        path = folder / own
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            return path, os.open(path, flags, 0o600)
        except FileExistsError:
            continue
    raise FileExistsError(
        errno.EEXIST, f"there are {_SAME_NAME} files of that name", str(folder / name)
    )
