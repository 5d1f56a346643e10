"""
The log: our lines and Twisted's in one file, written in batches, and rotated.

What can't be written is lost, counted, and told as soon as something can be; the mail goes on. A
terminal, pipe or device is written to as it is.
"""

import contextlib
import io
import os
import stat
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TextIO, cast

from twisted.internet.interfaces import IReactorTime
from twisted.logger import ILogObserver, LogEvent, Logger, formatEventAsClassicLogText
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.events import Event
from gomail.health import Log
from gomail.server import lines
from gomail.server.logfile import LogFile
from gomail.server.stream import Stream

BATCH_TIME = 0.1  # seconds that a line may wait for others
RETRY_TIME = 1.0  # seconds until what could not be done is tried again
_log = Logger()


def open_log(path: str, owner: tuple[int | None, int | None] = (None, None)) -> TextIO:
    """
    Open the log file at *path*, and give it to the user and group that will write it.

    What is given away is no link: where that leads may be nobody's to give.

    Raises:
        OSError: it can't be written.
    """
    link = 0 if owner == (None, None) else os.O_NOFOLLOW
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(Path(path).stat().st_mode):  # a device is not ours to rotate or own
            return cast(
                "TextIO", Stream(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | link))
            )
    log = LogFile(str(Path(path).absolute()), link)
    try:
        log.give(*owner)
    except OSError:
        log.close()
        raise
    return cast("TextIO", log)


class TwistedStream(io.TextIOBase):
    """Writes lines to wherever Twisted logs to: to syslog, where twistd was told so."""

    def write(self, text: str) -> int:
        """Log each line."""
        for line in text.splitlines():
            _log.info("{line}", line=line)
        return len(text)


class LogWriter:
    """
    Writes lines: at once before and after the server runs, a batch at a time while it does.

    What can't be written is counted, and the mail goes on. While something is amiss it is tried
    again each second.

    Args:
        file: where to.
        clock: the reactor.
        say: gives a line that says what is wrong.

    Attributes:
        lost: how many lines could not be written.
    """

    def __init__(
        self, file: TextIO, clock: IReactorTime, say: Callable[[str], str] = "{}".format
    ) -> None:
        self._file = file
        self._clock = clock
        self._say = say
        self._lines: list[str] = []
        self._batches = False
        self._due = False
        self._trying_again = False
        self.lost = 0
        self._untold = 0  # of these
        self._fault = ""

    def write(self, line: str) -> None:
        """Write a line, soon."""
        self._lines.append(line)
        if self._batches:
            self._flush_soon()
        else:
            self.flush()

    def look(self) -> Log:
        """Tell how the log fares."""
        stuck = self._file.stuck if isinstance(self._file, LogFile) else ""
        return Log(stuck, self._untold, self._fault)

    def rotate(self) -> None:
        """Begin a new file; a terminal, pipe or device has none."""
        self.flush()
        if isinstance(self._file, LogFile):
            self._file.begin_anew()
        self.flush()

    def fileno(self) -> int | None:
        """Give the number of the file that is written to; None where that is syslog's."""
        with contextlib.suppress(OSError, ValueError):
            return self._file.fileno()
        return None

    def write_in_batches(self, *, running: bool) -> None:
        """Have lines wait for others while the reactor is *running*; else no clock would tick."""
        self._batches = running
        self.flush()

    def flush(self) -> None:
        """Write what waits, now."""
        batch, self._lines = self._lines, []
        first = [self._say(_lost(self.look()))] if self._untold else []
        try:
            if first:
                self._file.flush()  # a pipe takes no more until it was read
            if first or batch:
                self._file.write("\n".join([*first, *batch]) + "\n")
            self._file.flush()
        except (OSError, io.UnsupportedOperation, ValueError) as error:
            self.lost += len(batch)
            self._untold += len(batch)
            self._fault = getattr(error, "strerror", None) or str(error)
        else:
            self._untold = 0
        if not self._batches:
            return
        if isinstance(self._file, Stream) and self._file.waiting:
            self._flush_soon()
        if any(self.look()[:2]):
            self._try_again_soon()

    def _flush_soon(self) -> None:
        """Write when others have had the time to come, or the reader to read."""
        if not self._due:
            self._due = True
            self._clock.callLater(BATCH_TIME, self._ring)

    def _ring(self) -> None:
        """Write now."""
        self._due = False
        self.flush()

    def _try_again_soon(self) -> None:
        """See in a while whether there is room, and whether a new file can be begun."""
        if not self._trying_again:
            self._trying_again = True
            self._clock.callLater(RETRY_TIME, self._try_again)

    def _try_again(self) -> None:
        """Do so now."""
        self._trying_again = False
        if isinstance(self._file, LogFile):
            self._file.try_again()
        self.flush()


