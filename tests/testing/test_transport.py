"""The connection in memory, where the dialogue does not use it: other protocols may stand on it."""

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IPushProducer, ITransport
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from gomail.testing.transport import MemoryTransport

PEER = IPv4Address("TCP", "192.0.2.1", 40695)
HOST = IPv4Address("TCP", "192.0.2.25", 25)


class Echo(Protocol):
    """Says what it hears; knows why it ended."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def dataReceived(self, data: bytes) -> None:
        """Say it."""
        assert self.transport is not None
        self.transport.writeSequence([b"<", data, b">"])

    def connectionLost(self, reason: Failure = Failure(Exception())) -> None:  # noqa: B008
        """Note why."""
        self.reasons = [*self.reasons, type(reason.value).__name__]


def connected() -> tuple[Clock, MemoryTransport, Echo, list[bytes]]:
    """Connect an echo."""
    clock, said = Clock(), list[bytes]()
    transport = MemoryTransport(clock, PEER, HOST, said.append, lambda: None)
    echo = Echo()
    transport.connect(echo)
    return clock, transport, echo, said


def test_it_is_a_transport() -> None:
    """It has what Twisted's interfaces ask for."""
    _, transport, _, _ = connected()
    assert verifyObject(ITransport, transport)
    assert verifyObject(IPushProducer, transport)
    assert (transport.getPeer(), transport.getHost()) == (PEER, HOST)


def test_octets_arrive_in_the_next_turn() -> None:
    """Not within the call that sends them; and none while it is paused."""
    clock, transport, _, said = connected()
    transport.receive(b"a")
    assert said == []
    clock.advance(0)
    transport.pauseProducing()
    transport.receive(b"b")
    clock.advance(0)
    assert said == [b"<a>"]
    transport.resumeProducing()
    clock.advance(0)
    assert said == [b"<a>", b"<b>"]


def test_end_is_told_once_and_later() -> None:
    """Whoever closes first."""
    clock, transport, echo, said = connected()
    transport.abortConnection()
    transport.stopProducing()
    transport.receive(b"a")
    assert echo.reasons == []
    clock.advance(0)
    transport.drop()
    transport.write(b"too late")
    assert echo.reasons == ["ConnectionAborted"]
    assert said == []


def test_unconnected_transport_has_nothing_to_drop() -> None:
    """Dropping it does no harm."""
    transport = MemoryTransport(Clock(), PEER, HOST, lambda _: None, lambda: None)
    transport.drop()
    assert not transport.lost
