"""The client's end of TLS over a wire."""

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from tests.smtp.wire import Wire

LATEST = 4  # turns after which whatever answers later has answered


class Plaintext(Protocol):
    """The client's plaintext under TLS."""

    def __init__(self) -> None:
        self.heard = b""
        self.over = False

    def dataReceived(self, data: bytes) -> None:
        """Hear what the server says."""
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See TLS end."""
        self.over = True


class ClientEnd:
    """
    The client's end of TLS over a wire.

    Attributes:
        plaintext: what the server says under TLS.
    """

    def __init__(self, wire: Wire, creator: object) -> None:
        self._wire = wire
        self._read = len(wire.sent)
        self.out: list[bytes] = []
        self.disconnecting = False
        self.plaintext = Plaintext()
        factory = Factory.forProtocol(lambda: self.plaintext)
        tls = TLSMemoryBIOFactory(creator, True, factory, wire.clock)  # type: ignore[arg-type]
        wrapper = tls.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40695))
        assert wrapper is not None
        self.tls = wrapper
        self.tls.makeConnection(self)

    # The transport of TLS

    def write(self, data: bytes) -> None:
        """Send octets of TLS to the server."""
        self.out.append(bytes(data))

    def loseConnection(self) -> None:
        """Close: the client hangs up."""
        self.disconnecting = True

    abortConnection = loseConnection

    def registerProducer(self, producer: object, streaming: bool) -> None:  # noqa: FBT001 -- IConsumer
        """Need none."""

    def unregisterProducer(self) -> None:
        """Need none."""

    # The client

    def exchange(self, cut: int = 0) -> None:
        """Carry octets to and fro until all is said; *cut* is the size of packets."""
        wire = self._wire
        wire.clock.pump([0] * LATEST)
        while self.out or len(wire.sent) > self._read:
            heard = b"".join(wire.sent[self._read :])
            self._read = len(wire.sent)
            if heard:
                self.tls.dataReceived(heard)
            octets, self.out = b"".join(self.out), []
            size = cut or len(octets) or 1
            wire.inbox.extend(octets[i : i + size] for i in range(0, len(octets), size))
            wire.poll()
            wire.clock.pump([0] * LATEST)

    def send(self, octets: bytes) -> None:
        """Send plaintext in one record."""
        self.tls.write(octets)
        self._wire.clock.advance(0)
