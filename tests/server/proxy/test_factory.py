"""Sessions behind a proxy: whose they are, and when they begin."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from gomail.events import Refusal, SessionEnded, SessionStarted
from gomail.limits import Limits
from gomail.server.proxy.factory import Awaiting, ProxiedFactory
from gomail.server.proxy.header import LONGEST
from gomail.smtp.factory import SMTPFactory
from gomail.smtp.patience import CLOSE_TIME
from gomail.smtp.protocol import SMTPProtocol
from gomail.testing.recording import Recorder
from gomail.testing.wire import MemoryServer
from gomail.testing.wire import Wire as Talk
from tests.server.proxy.gate import BALANCER, MAIL, NETWORKS, STEPS, Gate, spoken
from tests.server.proxy.headers import HEADERS, LOCAL, PROXY, UNIX, block, line, named, near_headers
from tests.smtp.wire import logged_failures

HERE = IPv4Address("TCP", "127.0.0.1", 5555)
HEADERS_BY_OCTETS = dict(HEADERS.values())
UNNAMED = {
    "v1 UNKNOWN": b"PROXY UNKNOWN\r\n",
    "v2 LOCAL": block(LOCAL, 0, b""),
    "v2 unix": block(PROXY, UNIX, bytes(216)),
    "v2 without family": block(PROXY, 0, b""),
}


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