def _lost(log: Log) -> str:
    """Say how many lines are missing here, and why."""
    lines_are = "a line of the log was" if log.lost == 1 else f"{log.lost} lines of the log were"
    return f"{lines_are} lost: {log.fault}"


def stamp(now: float) -> str:
    """Write a time as the log does, in UTC: ``2026-11-23T15:47:00Z``."""
    return _stamp(int(now))


@lru_cache(maxsize=1)  # all lines of one second begin with the same
def _stamp(now: int) -> str:
    """Write a whole second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))


class EventLog:
    """
    A listener that writes events as lines of text.

    Args:
        write: writes a line.
        worker: the number of the worker that this is, if it is one of several; what it says of
            itself has that.
        stamped: whether a line begins with the time; what is written to a log that has the time
            itself, as Twisted's has, does not.
    """

    def __init__(
        self, write: Callable[[str], None], worker: int | None = None, *, stamped: bool = True
    ) -> None:
        self._write = write
        self._whose = _whose(worker)
        self._stamped = stamped

    def __call__(self, event: Event) -> None:
        """Write the line of an event that has one."""
        line = lines.text(event)
        if line is not None:
            whose = self._whose if isinstance(event, lines.OURS) else ""
            time_of_it = f"{stamp(time.time())} " if self._stamped else ""
            self._write(f"{time_of_it}{whose}{line}")


class JsonEventLog:
    """A listener that writes events as JSON objects, one a line."""

    def __init__(self, write: Callable[[str], None], worker: int | None = None) -> None:
        """Write lines by *write*; what one of several workers says of itself has its number."""
        self._write = write
        self._whose = "" if worker is None else f'"worker": {worker}, '

    def __call__(self, event: Event) -> None:
        """Write the object of an event that has one."""
        line = lines.as_json(event)
        if line is not None:
            whose = self._whose if isinstance(event, lines.OURS) else ""
            self._write(f'{{"time": "{stamp(time.time())}", {whose}{line[1:]}')


def _whose(worker: int | None) -> str:
    """Write the number of a worker, where there are several."""
    return "" if worker is None else f"worker {worker}: "


def as_objects(write: Callable[[str], None], event: str) -> Callable[[str], None]:
    """Adapt what writes lines to JSON: each text is an object whose ``event`` says what it is."""

    def write_object(text: str) -> None:
        write(lines.one_object({"time": stamp(time.time()), "event": event, "text": text}))

    return write_object


@implementer(ILogObserver)
class TwistedLog:
    """Takes what Twisted and the libraries log, and puts it between our lines."""

    def __init__(self, write: Callable[[str], None], worker: int | None = None) -> None:
        """Write lines by *write*, with the number of the worker that this is."""
        self._write = write
        self._whose = _whose(worker)

    def _stamp(self, when: float | None) -> str:
        """Write when it was, and whose it is."""
        return f"{stamp(when or time.time())} {self._whose}".rstrip()

    def __call__(self, event: LogEvent) -> None:
        """Write one event of Twisted's as a line of text; a traceback follows on further lines."""
        written = formatEventAsClassicLogText(event, self._stamp)
        if written is not None:
            every = written.rstrip("\n").replace("\t", " " * 8).split("\n")
            self._write("\n".join(map(lines.printable, every)))


@implementer(ILogObserver)
class JsonTwistedLog:
    """The same as JSON objects."""

    def __init__(self, write: Callable[[str], None], worker: int | None = None) -> None:
        """Write lines by *write*, with the number of the worker that this is."""
        self._write = write
        self._whose: dict[str, object] = {} if worker is None else {"worker": worker}

    def __call__(self, event: LogEvent) -> None:
        """Write one event of Twisted's as an object."""
        written = formatEventAsClassicLogText(event, lambda _: "")
        if written is None:
            return
        failure = event.get("log_failure")
        values: dict[str, object] = {
            "time": stamp(event.get("log_time") or time.time()),
            **self._whose,
            "event": "log",
            "system": str(event.get("log_namespace", "")),
            "text": written.strip(),
        }
        if isinstance(failure, Failure):
            values["error"] = failure.getErrorMessage()
        self._write(lines.one_object(values))
