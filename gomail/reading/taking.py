"""
Attachments of a stored message, listed, and taken out one at a time; by a child (attachments.py).

What the child says is bounded and looked at again: a name that is not safe is none.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from gomail.reading.attachments import ALL, MESSAGE_OCTETS, NAMES
from gomail.reading.reader import child_command, listening

#: Seconds until a child that has not ended is killed.
WALL_SECONDS = 30.0

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,199}\Z")
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,40}\Z", re.ASCII)
_LONGEST_LINE = 4096
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment: its part's number, a name that is safe to save it by, and its octets."""

    number: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Attachments:
    """All attachments of a message; and why there may be more, or nothing."""

    found: tuple[Attached, ...]
    problem: str = ""


class NoSuchAttachment(LookupError):
    """The message has no attachment of that number, or it could not be taken out."""


class Broken(Exception):
    """The child says what it can't say."""


def list_attachments(stored: int) -> Attachments:
    """List what is attached to the message in an open file, which stays open."""
    found: list[Attached] = []
    try:
        with ask_for(stored, NAMES) as source:
            while isinstance(told := read_told(source), Attached):
                found.append(told)
    except Broken:
        told = "the reader failed"
    return Attachments(tuple(found), told)


def take_attachment(stored: int, number: str) -> tuple[Attached, IO[bytes]]:
    """
    Take one attachment out of the message in an open file, which stays open.

    Returns:
        what it is, and a file of its octets that has no name and is gone when it is closed.

    Raises:
        NoSuchAttachment: there is none of that number, or the reason why it can't be had.
        OSError: there is no room for it.
    """
    if not _NUMBER.match(number):
        raise NoSuchAttachment(f"an attachment's number is such as 2 or 1.3, not {number!r:.60}")
    try:
        with ask_for(stored, number) as source:
            told = read_told(source)
            if isinstance(told, str):
                raise NoSuchAttachment(told or f"there is no attachment {number}")
            return told, _keep(source, told.size)
    except Broken:
        raise NoSuchAttachment("the reader failed") from None


def _keep(source: IO[bytes], size: int) -> IO[bytes]:
    """Copy so many octets into a file of their own."""
    file = TemporaryFile()  # noqa: SIM115 -- whoever asked for it closes it
    try:
        copy(source, file, size)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def ask_for(stored: int, wanted: str = ALL) -> AbstractContextManager[IO[bytes]]:
    """Start a child on the message in an open file, and give what it says."""
    os.lseek(stored, 0, os.SEEK_SET)
    return listening(child_command("gomail.reading.attachments", wanted), stored, WALL_SECONDS)


def read_told(source: IO[bytes]) -> Attached | str:
    """Read what the child says in a line: an attachment, or, in the end, what went wrong."""
    try:
        value = json.loads(source.readline(_LONGEST_LINE))
    except ValueError:
        raise Broken from None
    if not isinstance(value, dict):
        raise Broken
    if "end" in value:
        return str(value["end"])[:200]
    number, name, size = (value.get(each) for each in ("number", "name", "size"))
    if not isinstance(number, str) or not _NUMBER.match(number):
        raise Broken
    if not isinstance(name, str) or not _SAFE.match(name):
        raise Broken
    if not isinstance(size, int) or not 0 <= size <= MESSAGE_OCTETS:
        raise Broken
    return Attached(number, name, size)


def copy(source: IO[bytes], file: IO[bytes], size: int) -> None:
    """Copy so many octets, all that the child has promised."""
    while size:
        piece = source.read(min(size, _PIECE))
        if not piece:
            raise Broken
        file.write(piece)
        size -= len(piece)
