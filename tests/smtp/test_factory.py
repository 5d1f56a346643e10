"""Sessions as they come and go."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gomail.answers import Answer
from gomail.envelope import Client
from gomail.events import Event, Refusal, Said, SessionEnded, SessionStarted
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reply import TOO_MANY_FROM_ADDRESS, Refused
from gomail.smtp.admission import Admission
from gomail.smtp.alarms import A_TURN
from gomail.smtp.factory import MOST_KNOWN, SESSIONS_A_TURN, SMTPFactory, TurnedAway
from gomail.smtp.patience import CLOSE_TIME
from gomail.smtp.protocol import SMTPProtocol
from tests.smtp.desk import Desk
from tests.smtp.talk import octets_of
from tests.smtp.wire import Wire, logged_failures

STRANGER = IPv4Address("TCP", "192.0.2.1", 40695)


class Porch:
    """A factory, and connections to it."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 -- those of SMTPFactory
        self.clock = Clock()
        self.events: list[Event] = []
        self.desk = Desk(self.clock)
        self.wires: list[Wire] = []
        self.factory = SMTPFactory(
            self.desk, "here.example", self.clock, listeners=(self.events.append,), **arguments
        )

    def connect(self, address: IAddress | None = STRANGER) -> Wire:
        """Let a client connect."""
        wire = Wire(self.clock)
        wire.protocol = self.factory.buildProtocol(address)
        wire.startReading()
        wire.protocol.makeConnection(wire)
        self.wires.append(wire)
        self.clock.advance(0)
        return wire

    def say(self, wire: Wire, *lines: str) -> None:
        """Let a client say something."""
        wire.inbox.append(octets_of(lines))
        wire.poll()
        self.clock.advance(0)


@pytest.mark.parametrize(
    ("address", "written", "trusted"),
    [
        (STRANGER, "192.0.2.1:40695", False),
        (IPv4Address("TCP", "127.0.0.1", 1), "127.0.0.1:1", True),
        (IPv4Address("TCP", "127.255.0.1", 1), "127.255.0.1:1", True),
        (IPv6Address("TCP", "::1", 1), "[::1]:1", True),
        (IPv6Address("TCP", "2001:db8::1", 1), "[2001:db8::1]:1", False),
        (IPv6Address("TCP", "fe80::1%eth0", 1), "[fe80::1]:1", False),
        (IPv6Address("TCP", "::ffff:192.0.2.1", 1), "192.0.2.1:1", False),
        (IPv6Address("TCP", "::ffff:127.0.0.1", 1), "127.0.0.1:1", True),
        (IPv6Address("TCP", "::ffff:0:192.0.2.1", 1), "[::ffff:0:c000:201]:1", False),
        (UNIXAddress(None), "unix", True),
        (HostnameAddress(b"x", 1), "unix", True),
        (None, "unix", True),
    ],
)
def test_client_is_who_connects(address: IAddress | None, written: str, *, trusted: bool) -> None:
    """IPv4 is IPv4 on whatever socket; the own machine is trusted."""
    porch = Porch()
    porch.connect(address)
    (started,) = porch.events
    assert isinstance(started, SessionStarted)
    assert str(started.client) == written
    assert started.client.trusted == trusted
    assert len(started.client.session_id) == 10


