"""
One connection to a milter: commands out, packets in, and every wait with its deadline.

Whatever goes wrong with it is `MilterFailed`, and ends it. Who waits here and is cancelled leaves
it in the middle of something, so that ends it, too.
"""

from collections import deque
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IDelayedCall,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.milters.packets import LONGEST_PACKET, Nonsense, Packet, Packets

MOST_WAITING = 1000  # packets that may have come without being looked at
MOST_OCTETS = 2 * LONGEST_PACKET  # of them all
PARTING = 5.0  # seconds for a milter to take the last words


class MilterFailed(Exception):
    """A milter is gone, silent, or talks nonsense; the text says which, without its name."""


class MilterRests(MilterFailed):
    """A milter has failed a moment ago, and is not even asked."""


class NothingLeft(MilterFailed):
    """We can't connect to it for want of files or memory, which is no fault of the milter's."""


@implementer(IPushProducer)
class Connection(Protocol):
    """
    A connection to a milter.

    Args:
        clock: the reactor.

    Attributes:
        closed: why nothing can be said or heard; empty while it can.
    """

    transport: Any  # a stream's, with producers and abortConnection

    def __init__(self, clock: IReactorTime) -> None:
        self.closed = "it is not connected"
        self._clock = clock
        self._packets = Packets()
        self._waiting: deque[Packet] = deque()
        self._bell: Deferred[None] | None = None  # rings for whoever waits
        self._parting: IDelayedCall | None = None
        self._full = False  # the transport has more than it likes to keep

    def connectionMade(self) -> None:
        """Learn from the transport when it has enough."""
        self.closed = ""
        # Macros are answered by nobody: what follows them would wait for a delayed ACK of TCP. With
        # Twisted 24 a unix socket, too, says that it provides what TCP does.
        transport = self.transport
        by_tcp = ITCPTransport.providedBy(transport)
        if by_tcp and not isinstance(transport.getPeer(), UNIXAddress):
            transport.setTcpNoDelay(True)
        transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        """Take octets, unless nobody will look at them any more."""
        if self.closed:
            return
        try:
            self._waiting += self._packets.take(data)
        except Nonsense as nonsense:
            self.fail(f"it sent nonsense: {nonsense}")
        if len(self._waiting) > MOST_WAITING or self._octets > MOST_OCTETS:
            self.fail("it sent nonsense: more than anybody reads")
        if self._waiting or self.closed:
            self._ring()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Learn that it is gone."""
        if self._parting is not None and self._parting.active():
            self._parting.cancel()
        if not self.closed:
            half = " in the middle of a packet" if self._packets.half else ""
            why = "" if reason.check(ConnectionDone) else f": {reason.getErrorMessage()}"
            self.closed = f"it closed the connection{half}{why}"
        self._ring()

    def pauseProducing(self) -> None:
        """Learn that the milter is slower than the mail."""
        self._full = True

    def resumeProducing(self) -> None:
        """Learn that there is room again."""
        self._full = False
        self._ring()

    def stopProducing(self) -> None:
        """Learn that nothing is taken any more; `connectionLost` says so, too."""

    def send(self, octets: bytes) -> None:
        """
        Say something.

        Raises:
            MilterFailed: it can't be said, or the milter has spoken when it was not its turn.
        """
        self._go_on()
        if self._waiting:
            self.fail(f"it sent nonsense: {self._waiting[0][0]!r} out of turn")
            self._go_on()
        self.transport.write(octets)

    async def read(self, until: float) -> Packet:
        """
        Give the next packet.

        Raises:
            MilterFailed: none comes until then.
        """
        while not self._waiting:
            self._go_on()
            await self._wait(until)
        return self._waiting.popleft()

    async def drain(self, until: float) -> None:
        """
        Wait until the milter has taken most of what was sent.

        Raises:
            MilterFailed: it has not until then.
        """
        while self._full and not self.closed:
            await self._wait(until)
        self._go_on()

    def fail(self, why: str) -> None:
        """End it at once."""
        if not self.closed:
            self.closed = why
            self.transport.abortConnection()

    def part(self, octets: bytes) -> None:
        """Say the last word, and end it."""
        if not self.closed:
            self.closed = "it is closed"
            self.transport.unregisterProducer()
            self.transport.write(octets)
            self.transport.loseConnection()
            # One that hangs would never take what is left, and keep a descriptor of ours for ever.
            self._parting = self._clock.callLater(PARTING, self.transport.abortConnection)

    @property
    def _octets(self) -> int:
        """How many have come without being looked at."""
        return sum(len(data) for _, data in self._waiting)

    def _go_on(self) -> None:
        if self.closed:
            raise MilterFailed(self.closed)

    async def _wait(self, until: float) -> None:
        """Wait for the bell."""
        bell = self._bell = Deferred()
        left = max(0.0, until - self._clock.seconds())
        try:
            await bell.addTimeout(left, self._clock)
        except TooLate:
            self.fail("it did not answer in time")
        except CancelledError:
            self.fail("nobody waits for it any more")
            raise
        finally:
            self._bell = None

    def _ring(self) -> None:
        bell, self._bell = self._bell, None
        if bell is not None:
            bell.callback(None)
