"""Sessions behind a proxy: whose they are, when they begin, and what becomes of bad headers."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from gomail.events import Event, Refusal, SessionEnded, SessionStarted
from gomail.limits import Limits
from gomail.server.proxy.factory import HEADER_TIME, WAITING, Awaiting, ProxiedFactory
from gomail.server.proxy.header import LONGEST
from gomail.smtp.factory import SMTPFactory
from gomail.smtp.patience import CLOSE_TIME
from gomail.smtp.protocol import SMTPProtocol
from gomail.testing.recording import Recorder
from gomail.testing.wire import MemoryServer
from gomail.testing.wire import Wire as Talk
from tests.server.proxy.headers import LOCAL, PROXY, UNIX, block, line, named
from tests.server.proxy.test_header import HEADERS, MALFORMED, near_headers
from tests.smtp.desk import Desk
from tests.smtp.wire import Wire, logged_failures

BALANCER = IPv4Address("TCP", "10.0.0.1", 5555)
HERE = IPv4Address("TCP", "127.0.0.1", 5555)
NETWORKS = [ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("2001:db8:1::/48")]
STEPS = (  # each is sent when the reply to the one before has come
    b"EHLO client.example\r\n",
    b"MAIL FROM:<a@client.example>\r\nRCPT TO:<b@here.example>\r\nDATA\r\n",
    b"Subject: x\r\n\r\nx\r\n.\r\n",
    b"QUIT\r\n",
)
MAIL = b"".join(STEPS)
HEADERS_BY_OCTETS = dict(HEADERS.values())
UNNAMED = {
    "v1 UNKNOWN": b"PROXY UNKNOWN\r\n",
    "v2 LOCAL": block(LOCAL, 0, b""),
    "v2 unix": block(PROXY, UNIX, bytes(216)),
    "v2 without family": block(PROXY, 0, b""),
}


class Gate:
    """A proxied factory, and connections to it."""

    def __init__(self, *, unix: bool = False, **arguments: Any) -> None:  # noqa: ANN401 -- of SMTPFactory
        self.clock = Clock()
        self.events: list[Event] = []
        self.desk = Desk(self.clock)
        self.inner = SMTPFactory(
            self.desk, "here.example", self.clock, listeners=(self.events.append,), **arguments
        )
        self.factory = ProxiedFactory(self.inner, NETWORKS, unix=unix)

    def connect(self, *packets: bytes, peer: IAddress = BALANCER) -> Wire:
        """Let a proxy connect and send packets."""
        wire = Wire(self.clock)
        wire.protocol = self.factory.buildProtocol(peer)
        wire.startReading()
        wire.protocol.makeConnection(wire)
        self.send(wire, *packets)
        return wire

    def send(self, wire: Wire, *packets: bytes) -> None:
        """Let it send more, each packet read in a turn of its own."""
        wire.inbox.extend(packets)
        wire.poll()
        self.clock.advance(0)

    def told(self, kind: type[Event]) -> list[Any]:
        """Give the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def clients(self) -> list[str]:
        """The clients of all sessions, as the log writes them."""
        return [str(event.client) for event in self.told(SessionStarted)]


def spoken(wire: Wire) -> bytes:
    """Give what was said, without the ids, which differ."""
    return b"".join(part.split(b" [")[0] for part in wire.sent)


def test_nothing_is_said_before_the_header() -> None:
    """The session begins with it: then the banner comes, and the client is the one it names."""
    gate = Gate()
    wire = gate.connect()
    assert (wire.sent, gate.events, gate.inner.sessions) == ([], [], 0)
    gate.send(wire, named("192.0.2.7"))
    assert wire.sent == [b"220 here.example ESMTP gomail\r\n"]
    assert gate.clients == ["192.0.2.7:40695"]
    assert gate.inner.sessions == 1
    assert gate.desk.clients[0].address == "192.0.2.7"


def test_session_has_the_connection_itself() -> None:
    """Nothing stays in between: replies go straight out, and the deadline of the header is gone."""
    gate = Gate()
    wire = gate.connect(line())
    assert isinstance(wire.protocol, SMTPProtocol)
    assert wire.protocol.transport is wire  # type: ignore[comparison-overlap]
    gate.send(wire, *STEPS)
    assert len(gate.desk.stored) == 1
    assert wire.disconnected
    assert gate.clock.getDelayedCalls() == []
    assert gate.inner.sessions == 0


