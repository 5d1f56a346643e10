"""
Where the log is: a file with those that were rotated, or systemd's journal.

Raises `NoLog` with a sentence where there is none. Nothing is ever read as a whole.
"""

import shutil
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Timer

from gomail.explaining.lines import LONGEST, Line, lines_of

UNIT = "gomail"
ROTATED = 5  # files that gomail keeps beside the log: the oldest has the highest number
JOURNAL_SECONDS = 60.0
JOURNAL_LINES = 2000


class NoLog(Exception):
    """There is no log to look into; the text says why."""


def in_file(path: Path, session: str) -> tuple[Line, ...]:
    """
    Give a session's lines out of a log file and those before it.

    Raises:
        NoLog: it can't be read.
    """
    older = [path.with_name(f"{path.name}.{number}") for number in range(ROTATED, 0, -1)]
    files = [*(each for each in older if each.is_file()), path]
    try:
        return tuple(line for file in files for line in lines_of(_lines(file), session))
    except OSError as error:
        raise NoLog(f"{error.filename or path}: {error.strerror or error}") from None


def _lines(path: Path) -> Iterator[str]:
    """Give the lines of a file, of each no more than counts."""
    with path.open(encoding="utf-8", errors="replace") as file:
        while line := file.readline(LONGEST):
            yield line


def in_journal(session: str) -> tuple[Line, ...]:
    """
    Give a session's lines out of the journal of systemd, which has what the unit writes.

    Raises:
        NoLog: there is no journal here, or it can't be read.
    """
    journalctl = shutil.which("journalctl")
    if journalctl is None:
        raise NoLog("there is no journal of systemd here")
    command = [journalctl, "--unit", UNIT, "--output", "cat", "--no-pager", "--quiet"]
    command += ["--case-sensitive", "--grep", session]
    try:
        child = subprocess.Popen(  # noqa: S603 -- journalctl, without a shell; the id is ten digits
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise NoLog(f"journalctl: {error.strerror or error}") from None
    timer = Timer(JOURNAL_SECONDS, child.kill)
    with child:  # which has its pipe closed first, and so ends if there is more
        try:
            timer.start()
            return tuple(lines_of(islice(child.stdout or (), JOURNAL_LINES), session))
        except RuntimeError as error:  # nobody would kill it
            child.kill()
            raise NoLog(f"journalctl: {error}") from None
        finally:
            timer.cancel()