def test_trust_is_the_operators() -> None:
    """Networks and the unix socket may be trusted or not."""
    porch = Porch(
        trusted=[ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")], trust_unix=False
    )
    for address in (
        STRANGER,
        IPv6Address("TCP", "2001:db8::1", 1),
        UNIXAddress(None),
        IPv4Address("TCP", "127.0.0.1", 1),
    ):
        porch.connect(address)
    assert [event.client.trusted for event in porch.events] == [True, True, False, False]  # type: ignore[union-attr]


def test_lines_are_told_to_whoever_follows_just_then() -> None:
    """A list says who: sessions that are open go by it, too; and it is known with whom they are."""
    followers: list[Any] = []
    porch = Porch(dialogue=followers)
    wire = porch.connect()
    porch.say(wire, "NOOP")
    said: list[Event] = []
    followers.append(said.append)
    porch.say(wire, "HELO a.example")
    followers.clear()
    porch.say(wire, "NOOP")
    assert [event.octets for event in said] == [b"HELO a.example", b"250 here.example"]  # type: ignore[union-attr]
    assert [str(client) for client in porch.factory.clients] == ["192.0.2.1:40695"]
    assert not any(isinstance(event, Said) for event in porch.events)


def test_every_session_has_its_own_id() -> None:
    """The log can tell them apart."""
    porch = Porch()
    for _ in range(20):
        porch.connect()
    assert len({event.client.session_id for event in porch.events}) == 20  # type: ignore[union-attr]


def test_sessions_are_counted() -> None:
    """As long as they are open."""
    porch = Porch()
    first, second = porch.connect(), porch.connect()
    assert porch.factory.sessions == 2
    first.lose(ConnectionDone())
    assert porch.factory.sessions == 1
    porch.say(second, "QUIT")
    assert porch.factory.sessions == 0


def test_e5_client_beyond_the_limit_is_turned_away() -> None:
    """421 and the end, told to the log as a refusal; when another goes it may come."""
    porch = Porch(limits=Limits(sessions_per_address=1))
    inside = porch.connect()
    outside = porch.connect()
    assert outside.disconnected
    (said,) = outside.sent
    assert said.startswith(b"421 4.7.0 Too many sessions from your address [")
    refusal = porch.events[-1]
    assert isinstance(refusal, Refusal)
    assert refusal.client.session_id.encode() in said
    assert not [event for event in porch.events if isinstance(event, SessionEnded)]
    assert porch.factory.sessions == 1
    porch.say(outside, "EHLO client.example")
    assert outside.sent == [said]
    inside.lose(ConnectionDone())
    assert porch.connect().sent[0].startswith(b"220")
    porch.clock.advance(CLOSE_TIME)


def test_listeners_may_share_their_admission() -> None:
    """What is open on one port counts on the other."""
    admission = Admission(Limits(sessions=1))
    first, second = Porch(admission=admission), Porch(admission=admission)
    first.connect()
    assert second.connect().sent[0].startswith(b"421")


class Shared(Admission):
    """An admission in which somebody else has a say, later."""

    shared = True

    def __init__(self) -> None:
        super().__init__(DEFAULT_LIMITS)
        self.asked: list[Deferred[None]] = []

    def permit(self, client: Client) -> Answer[None]:
        """Ask."""
        self.asked.append(Deferred())
        return self.asked[-1]


def test_stranger_is_greeted_when_somebody_else_permits_it() -> None:
    """Not before; and the delivery is asked behind that."""
    admission = Shared()
    porch = Porch(admission=admission)
    wire = porch.connect()
    assert wire.sent == []
    assert porch.desk.told == []
    admission.asked[0].callback(None)
    assert wire.sent[0].startswith(b"220 ")
    assert porch.desk.told == ["greeted"]


def test_stranger_whom_somebody_else_refuses_is_turned_away() -> None:
    """With that reply, and the end."""
    admission = Shared()
    porch = Porch(admission=admission)
    wire = porch.connect()
    admission.asked[0].errback(Refused(TOO_MANY_FROM_ADDRESS, "counted over all"))
    assert wire.sent[0].startswith(b"421 4.7.0 ")
    assert porch.desk.told == []
    porch.clock.advance(CLOSE_TIME)
    assert porch.factory.sessions == 0


def test_nobody_else_is_asked_about_the_trusted() -> None:
    """They are greeted at once."""
    admission = Shared()
    porch = Porch(admission=admission)
    assert porch.connect(IPv4Address("TCP", "127.0.0.1", 1)).sent[0].startswith(b"220 ")
    assert admission.asked == []


def test_delivery_that_fails_to_begin_takes_no_place() -> None:
    """A fault of the delivery's factory turns the client away, and is not counted as a session."""
    porch = Porch(limits=Limits(sessions=1))

    def broken(_: object) -> None:
        raise OSError("the password is x")

    deliver = porch.desk.deliveryFor
    porch.desk.deliveryFor = broken  # type: ignore[method-assign, assignment]
    for _ in range(3):
        with logged_failures() as logged:
            assert porch.connect().sent[0].startswith(b"451 4.3.0 Local error, please try again")
        assert len(logged) == 1
    porch.desk.deliveryFor = deliver  # type: ignore[method-assign]
    assert porch.connect().sent[0].startswith(b"220")


def test_addresses_are_remembered_without_a_limit_to_how_many_come() -> None:
    """A thousand, then it begins again; each is still what it is."""
    porch = Porch()
    for number in range(MOST_KNOWN + 2):
        host = f"192.0.{number // 256}.{number % 256}"
        client = porch.factory.client_at(IPv4Address("TCP", host, number))
        assert (client.address, client.port, client.trusted) == (host, number, False)
    assert porch.factory.client_at(IPv4Address("TCP", "127.0.0.1", 1)).trusted


def test_turned_away_client_that_does_not_close_is_aborted() -> None:
    """Ten seconds, then the connection is gone."""
    porch = Porch(limits=Limits(sessions=0))
    wire = Wire(porch.clock)
    wire.hangs = True
    wire.protocol = porch.factory.buildProtocol(STRANGER)
    wire.protocol.makeConnection(wire)
    porch.clock.advance(CLOSE_TIME)
    porch.clock.advance(0)
    assert wire.cuts == 1
    assert wire.disconnected
    assert not porch.clock.getDelayedCalls()


def test_turned_away_client_that_never_connected_is_nothing() -> None:
    """A connection that is lost before it was made leaves no timer."""
    porch = Porch(limits=Limits(sessions=0))
    turned_away = porch.factory.buildProtocol(STRANGER)
    assert isinstance(turned_away, TurnedAway)
    turned_away.connectionLost(Failure(ConnectionDone()))
    assert not porch.clock.getDelayedCalls()


def test_leaving_without_sessions_is_done_at_once() -> None:
    """Nobody has to be waited for."""
    assert Porch().factory.leave().called


def test_leaving_waits_for_the_last_session() -> None:
    """Idle ones hear 421 at once, others after the message under way."""
    porch = Porch()
    idle, busy = porch.connect(), porch.connect()
    porch.say(busy, "EHLO x")
    porch.say(busy, "MAIL FROM:<>", "RCPT TO:<b@here.example>", "DATA")
    done = porch.factory.leave()
    porch.clock.advance(0)
    assert idle.sent[-1].startswith(b"421")
    assert idle.disconnected
    assert not done.called
    porch.say(busy, "Hello", ".")
    assert b"".join(busy.sent).count(b"421 4.3.2") == 1
    assert len(porch.desk.stored) == 1
    assert done.called


def test_who_comes_while_the_server_leaves_is_turned_away() -> None:
    """An endpoint of somebody else's may go on listening; nobody new holds up the stop."""
    porch = Porch()
    done = porch.factory.leave()
    late = porch.connect()
    assert late.sent[0].startswith(b"421 4.3.2 Shutting down")
    assert late.disconnected
    assert porch.factory.sessions == 0
    assert done.called


def test_aborting_drops_what_is_left() -> None:
    """And waits for nobody's manners."""
    porch = Porch()
    wires = [porch.connect(), porch.connect()]
    done = porch.factory.leave
    porch.factory.abort()
    porch.clock.advance(0)
    assert all(wire.disconnected for wire in wires)
    assert porch.factory.sessions == 0
    assert done().called


def test_changed_limits_hold_for_the_sessions_to_come() -> None:
    """A reload disturbs nobody who is inside."""
    porch = Porch()
    before = porch.connect()
    porch.factory.change(Limits(size=1234), [ip_network("192.0.2.0/24")], trust_unix=False)
    after = porch.connect()
    for wire in (before, after):
        porch.say(wire, "EHLO client.example")
    assert b"SIZE 52428800" in b"".join(before.sent)
    assert b"SIZE 1234" in b"".join(after.sent)
    started = [event.client for event in porch.events if isinstance(event, SessionStarted)]
    assert [client.trusted for client in started] == [False, True]


def test_factory_is_a_plain_protocol_factory() -> None:
    """Any Twisted endpoint takes it, and any transport will do."""
    protocol = Porch().factory.buildProtocol(STRANGER)
    assert isinstance(protocol, SMTPProtocol)
    assert isinstance(protocol, Protocol)
    transport = StringTransport()
    protocol.makeConnection(transport)
    assert transport.value() == b"220 here.example ESMTP gomail\r\n"
    protocol.connectionLost(Failure(ConnectionDone()))


def busy_porch(sessions: int, **limits: int) -> Porch:
    """Have so many strangers inside that the server is busy."""
    most = sessions * 10 // 8
    porch = Porch(
        limits=Limits(sessions=most, sessions_per_address=most, sessions_per_network=most, **limits)
    )
    for _ in range(sessions):
        porch.connect()
    return porch


def test_busy_server_has_less_patience_with_those_inside() -> None:
    """Who does nothing makes room, until there is some; many hear of it in several turns."""
    porch = busy_porch(2 * SESSIONS_A_TURN + 8)
    trusted = porch.connect(IPv4Address("TCP", "127.0.0.1", 1))
    before = porch.factory.sessions
    porch.clock.pump([0, 0, 60, 0, 0])
    assert before - 2 * A_TURN <= porch.factory.sessions < before * 0.8
    assert not trusted.disconnected


def test_less_patience_that_is_over_is_told_to_nobody_any_more() -> None:
    """Others hold by now, of which everybody hears."""
    admission = Admission(Limits(sessions_per_address=1000, sessions_per_network=1000))
    porch = Porch(admission=admission)
    for _ in range(SESSIONS_A_TURN + 40):
        porch.connect()
    admission.gauge.measure_lag(5)
    admission.gauge.measure_lag(0)
    porch.clock.pump([0, 0, 100])
    assert porch.factory.sessions == SESSIONS_A_TURN + 40


def test_limits_that_are_changed_under_load_are_hurried_too() -> None:
    """For the sessions to come."""
    porch = busy_porch(8)
    porch.factory.change(replace(DEFAULT_LIMITS, command_timeout=59), (), trust_unix=False)
    porch.connect()
    porch.clock.advance(59)
    assert porch.factory.sessions == 8


def test_many_sessions_leave_in_several_turns() -> None:
    """Ten thousand that do nothing don't keep those waiting who are bringing mail."""
    count = SESSIONS_A_TURN + 40
    porch = Porch(limits=Limits(sessions_per_address=1000, sessions_per_network=1000))
    wires = [porch.connect() for _ in range(count)]
    done = porch.factory.leave()
    told = [wire for wire in wires if b"421 " in wire.sent[-1]]
    assert len(told) == SESSIONS_A_TURN
    gone = next(wire for wire in wires if wire not in told)
    gone.protocol.connectionLost(Failure(ConnectionDone()))
    porch.clock.advance(0)
    assert b"421 " not in gone.sent[-1]
    assert len([wire for wire in wires if b"421 " in wire.sent[-1]]) == count - 1
    porch.clock.advance(CLOSE_TIME)
    assert done.called