def test_unmapped_is_who_is_named() -> None:
    """An IPv4 client that the proxy took on an IPv6 socket is an IPv4 client."""
    gate = Gate()
    gate.connect(named("::ffff:192.0.2.7"))
    gate.connect(line("::ffff:192.0.2.8", family="TCP6"))
    gate.connect(named("2001:db8::7"))
    assert gate.clients == ["192.0.2.7:40695", "192.0.2.8:40695", "[2001:db8::7]:40695"]


@pytest.mark.parametrize("octets", [octets for octets, _ in HEADERS.values()], ids=list(HEADERS))
def test_pieces_do_not_matter(octets: bytes) -> None:
    """Cut anywhere, or octet by octet: the same comes of it."""
    whole = Gate()
    expected = b"".join(whole.connect(octets, *STEPS).sent)
    assert expected.startswith(b"220 ")
    assert len(whole.desk.stored) == 1
    cuts = [[octets[:at], octets[at:]] for at in range(1, len(octets))]
    single = [[octets[at : at + 1] for at in range(len(octets))]]
    for packets in (*cuts[:120], *cuts[-5:], *single):
        gate = Gate()
        wire = gate.connect(*packets, *STEPS)
        assert b"".join(wire.sent) == expected
        assert gate.clients == whole.clients
        assert len(gate.desk.stored) == 1
        assert gate.clock.getDelayedCalls() == []


@pytest.mark.parametrize("octets", [octets for octets, _ in HEADERS.values()], ids=list(HEADERS))
def test_octets_behind_the_header_are_the_clients(octets: bytes) -> None:
    """Of who is forgiven that, mail is taken; who is not has spoken before the banner."""
    everybody = [ip_network("0.0.0.0/0"), ip_network("::/0")]
    for cut in (0, 1, len(octets) - 1):
        head, rest = octets[:cut], octets[cut:]
        trusting, strict = Gate(trusted=everybody, unix=True), Gate()
        trusting.connect(head, rest + MAIL)
        assert len(trusting.desk.stored) == (HEADERS_BY_OCTETS[octets] is not None)
        for spoken_early in (MAIL, MAIL[:1]):
            wire = strict.connect(head, rest + spoken_early)
            assert b"You spoke before it was your turn" in b"".join(wire.sent)
            assert wire.disconnected
        assert strict.desk.stored == []


@pytest.mark.parametrize(
    "peer",
    [
        IPv4Address("TCP", "192.0.2.1", 1),
        IPv6Address("TCP", "2001:db8::1", 1),
        IPv6Address("TCP", "::ffff:192.0.2.1", 1),
        UNIXAddress(None),
    ],
)
def test_who_is_no_proxy_is_refused(peer: IAddress) -> None:
    """Whatever header it sends, it hears one refusal; nobody is named by a stranger."""
    gate = Gate()
    wire = gate.connect(named("127.0.0.1"), MAIL, peer=peer)
    (said,) = wire.sent
    assert said.startswith(b"421 4.7.0 Only known proxies are served here [")
    assert wire.disconnected
    (refusal,) = gate.events
    assert isinstance(refusal, Refusal)
    assert "proxy" in refusal.reason
    assert refusal.client.address != "127.0.0.1"
    gate.clock.advance(CLOSE_TIME)
    assert gate.desk.told == []


def test_proxy_may_come_by_unix_socket_and_by_ipv6() -> None:
    """Where the operator says so."""
    gate = Gate(unix=True)
    gate.connect(named("192.0.2.7"), peer=UNIXAddress(None))
    gate.connect(named("192.0.2.8"), peer=IPv6Address("TCP", "2001:db8:1::1", 1))
    gate.connect(named("192.0.2.9"), peer=IPv6Address("TCP", "::ffff:10.1.1.1", 1))
    assert gate.clients == ["192.0.2.7:40695", "192.0.2.8:40695", "192.0.2.9:40695"]


