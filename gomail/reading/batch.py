"""
What a list tells of messages, read out of many at a time, in bounded child processes (heads.py).

A stranger's header fields are never parsed in this process. A message that costs a child its life
has nothing to tell, and the next child goes on behind it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from gomail.reading.heads import CHARACTERS
from gomail.reading.reader import child_command, listening

#: Messages that one child reads.
BATCH = 1000
#: Seconds until a child that has not ended is killed.
WALL_SECONDS = 10.0

_LONGEST_ANSWER = 3 * CHARACTERS * len(r"\ud83d\ude00") + 200  # octets of a line: three texts
_MOST = 2**63 - 1  # of SQLite's integers: as nanoseconds the year 2262, where ext4 goes to 2446
_CHILDREN_LOST = 20  # beyond which it is the machine that is at fault, and no message


@dataclass(frozen=True, slots=True)
class Head:
    """
    What a list tells of a message: decoded, cut, in one line, and still a stranger's text.

    `dated` is the time in its Date field, in seconds since 1970; `size` that of its file in octets,
    and `written` when that was written, in nanoseconds. `readable` is whether it could be read.
    """

    subject: str
    author: str
    recipients: str
    dated: float | None
    size: int
    written: int
    readable: bool = True


#: Of a message that may not be read now; of one that costs a child its life, whenever it is read.
UNREADABLE = Head("", "", "", None, 0, 0, readable=False)
TOO_MUCH = Head("", "", "", None, 0, 0)


def read_heads(folders: Sequence[int], names: Sequence[tuple[int, bytes]]) -> list[Head | None]:
    """
    Read the heads of messages, each named by the place of its folder in *folders* and its file.

    Blocks. None stands for a file that is not there (any more), or that could not be asked for;
    UNREADABLE for one that can't be read, and TOO_MUCH for one that costs even a child of its own.
    """
    heads: list[Head | None] = []
    lost = 0
    try:
        while len(heads) < len(names) and lost < _CHILDREN_LOST:
            wanted = names[len(heads) : len(heads) + BATCH]
            answers = _ask(folders, wanted)
            heads += answers
            if len(answers) < len(wanted):
                heads += _ask(folders, [wanted[len(answers)]]) or [TOO_MUCH]
                lost += 1
    except OSError:  # no child can be started: it is the machine that is at fault
        pass
    return heads + [None] * (len(names) - len(heads))


def _ask(folders: Sequence[int], names: Sequence[tuple[int, bytes]]) -> list[Head | None]:
    """
    Give what one child says, which are fewer heads than there are names if it dies.

    Raises:
        OSError: it can't be started.
    """
    with _nameless_file() as asked:
        asked.writelines(b"%d %s\n" % (at, name.hex().encode()) for at, name in names)
        asked.seek(0)
        command = child_command("gomail.reading.heads", *map(str, folders))
        with listening(command, asked, WALL_SECONDS, folders) as source:
            answer = source.read(len(names) * _LONGEST_ANSWER)
    heads: list[Head | None] = []
    for line in answer.split(b"\n")[: len(names)]:
        try:
            heads.append(_understand(line))
        except (TypeError, ValueError, OverflowError):  # the last one, half said
            break
    return heads


def _nameless_file() -> IO[bytes]:
    """Give a file in memory, where the system has such files: the disk may be full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("gomail-names"), "w+b")
    return TemporaryFile()


def _understand(line: bytes) -> Head | None:
    if len(line) > _LONGEST_ANSWER:
        raise ValueError
    value = json.loads(line)
    if value is None:
        return None
    if value is False:
        return UNREADABLE
    subject, author, recipients, dated, size, written = value
    if not all(isinstance(each, str) for each in (subject, author, recipients)):
        raise TypeError
    return Head(
        subject[:CHARACTERS],
        author[:CHARACTERS],
        recipients[:CHARACTERS],
        None if dated is None else float(dated),
        bounded(int(size)),
        bounded(int(written)),
    )


def bounded(number: int) -> int:
    """Give a size, or a time that anybody may have set, as an index can have it."""
    return max(-_MOST, min(number, _MOST))
