"""How replies leave: at once, or behind what waits, complete and in order."""

from twisted.internet.interfaces import IPullProducer, IPushProducer, ISSLTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import directlyProvides
from zope.interface.verify import verifyObject

from gomail.smtp.outbox import BufferedOutbox, DirectOutbox, outbox
from tests.smtp.wire import Wire


class Changes(list[int]):
    """How much was unsent each time that anything changed."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox: DirectOutbox | BufferedOutbox

    def unsent_changed(self) -> None:
        """Hear of a change."""
        self.append(self.outbox.unsent)


def direct(room: int | None) -> tuple[Wire, DirectOutbox, Changes]:
    """Make an outbox that sends at once."""
    wire, changes = Wire(Clock()), Changes()
    wire.protocol = Protocol()
    wire.room = room
    box = outbox(wire, changes)  # type: ignore[arg-type]
    assert isinstance(box, DirectOutbox)
    changes.outbox = box
    return wire, box, changes


def buffered(room: int | None) -> tuple[Wire, BufferedOutbox, Changes]:
    """Make an outbox whose transport is not the socket itself, as under TLS."""
    wire, changes = Wire(Clock()), Changes()
    wire.room = room
    wrapper = ProtocolWrapper(WrappingFactory(Factory.forProtocol(Protocol)), Protocol())
    wire.protocol = wrapper
    wrapper.makeConnection(wire)
    box = outbox(wrapper, changes)  # type: ignore[arg-type]
    assert isinstance(box, BufferedOutbox)
    changes.outbox = box
    return wire, box, changes


def test_octets_leave_at_once() -> None:
    """No turn of the reactor is needed while the kernel takes everything."""
    wire, box, changes = direct(None)
    box.send(b"250 OK\r\n")
    assert wire.sent == [b"250 OK\r\n"]
    assert box.unsent == 0
    assert changes == []


def test_octets_that_wait_are_told_once_and_leave_in_order() -> None:
    """What the kernel does not take follows, behind it what is said meanwhile."""
    wire, box, changes = direct(3)
    box.send(b"one, ")
    assert changes == [3]
    box.send(b"two, ")
    box.send(b"three")
    assert box.unsent == len(b"two, three") + 1
    for _ in range(20):
        wire.room = 2
        wire.poll()
        wire.clock.advance(0)
    assert b"".join(wire.sent) == b"one, two, three"
    assert changes == [3, 0]
    assert box.unsent == 0
    box.send(b"!")
    assert wire.sent[-1] == b"!"
    assert wire.producer is None


def test_connection_closes_behind_what_waits() -> None:
    """A goodbye to a slow reader arrives, and then the end."""
    wire, box, _ = direct(3)
    box.send(b"221 Bye\r\n")
    box.end()
    wire.loseConnection()
    wire.clock.advance(0)
    assert not wire.disconnected
    wire.room = None
    wire.poll()
    wire.clock.advance(0)
    assert wire.disconnected
    assert b"".join(wire.sent) == b"221 Bye\r\n"


def test_r16_broken_connection_is_found_out_by_the_transport() -> None:
    """An error instead of a number is told to nobody; what the transport tries next ends it."""
    wire, box, _ = direct(None)
    wire.broken = True
    box.send(b"250 OK\r\n")
    assert not wire.disconnected
    wire.clock.advance(0)
    assert wire.disconnected
    assert wire.sent == []


def test_reply_that_failed_for_a_moment_is_sent_after_all() -> None:
    """A connection of which nothing more is heard would leave its client waiting for a reply."""
    wire, box, changes = direct(None)
    wire.broken = True
    box.send(b"250 OK\r\n")
    box.send(b"221 Bye\r\n")
    wire.broken = False
    wire.clock.pump([0] * 5)
    assert b"".join(wire.sent) == b"250 OK\r\n221 Bye\r\n"
    assert box.unsent == 0
    assert changes[-1] == 0


def test_lost_connection_forgets_what_waits() -> None:
    """Octets for nobody take no memory."""
    wire, box, _ = direct(0)
    box.send(b"one")
    box.send(b"two")
    assert box.unsent == 4
    wire.lose(Exception())
    assert box.unsent == 1  # still waiting, for ever: nothing is sent to a client that is gone


def test_wrapped_connection_is_never_written_past_its_wrapper() -> None:
    """A wrapper gives the socket's methods as its own; under TLS that would be plaintext."""
    wire, box, changes = buffered(None)
    assert hasattr(wire.protocol, "writeSomeData")
    box.send(b"250 OK\r\n")
    assert wire.sent == []
    wire.clock.advance(0)
    assert wire.sent == [b"250 OK\r\n"]
    assert changes == []


def test_transport_in_memory_is_buffered() -> None:
    """So are the transports of tests, which have no socket at all."""
    transport = StringTransport()
    box = outbox(transport, lambda: None)  # type: ignore[arg-type]
    assert isinstance(box, BufferedOutbox)
    box.send(b"250 OK\r\n")
    assert transport.value() == b"250 OK\r\n"
    box.stopProducing()
    box.end()
    assert transport.producer is None


def test_full_buffer_is_told_and_counted() -> None:
    """From 64 KiB on, with the octets that come then; and told again when it is empty."""
    wire, box, changes = buffered(0)
    box.send(b"x" * 60_000)
    box.send(b"x" * 6000)
    assert box.unsent == 0
    assert changes == []
    box.send(b"x" * 99)
    box.send(b"x")
    assert box.unsent == 100
    assert changes == [99]
    wire.room = None
    wire.poll()
    wire.clock.advance(0)
    wire.clock.advance(0)
    assert box.unsent == 0
    assert changes == [99, 0]
    assert sum(map(len, wire.sent)) == 66_100


def test_full_buffer_that_nothing_follows_is_not_told() -> None:
    """Under TLS the banner waits for the handshake, whose octets must be read."""
    wire, box, changes = buffered(0)
    box.send(b"x" * 66_000)
    wire.room = None
    wire.poll()
    wire.clock.advance(0)
    box.send(b"x")
    assert changes == []


def test_closed_outbox_lets_the_transport_go() -> None:
    """With a producer registered a full transport would never close."""
    wire, box, _ = buffered(0)
    box.send(b"x" * 70_000)
    box.end()
    wire.loseConnection()
    wire.room = None
    wire.poll()
    wire.clock.advance(0)
    assert wire.disconnected
    assert sum(map(len, wire.sent)) == 70_000


def test_outboxes_are_what_twisted_expects() -> None:
    """A pull producer and a push producer."""
    verifyObject(IPullProducer, direct(None)[1])
    verifyObject(IPushProducer, buffered(None)[1])


def test_transport_that_twisted_has_encrypted_is_not_written_to_directly() -> None:
    """It still could write to its socket, in plaintext."""
    wire = Wire(Clock())
    wire.protocol = Protocol()
    directlyProvides(wire, ISSLTransport)
    assert isinstance(outbox(wire, lambda: None), BufferedOutbox)  # type: ignore[arg-type]


def test_what_waits_is_left_to_the_transport_in_the_end() -> None:
    """It leaves before whatever is done to that next, and nothing waits here any more."""
    wire, box, changes = direct(3)
    box.send(b"one, ")
    box.send(b"two")
    box.end()
    assert box.unsent == 0
    assert changes == [3, 0]
    assert wire.producer is None
    wire.room = None
    wire.poll()
    wire.clock.advance(0)
    assert b"".join(wire.sent) == b"one, two"
