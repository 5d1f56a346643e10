"""
The child process that reads one stranger's message: bounded, and alone with it.

It is started with nothing but the standard library on its path (reader.py), limits itself before
it opens the file, and writes one answer as JSON to its standard output:
``{"message": …}`` or ``{"unreadable": "reason"}``. It writes no file and starts no process.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

from gomail.reading.maildir import open_stored
from gomail.reading.message import ANSWER_OCTETS, Message, write_json
from gomail.reading.mime import outline, read_octets

MIB = 1024 * 1024

#: Octets of a message that are read; what lies behind is said, not read.
READ_OCTETS = MIB
#: Seconds of CPU until the reading is given up for an outline, and until the kernel ends it.
CPU_SECONDS, CPU_SECONDS_AT_MOST = 1, 2

#: What the kernel holds the process to; RLIMIT_NPROC 0 is no new process and no thread.
LIMITS = {
    "RLIMIT_AS": (256 * MIB, 256 * MIB),
    "RLIMIT_CORE": (0, 0),
    "RLIMIT_CPU": (CPU_SECONDS, CPU_SECONDS_AT_MOST),
    "RLIMIT_FSIZE": (0, 0),
    "RLIMIT_NOFILE": (16, 16),
    "RLIMIT_NPROC": (0, 0),
}


class OutOfTime(BaseException):
    """The CPU time is spent; not an Exception, lest a broken part swallow it."""


def main(arguments: list[str]) -> None:
    """Answer for the file that *arguments* name, or for standard input if there are none."""
    signal.signal(signal.SIGXCPU, _run_out_of_time)
    limit_resources()
    answer = give_answer(arguments)
    with os.fdopen(1, "wb", closefd=False) as output:
        output.write(answer)


def limit_resources(limits: Mapping[str, tuple[int, int]] = LIMITS) -> None:
    """Hold this process to *limits*, soft and hard, as far as the system has them."""
    for name, (soft, hard) in limits.items():
        with suppress(AttributeError, OSError, ValueError):  # macOS lacks some
            resource.setrlimit(getattr(resource, name), (soft, hard))


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
