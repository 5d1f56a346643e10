"""Headers that are awaited: bad, late, cut off, or between the server's end and theirs."""

import pytest
from twisted.internet.error import ConnectionDone

from gomail.events import SessionEnded, SessionStarted
from gomail.server.proxy.factory import HEADER_TIME, WAITING, Awaiting
from gomail.smtp.patience import CLOSE_TIME
from tests.server.proxy.gate import BALANCER, MAIL, STEPS, Gate, spoken
from tests.server.proxy.headers import MALFORMED, line, named
from tests.smtp.wire import Wire


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
