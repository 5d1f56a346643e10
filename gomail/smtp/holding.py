"""Why nothing is looked at just now: reasons, of which a session may have several at once."""

from typing import Protocol

TURN = 1  # a command, or a whole message, waits for its answer
YIELD = 2  # other sessions have their turn
UNSENT = 4  # the peer doesn't read our replies
DISK = 8  # content is on its way to the disk
DELAY = 16  # an error costs time


class Reader(Protocol):
    """Who reads."""

    def stop_reading(self) -> None:
        """Look at nothing more for now, and perhaps read nothing."""

    def read_on(self) -> None:
        """Read again, beginning with what has come meanwhile."""


class Holding:
    """Has *reader* stop with the first reason, and go on when the last one is gone."""

    __slots__ = ("_reasons", "reader")

    def __init__(self, reader: Reader) -> None:
        """Begin with no reason to wait."""
        self.reader = reader
        self._reasons = 0

    def held(self) -> bool:
        """Tell whether anything holds the session."""
        return bool(self._reasons)

    def has(self, reasons: int) -> bool:
        """Tell whether one of *reasons* holds the session."""
        return bool(self._reasons & reasons)

    def hold(self, reason: int) -> None:
        """Look at nothing more, for one *reason* more."""
        before = self._reasons
        self._reasons |= reason
        if not before:
            self.reader.stop_reading()

    def release(self, reason: int) -> None:
        """Drop one *reason*; with the last one gone, reading goes on."""
        before, self._reasons = self._reasons, self._reasons & ~reason
        if before and not self._reasons:
            self.reader.read_on()
