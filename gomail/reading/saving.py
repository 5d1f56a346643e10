"""
Attachments of a stored message, saved as files; taken out of it in a child process.

What the child says is bounded and looked at again: a name that is not safe is none, and no file is
ever written over, followed through a link, or given a right beyond its owner's.
"""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO

from gomail.reading.attachments import MESSAGE_OCTETS
from gomail.reading.reader import child_command

#: Seconds until a child that has not ended is killed.
WALL_SECONDS = 30.0

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,199}\Z")
_LONGEST_LINE = 4096
_SAME_NAME = 1000  # files of one name in a folder, beyond which it is given up
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved, in the order of the message; and why there may be more, or nothing."""

    paths: tuple[Path, ...]
    problem: str = ""


class _Broken(Exception):
    """The child says what it can't say."""


def save_attachments(stored: int, folder: Path) -> Saved:
    """
    Save the attachments of the message in an open file to *folder*.

    Raises:
        OSError: a file can't be written there.
    """
    os.lseek(stored, 0, os.SEEK_SET)
    child = subprocess.Popen(  # noqa: S603 - our own child, no shell
        child_command("gomail.reading.attachments"),
        stdin=stored,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )
    timer = Timer(WALL_SECONDS, child.kill)
    timer.start()
    paths: list[Path] = []
    try:
        with child:
            try:
                assert child.stdout is not None  # noqa: S101 - it is a pipe
                problem = _take_all(child.stdout, folder, paths)
            except _Broken:
                problem = "the reader failed"
            finally:
                child.kill()
    finally:
        timer.cancel()
    return Saved(tuple(paths), problem)


def _take_all(source: IO[bytes], folder: Path, paths: list[Path]) -> str:
    """Take attachments until the child says that these were all; return what it says then."""
    left = MESSAGE_OCTETS
    while True:
        told = _read_line(source)
        if "end" in told:
            return str(told["end"])[:200]
        name, size = told.get("name"), told.get("size")
        if not isinstance(name, str) or not _SAFE.match(name):
            raise _Broken
        if not isinstance(size, int) or not 0 <= size <= left:
            raise _Broken
        left -= size
        paths.append(_save(source, folder, name, size))


def _read_line(source: IO[bytes]) -> dict[str, object]:
    """Read what the child says in a line."""
    try:
        value = json.loads(source.readline(_LONGEST_LINE))
    except ValueError:
        raise _Broken from None
    if not isinstance(value, dict):
        raise _Broken
    return value


def _save(source: IO[bytes], folder: Path, name: str, size: int) -> Path:
    """Save so many octets under a name that is free; nothing is left of what is not whole."""
    path, fd = _create(folder, name)
    try:
        with os.fdopen(fd, "wb") as file:
            _copy(source, file, size)
    except BaseException:
        path.unlink()
        raise
    return path


def _copy(source: IO[bytes], file: IO[bytes], size: int) -> None:
    """Copy so many octets."""
    while size:
        piece = source.read(min(size, _PIECE))
        if not piece:
            raise _Broken
        file.write(piece)
        size -= len(piece)


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
