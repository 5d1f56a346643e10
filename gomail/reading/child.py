"""
The child process that reads one stranger's message: bounded, and alone with it.

It is started with nothing but the standard library on its path (reader.py), limits itself before
it opens the file, and writes one answer as JSON to its standard output:
``{"message": …}`` or ``{"unreadable": "reason"}``. It writes no file and starts no process.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from types import FrameType

from gomail.reading.bounds import CPU_SECONDS, MIB, OutOfTime, limit_resources
from gomail.reading.maildir import open_stored
from gomail.reading.message import ANSWER_OCTETS, Message, write_json
from gomail.reading.mime import outline, read_octets

#: Octets of a message that are read; what lies behind is said, not read.
READ_OCTETS = MIB


def main(arguments: list[str]) -> None:
    """Answer for the file that *arguments* name, or for standard input if there are none."""
    signal.signal(signal.SIGXCPU, _run_out_of_time)
    limit_resources()
    answer = give_answer(arguments)
    with os.fdopen(1, "wb", closefd=False) as output:
        output.write(answer)


def give_answer(arguments: list[str]) -> bytes:
    """Return the answer for the file that *arguments* name, whatever happens."""
    try:
        descriptor = open_stored(Path(arguments[0])) if arguments else 0
        size, octets = _read_file(descriptor)
    except OSError as failure:
        return _refuse((failure.strerror or type(failure).__name__).lower())
    try:
        return _wrap(read_octets(octets, size))
    except OutOfTime:
        reason = f"took more than {CPU_SECONDS} s to read"
    except MemoryError:
        reason = "took too much memory to read"
    except RecursionError:
        reason = "is nested too deeply to read"
    except _TooMuch:
        reason = "has too much in it to show"
    return _wrap(outline(octets, size, reason))


class _TooMuch(Exception):
    """The answer is longer than the parent takes."""


def _run_out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime


def _read_file(descriptor: int) -> tuple[int, bytes]:
    """Return the file's size and its first octets."""
    with os.fdopen(descriptor, "rb") as stored:
        octets = stored.read(READ_OCTETS)
        return max(os.fstat(stored.fileno()).st_size, len(octets)), octets


def _wrap(message: Message) -> bytes:
    answer = b'{"message": %s}' % write_json(message)
    if len(answer) > ANSWER_OCTETS:
        raise _TooMuch
    return answer


def _refuse(reason: str) -> bytes:
    return json.dumps({"unreadable": reason}).encode()
