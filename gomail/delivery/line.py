"""The pipes to one delivery agent: orders into it, outcomes out of it, and how it ends."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol, cast

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorTime
from twisted.internet.process import reapAllProcesses
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from gomail.delivery.orders import READY, Order, Outcome
from gomail.frames import Frames, framed
from gomail.program import how_it_ended

START_TIME = 30.0  # seconds until the first word
END_TIME = 1.0  # seconds from the end of its outcomes to its own


class Owner(Protocol):
    """Whoever has agents; a line that was left may still tell of its end."""

    def begin(self) -> None:
        """Hear the agent's first word."""

    def part(self, line: "Line") -> None:
        """Give an agent nothing more, one of whose pipes is closed."""

    def heard(self, outcomes: Iterable[Outcome]) -> None:
        """Hear what came of a batch."""

    def lost(self, why: str) -> None:
        """See the agent go."""


class Line(ProcessProtocol):
    """
    The pipes to one agent, which can be given orders while all of them are open.

    Args:
        owner: hears what comes of them.
        clock: keeps the time.
    """

    transport: IProcessTransport

    def __init__(self, owner: Owner, clock: IReactorTime) -> None:
        self._owner = owner
        self._clock = clock
        self._frames = Frames()
        self._patience: IDelayedCall | None = None
        self._said = ""
        self._told = False
        self._deaf = False
        self.open = True

    def connectionMade(self) -> None:
        """Wait for the first word, but not for ever: who knows what it is that was started."""
        self._patience = self._clock.callLater(START_TIME, self._kill)

    def order(self, order: Order) -> None:
        """Send an order."""
        self.transport.writeToChild(0, framed(tuple(order)))

    def end(self, why: str) -> None:
        """Kill it; the kernel may let it die later, and whatever it says by then is not heard."""
        self.open, self._deaf, self._said = False, True, why
        self.kill()

    def kill(self) -> None:
        """Have the kernel end it."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Hear outcomes; or what the agent says to people, which is no good news."""
        if self._deaf:
            return
        if childFD != 1:
            self._said = (self._said + data.decode("utf-8", "replace"))[-1000:]
            return
        for value in self._frames.feed(data):
            if value == READY:
                self._know()
                self._owner.begin()
            else:
                batch = cast("Sequence[tuple[Any, ...]]", value)
                self._owner.heard(Outcome(*outcome) for outcome in batch)

    def childConnectionLost(self, childFD: int) -> None:
        """Learn that a pipe is closed: by the end of the agent, or, of ours, by ourselves."""
        self.open = False
        self._owner.part(self)
        if childFD == 1:
            self._know()
            self.transport.closeStdin()  # its last words to people are still to come
            self._patience = self._clock.callLater(END_TIME, self._give_up)

    def processEnded(self, reason: Failure) -> None:
        """See that all is over, also its last words to people."""
        self._over(how_it_ended(reason.value))

    def _know(self) -> None:
        """Wait for a sign of life, or of death, no longer."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _kill(self) -> None:
        """End what has not become an agent."""
        self._patience = None
        self.end(f"no word of it in {START_TIME:.0f} s")

    def _give_up(self) -> None:
        """Leave what has closed its pipes, and has not ended, or not for a reactor to see."""
        self._patience = None
        reapAllProcesses()  # in a reactor without signals nobody else does
        self.kill()
        self.transport.loseConnection()
        self._over("it let go of its pipes")

    def _over(self, why: str) -> None:
        """Tell, once."""
        self._know()
        if not self._told:
            self._told = True
            said = self._said.strip().splitlines()
            self._owner.lost(said[-1] if said else why)