@pytest.mark.parametrize(
    ("peer", "header", "trusted"),
    [
        (HERE, named("192.0.2.7"), False),
        (HERE, line("192.0.2.7"), False),
        (UNIXAddress(None), named("2001:db8::7"), False),
        (HERE, named("10.9.9.9"), True),
        (BALANCER, named("10.9.9.9"), True),
        (HERE, named("127.0.0.2"), True),
        (UNIXAddress(None), named("::1"), True),
        (BALANCER, named("127.0.0.1"), False),
        (BALANCER, named("::1"), False),
        (BALANCER, named("::ffff:127.0.0.1"), False),
        *((HERE, header, False) for header in UNNAMED.values()),
        *((UNIXAddress(None), header, False) for header in UNNAMED.values()),
    ],
)
def test_trust_is_for_who_is_named(peer: IAddress, header: bytes, *, trusted: bool) -> None:
    """A proxy on loopback makes nobody trusted; nor does loopback, named by a proxy elsewhere."""
    here = [ip_network("127.0.0.0/8"), ip_network("::1"), ip_network("10.0.0.0/8")]
    gate = Gate(unix=True, trusted=here, trust_unix=True)
    gate.connect(header, peer=peer)
    (started,) = gate.told(SessionStarted)
    assert started.client.trusted == trusted


@pytest.mark.parametrize("header", UNNAMED.values(), ids=UNNAMED)
def test_who_is_not_named_is_the_proxy(header: bytes) -> None:
    """Health checks, and clients without an address: the connection's own address counts."""
    gate = Gate(limits=Limits(sessions_per_address=1))
    first = gate.connect(header, peer=HERE)
    assert first.sent[0].startswith(b"220 ")
    assert gate.clients == ["127.0.0.1:5555"]
    assert gate.connect(header, peer=HERE).sent[0].startswith(b"421 4.7.0 Too many")
    gate.clock.advance(CLOSE_TIME)


def test_limits_count_who_is_named() -> None:
    """A client beyond its limit is turned away; others behind the same proxy are not."""
    gate = Gate(limits=Limits(sessions_per_address=1, sessions_per_network=2))
    assert gate.connect(named("192.0.2.7")).sent[0].startswith(b"220 ")
    again = gate.connect(named("192.0.2.7", 40696), MAIL)
    assert spoken(again) == b"421 4.7.0 Too many sessions from your address"
    assert gate.told(Refusal)[0].client.address == "192.0.2.7"
    assert gate.connect(named("192.0.2.8")).sent[0].startswith(b"220 ")
    assert spoken(gate.connect(named("192.0.2.9"))) == (
        b"421 4.7.0 Too many sessions from your network"
    )
    gate.clock.advance(CLOSE_TIME)


@pytest.mark.parametrize("octets", MALFORMED.values(), ids=MALFORMED)
def test_bad_header_is_the_end(octets: bytes) -> None:
    """No banner, nothing that follows is looked at, and the log says what was wrong."""
    gate = Gate()
    wire = gate.connect(octets, MAIL)
    assert (wire.sent, wire.cuts) == ([], 1)
    assert wire.disconnected
    assert gate.desk.told == []
    started, ended = gate.events
    assert isinstance(started, SessionStarted)
    assert isinstance(ended, SessionEnded)
    assert ended.reason.startswith("no PROXY header: ")
    assert str(ended.client) == "10.0.0.1:5555"
    assert gate.clock.getDelayedCalls() == []


def test_nothing_is_read_behind_a_bad_header() -> None:
    """Even where octets still come, as they do from some transports."""
    gate = Gate()
    awaiting = Awaiting(gate.factory, gate.inner.client_at(BALANCER))
    awaiting.makeConnection(Wire(gate.clock))
    for octets in (b"EHLO", line(), MAIL):
        awaiting.dataReceived(octets)
    assert len(gate.told(SessionEnded)) == 1
    assert gate.inner.sessions == 0


@pytest.mark.parametrize("octets", [b"", b"PROXY TCP4 192.0.2.7", named("192.0.2.7")[:-1]])
def test_header_that_is_late_is_the_end(octets: bytes) -> None:
    """Ten seconds in all; single octets do not put the end off."""
    gate = Gate()
    wire = gate.connect(octets[:-1])
    gate.clock.advance(HEADER_TIME - 1)
    gate.send(wire, octets[-1:])
    assert not wire.disconnected
    gate.clock.advance(1)
    gate.clock.advance(0)
    assert (wire.sent, wire.cuts) == ([], 1)
    (ended,) = gate.told(SessionEnded)
    assert ended.reason == "no PROXY header came within 10 s"
    assert ended.seconds == HEADER_TIME
    assert gate.clock.getDelayedCalls() == []


def test_connection_without_a_word_is_not_told() -> None:
    """Balancers look whether the port is open, every other second."""
    gate = Gate()
    gate.connect().lose(ConnectionDone())
    assert gate.events == []
    assert gate.clock.getDelayedCalls() == []


