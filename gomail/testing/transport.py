"""
A connection in memory, which behaves like a TCP connection of Twisted's where it matters.

Octets arrive in a later turn of the clock, in packets of at most 64 KiB; none arrive while the
protocol has paused it, or after it was closed; and the protocol hears of the end later, never
within its own call.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IProtocol, IPushProducer, IReactorTime, ITransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

PACKET = 64 * 1024  # octets that Twisted's transports read at once


@implementer(ITransport, IPushProducer)
class MemoryTransport:
    """
    The server's end of a connection in memory.

    Args:
        clock: where octets and the end of the connection are due.
        peer: the client's address.
        host: ours.
        arrived: called with what the protocol writes.
        ended: called when the connection is over.
    """

    def __init__(
        self,
        clock: IReactorTime,
        peer: IAddress,
        host: IAddress,
        arrived: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._peer = peer
        self._host = host
        self._arrived = arrived
        self._ended = ended
        self._protocol: IProtocol | None = None
        self._tls: TLSMemoryBIOProtocol | None = None
        self._packets: deque[bytes] = deque()
        self.paused = False
        self.disconnecting = False  # by the server; LineReceiver looks at it
        self.lost = False

    def connect(self, protocol: IProtocol) -> None:
        """Let *protocol* begin."""
        self._protocol = protocol
        protocol.makeConnection(self)

    # The client's side

    def receive(self, octets: bytes) -> None:
        """Put octets on the wire, towards the server."""
        for start in range(0, len(octets), PACKET):
            self._packets.append(octets[start : start + PACKET])
        self._clock.callLater(0, self._pump)

    @property
    def idle(self) -> bool:
        """Whether all octets have arrived and the server would read more."""
        return not self._packets and not self.paused

    def drop(self, reason: Exception | None = None) -> None:
        """Cut the connection now; octets on the wire are lost."""
        if self.lost or self._protocol is None:
            return
        self.lost = True
        self._packets.clear()
        self._ended()
        self._protocol.connectionLost(Failure(reason or ConnectionLost()))

    def _pump(self) -> None:
        """Let packets arrive for as long as the server reads."""
        while (
            self._packets
            and self._protocol
            and not (self.paused or self.disconnecting or self.lost)
        ):
            self._protocol.dataReceived(self._packets.popleft())

    # The server's side: ITransport, and what ITCPTransport has beyond it

    def startTLS(self, creator: object, normal: bool = True) -> None:  # noqa: FBT001, FBT002 -- ITLSTransport
        """Encrypt what is written from now on, and take what arrives as encrypted."""
        factory = TLSMemoryBIOFactory(creator, False, None, self._clock)  # type: ignore[arg-type]
        tls = TLSMemoryBIOProtocol(factory, self._protocol, False)
        self._protocol = self._tls = tls
        tls.makeConnection(_Below(self))

    def getHandle(self) -> object:
        """Give OpenSSL's connection, under TLS."""
        return None if self._tls is None else self._tls.getHandle()

    def write(self, data: bytes) -> None:
        """Send octets to the client, who has them at once; encrypted where that has begun."""
        if self._tls is None:
            self.write_plain(data)
        else:
            self._tls.write(data)

    def write_plain(self, data: bytes) -> None:
        """Send octets as they are."""
        if not self.lost:
            self._arrived(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send several pieces."""
        self.write(b"".join(iovec))

    def loseConnection(self) -> None:
        """Close the connection when everything is sent, which it is; TLS says goodbye before."""
        if self._tls is None:
            self.close()
        else:
            self._tls.loseConnection()

    def close(self) -> None:
        """Close the connection itself."""
        self._close(ConnectionDone())

    def abortConnection(self) -> None:
        """Close the connection, come what may."""
        self._close(ConnectionAborted())

    def _close(self, reason: Exception) -> None:
        """Read nothing more, and say so in the next turn."""
        if not self.disconnecting:
            self.disconnecting = True
            self._clock.callLater(0, self.drop, reason)

    def getPeer(self) -> IAddress:
        """Give the client's address."""
        return self._peer

    def getHost(self) -> IAddress:
        """Give ours."""
        return self._host

    def pauseProducing(self) -> None:
        """Let nothing arrive."""
        self.paused = True

    def resumeProducing(self) -> None:
        """Let octets arrive again, from the next turn on."""
        self.paused = False
        self._clock.callLater(0, self._pump)

    def stopProducing(self) -> None:
        """Close the connection."""
        self.loseConnection()

    def registerProducer(self, producer: object, streaming: bool) -> None:  # noqa: FBT001 -- IConsumer
        """Need no producer: everything written is taken at once."""

    def unregisterProducer(self) -> None:
        """Need none."""


class _Below:
    """A connection as TLS sees it: what it writes is not encrypted once more."""

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- all the rest is the connection's
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write octets of TLS."""
        self._transport.write_plain(data)

    def loseConnection(self) -> None:
        """Close the connection."""
        self._transport.close()
