"""One worker, as its parent sees it: what it says, what it logs, and how it ends."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, cast

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from gomail.frames import Frames, framed
from gomail.health import WELL
from gomail.program import how_it_ended
from gomail.server.workers import words
from gomail.server.workers.lines import Lines

_PIECE = 1 << 16
_LAST_WORDS = 2000  # characters that are kept of what it says to people


class Employer(Protocol):
    """Who has workers."""

    def heard(self, worker: "Worker", word: str, *about: Any) -> None:  # noqa: ANN401 -- as it was said
        """Hear what a worker says."""

    def log(self, lines: str) -> None:
        """Write lines of a worker to the log."""

    def ended(self, worker: "Worker", why: str) -> None:
        """Learn that a worker has ended; nothing more comes from it but what it has logged."""


class Worker(ProcessProtocol):
    """
    A worker.

    Args:
        number: by which people know it, and the one that comes after it.
        employer: who has it.
        first: what it is told first, behind its number.
        pairs: the certificates that are in force, which it is told behind that.
        since: when it was started, by the reactor's clock; or when we began to wait anew.

    Attributes:
        began: when it was started.
        ready: whether it has begun to take connections.
        sessions: how many it has open, as it said last.
        health: how it fares, as it said last.
        first: as above, or what it was told later instead.
        asked: when it was asked for a sign of life that has not come yet; None where all is well.
        dismissed: when it was told to leave, while the others stay; None where it is to stay.
        killed: whether it was; the kernel may let it die later, when a disk answers.
    """

    transport: IProcessTransport

    def __init__(
        self, number: int, employer: Employer, first: Sequence[object], pairs: object, since: float
    ) -> None:
        self.number = number
        self.began = self.since = since
        self.ready = False
        self.sessions = 0
        self.health = WELL
        self.asked: float | None = None
        self.dismissed: float | None = None
        self.killed = False
        self._employer = employer
        self.first = first
        self._pairs = pairs
        self._frames = Frames()
        self._lines = Lines(employer.log)
        self._last_words = ""
        self._why = ""
        self._over = False
        self._ended = False

    @property
    def serves(self) -> bool:
        """Whether it takes connections, and goes on to do so."""
        return self.ready and self.dismissed is None and not self.killed

    @property
    def pid(self) -> int | None:
        """The number of its process, while there is one."""
        return cast("int | None", self.transport.pid)

    @property
    def log(self) -> int | None:
        """The number of the file that its log is read from, while that is open."""
        return self._pipe(words.LOG)

    def _pipe(self, number: int) -> int | None:
        """Give the file of one of its pipes, while that is open."""
        pipe = getattr(self.transport, "pipes", {}).get(number)
        return None if pipe is None else cast("int", pipe.fileno())

    def connectionMade(self) -> None:
        """Say the first word."""
        self.say(words.FIRST, self.number, *self.first, self._pairs)

    def say(self, *said: object) -> None:
        """Say something; what is said to one that has ended is lost with it."""
        if not self._over:
            self.transport.writeToChild(words.ORDERS, framed(said))

    def pulse(self, now: float, elsewhere: int) -> None:
        """Ask for a sign of life, unless we wait for one."""
        if self.asked is None:
            self.asked = now
            self.say(words.PULSE, elsewhere)

    def wait_anew(self, now: float) -> None:
        """Have it be as if it were started, or asked, just now: nobody has listened meanwhile."""
        self.since = now
        if self.asked is not None:
            self.asked = now
        if self.dismissed is not None:
            self.dismissed = now

    def dismiss(self, now: float, why: str) -> None:
        """Have it leave, so that another one takes its place; who is inside has the usual time."""
        self.dismissed = now
        self.signal("TERM", why)

    def kill(self, why: str = "") -> None:
        """End it at once."""
        self.killed = True
        self.signal("KILL", why)

    def signal(self, name: str, why: str = "") -> None:
        """Send a signal; *why*, if it ends the worker."""
        self._why = why or self._why
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(name)

    def is_stopped(self) -> bool:
        """Tell whether somebody has stopped its process (SIGSTOP), as far as Linux tells."""
        try:
            status = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return False
        return status.rpartition(")")[2].split()[0] == "T"

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Hear what it says to us, or pass on what it logs."""
        if childFD == words.ANSWERS:
            if self._ended:
                return  # what it had is given back: nothing that it has asked for counts any more
            for value in self._frames.feed(data):
                self._employer.heard(self, *cast("tuple[Any, ...]", value))
        elif childFD == words.LOG:
            self._lines.feed(data)
        else:
            said = self._last_words + data.decode("utf-8", "backslashreplace")
            self._last_words = said[-_LAST_WORDS:]

    def childConnectionLost(self, childFD: int) -> None:
        """Say nothing more to one that does not listen; it ends, or gives no sign of life."""
        if childFD == words.ORDERS:
            self._over = True

    def processExited(self, reason: Failure) -> None:
        """See it end, and hear the last of it: who waits for its end need not wait for that."""
        self._over = self._ended = True
        for number in (words.LOG, words.LAST_WORDS):
            self._hear_out(number)
        said = self._last_words.strip().splitlines()
        self._employer.ended(self, self._why or (said[-1] if said else how_it_ended(reason.value)))

    def _hear_out(self, number: int) -> None:
        """Take what is left in a pipe; one that a process of its own has still may not end."""
        pipe = self._pipe(number)
        with suppress(BlockingIOError):
            while pipe is not None and (octets := os.read(pipe, _PIECE)):
                self.childDataReceived(number, octets)

    def processEnded(self, reason: Failure) -> None:
        """Log the last line, whole or not."""
        self._lines.end()