def test_header_that_is_cut_off_is_told() -> None:
    """Half a header is not nothing."""
    gate = Gate()
    gate.connect(named("192.0.2.7")[:20]).lose(ConnectionDone())
    assert gate.told(SessionEnded)[0].reason == "the PROXY header was cut off"
    assert gate.told(SessionEnded)[0].octets == 20
    assert gate.clock.getDelayedCalls() == []


def test_connections_without_a_header_are_counted() -> None:
    """There is a bound for them; one that has its header makes room."""
    gate = Gate()
    wires = [gate.connect() for _ in range(WAITING)]
    assert spoken(gate.connect()) == b"421 4.3.2 Too many sessions, please try again later"
    gate.send(wires[0], named("192.0.2.7"))
    wires[1].lose(ConnectionDone())
    assert [gate.connect().sent for _ in range(2)] == [[], []]
    assert gate.connect().sent != []


def test_server_that_leaves_waits_for_no_header() -> None:
    """Who waits hears 421 and holds up nothing; so does a header that comes later."""
    gate = Gate()
    inside, waiting = gate.connect(named("192.0.2.7")), gate.connect(named("192.0.2.8")[:20])
    done = gate.factory.leave()
    # With no turn of the reactor in between: this may have been the last one.
    assert spoken(waiting) == b"421 4.3.2 Shutting down, please try again"
    gate.clock.advance(0)
    assert b"421 4.3.2 Shutting down" in inside.sent[-1]
    assert done.called
    late = gate.connect(named("192.0.2.9"), MAIL)
    assert spoken(late) == b"421 4.3.2 Shutting down, please try again"
    assert gate.inner.sessions == 0
    gate.clock.advance(CLOSE_TIME)
    assert gate.clock.getDelayedCalls() == []


def test_header_that_comes_between_finds_the_door_shut() -> None:
    """Content may be under way for half a minute while the server leaves."""
    gate = Gate()
    busy = gate.connect(named("192.0.2.7"), *STEPS[:2])
    done = gate.factory.leave()
    late = gate.connect()
    assert late.sent == []
    gate.send(late, named("192.0.2.8"))
    assert spoken(late) == b"421 4.3.2 Shutting down, please try again"
    assert not done.called
    gate.send(busy, b"Subject: x\r\n.\r\n")
    assert len(gate.desk.stored) == 1
    assert done.called
    gate.clock.advance(CLOSE_TIME)


def test_aborting_drops_what_is_left() -> None:
    """Sessions, and those that would become some."""
    gate = Gate()
    wires = [gate.connect(named("192.0.2.7")), gate.connect()]
    gate.factory.abort()
    gate.clock.advance(0)
    assert all(wire.disconnected for wire in wires)
    assert gate.clock.getDelayedCalls() == []


def test_factory_behind_is_started_and_stopped() -> None:
    """As if it were listened with itself."""
    told: list[str] = []

    class Told(SMTPFactory):
        def startFactory(self) -> None:
            told.append("started")

        def stopFactory(self) -> None:
            told.append("stopped")

    factory: Factory = ProxiedFactory(Told(Recorder(), "here.example", Clock()), NETWORKS)
    factory.doStart()
    factory.doStop()
    assert told == ["started", "stopped"]


def test_any_transport_will_do() -> None:
    """One that goes on calling the protocol that it began with finds the session all the same."""
    recorder = Recorder()
    server = MemoryServer(recorder)
    factory = ProxiedFactory(server.factory, NETWORKS)
    talk = Talk(factory, server.clock, BALANCER)  # type: ignore[arg-type]  # any factory will do
    talk.send(named("192.0.2.7"))
    assert talk.hear().code == 220
    assert talk.mail("a@client.example", ["b@here.example"], b"Subject: x").code == 250
    assert recorder.messages[0].envelope.client.address == "192.0.2.7"
    talk.drop()
    assert server.factory.sessions == 0


@given(st.lists(near_headers | st.binary(max_size=5000), max_size=5))
def test_any_octets_end_in_a_session_or_the_end(packets: list[bytes]) -> None:
    """Never an exception, and never more kept than the longest header."""
    gate = Gate()
    with logged_failures() as failures:
        wire = gate.connect()
        awaiting = wire.protocol
        assert isinstance(awaiting, Awaiting)
        for packet in packets:
            gate.send(wire, packet)
            assert len(awaiting._octets) < LONGEST
    assert failures == []
    if not wire.disconnected:
        wire.lose(ConnectionDone())
    assert len(gate.told(SessionStarted)) == len(gate.told(SessionEnded))
    assert gate.inner.sessions == 0
