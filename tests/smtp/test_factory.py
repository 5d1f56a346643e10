"""Sessions as they come and go."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.logger import formatEvent
from twisted.python.failure import Failure

from gomail.events import Event, Said, SessionStarted
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.smtp.admission import Admission
from gomail.smtp.alarms import A_TURN
from gomail.smtp.factory import MOST_KNOWN, SESSIONS_A_TURN
from gomail.smtp.patience import CLOSE_TIME
from gomail.smtp.protocol import SMTPProtocol
from tests.smtp.porch import STRANGER, Porch
from tests.smtp.wire import logged_failures


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


async def late(_: object) -> None:
    """Never run."""
    raise AssertionError


@pytest.mark.parametrize(
    ("deliver", "given"),
    [(late, "a coroutine"), (lambda _: Deferred(), "a Deferred"), (lambda _: None, "None")],
)
def test_delivery_is_given_at_once(deliver: Callable[[object], object], given: str) -> None:
    """There is nobody who could wait for it yet; the log says so, and the client hears 451."""
    porch = Porch()
    porch.desk.deliveryFor = deliver  # type: ignore[method-assign, assignment]
    with logged_failures() as logged, warnings.catch_warnings():
        warnings.simplefilter("error")
        said = porch.connect().sent[0].decode()
    assert said.startswith("451")
    [event] = logged
    assert formatEvent(event) == f"deliveryFor failed {said.split()[-1]}"
    assert event["log_failure"].getErrorMessage() == (
        "Desk.deliveryFor: an IMessageDelivery, at once (it is not awaited), "
        f"was expected, not {given}"
    )


def test_addresses_are_remembered_without_a_limit_to_how_many_come() -> None:
    """A thousand, then it begins again; each is still what it is."""
    porch = Porch()
    for number in range(MOST_KNOWN + 2):
        host = f"192.0.{number // 256}.{number % 256}"
        client = porch.factory.client_at(IPv4Address("TCP", host, number))
        assert (client.address, client.port, client.trusted) == (host, number, False)
    assert porch.factory.client_at(IPv4Address("TCP", "127.0.0.1", 1)).trusted


def test_leaving_without_sessions_is_done_at_once() -> None:
    """Nobody has to be waited for."""
    assert Porch().factory.leave().called


def test_leaving_waits_for_the_last_session() -> None:
    """Idle ones hear 421 at once, others after the message under way; whoever asks waits."""
    porch = Porch()
    idle, busy = porch.connect(), porch.connect()
    porch.say(busy, "EHLO x")
    porch.say(busy, "MAIL FROM:<>", "RCPT TO:<b@here.example>", "DATA")
    done, again = porch.factory.leave(), porch.factory.leave()
    porch.clock.advance(0)
    assert idle.sent[-1].startswith(b"421")
    assert idle.disconnected
    assert not done.called
    assert not again.called
    porch.say(busy, "Hello", ".")
    assert b"".join(busy.sent).count(b"421 4.3.2") == 1
    assert len(porch.desk.stored) == 1
    assert done.called
    assert again.called


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
