"""
What became of batches: written down once a batch, read by the watch over the server.

And what was the matter with the disk when a mailbox was looked at, before any message came.
"""

from collections.abc import Callable

from gomail.delivery.faults import is_alarming


class Record:
    """
    What became of batches.

    Attributes:
        fault: what the disk or the system said when something could not be stored; empty where
            that is forgotten.
        at: the path of the Maildir where it was said.
        faults: how many there were.
        stored: whether something was stored since the last one.
        listeners: are told of each batch how many seconds it took.
    """

    __slots__ = ("_slowest", "at", "fault", "faults", "listeners", "stored")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.fault = self.at = ""
        self.faults = 0
        self.stored = True
        self.listeners: tuple[Callable[[float], None], ...] = ()
        self._slowest = 0.0

    def fail(self, error: OSError, at: str) -> None:
        """Note why nothing can be stored at a Maildir, unless that is its own affair."""
        if is_alarming(error):
            self.fault, self.at = f"{at}: {error.strerror or error}", at
            self.faults += 1
            self.stored = False

    def end(self, seconds: float, *, stored: bool) -> None:
        """Note that a batch has ended, how long it took, and whether anything of it was stored."""
        self._slowest = max(self._slowest, seconds)
        for listener in self.listeners:
            listener(seconds)
        if stored:
            self.stored = True

    def take_slowest(self) -> float:
        """Give how long the slowest batch took since this was last asked, in seconds."""
        slowest, self._slowest = self._slowest, 0.0
        return slowest
