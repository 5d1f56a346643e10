"""The control socket's side of a connection: what it bears, and for how long; no time passes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from gomail.server.control.audience import Audience
from gomail.server.control.plain import Plain
from gomail.server.control.service import (
    CONNECTIONS,
    DROP_TIME,
    LONGEST_REQUEST,
    REQUEST_TIME,
    Caller,
    Callers,
)
from tests.server.events import STORED
from tests.smtp.wire import logged_failures


class Transport(StringTransport):
    """A connection that can be seen to be ended at once."""

    aborting = False

    def abortConnection(self) -> None:
        """End it."""
        self.aborting = True


class House:
    """A control socket without a socket: clock, status and followers are the test's."""

    def __init__(self, status: Callable[[], Plain | Deferred[Plain]] = lambda: {"pid": 1}) -> None:
        self.clock = Clock()
        self.audience = Audience()
        self.callers = Callers(self.clock, {"status": status}, self.audience)  # type: ignore[arg-type]  # a short one

    def call(self, octets: bytes = b"") -> tuple[Caller, Transport]:
        """Connect, and send something."""
        caller, transport = self.callers.buildProtocol(None), Transport()
        assert isinstance(caller, Caller)
        caller.makeConnection(transport)
        if octets:
            caller.dataReceived(octets)
        return caller, transport


def answers(transport: Transport) -> list[dict[str, Any]]:
    """Give what has been answered."""
    return [json.loads(line) for line in transport.value().splitlines()]


FOLLOW = b'{"request": "follow"}\n'


@pytest.mark.parametrize("octets", [b"", b'{"request":', b'{"request": "status"}\n'])
def test_connection_without_a_request_ends_soon(octets: bytes) -> None:
    """As does one whose answer is not read."""
    house = House()
    _, transport = house.call(octets)
    house.clock.advance(REQUEST_TIME - 0.1)
    assert not transport.aborting
    house.clock.advance(0.1)
    assert transport.aborting


@pytest.mark.parametrize("octets", [b'{"request": "status"}\n', FOLLOW])
def test_what_is_long_behind_a_request_is_nobodys(octets: bytes) -> None:
    """It has no answer, and a follower goes on."""
    house = House()
    _, transport = house.call(octets + b" " * (LONGEST_REQUEST + 1))
    assert [each for each in answers(transport) if "error" in each] == []
    assert len(answers(transport)) == 1


def test_status_is_answered_once_it_is_known() -> None:
    """A parent asks its workers first; what cannot be found out is logged, and said."""
    done: Deferred[Plain] = Deferred()
    _, transport = House(lambda: done).call(b'{"request": "status"}\n')
    assert transport.value() == b""
    done.callback({"pid": 7})
    assert answers(transport) == [{"pid": 7}]
    assert transport.disconnecting

    def fails() -> Plain:
        raise ZeroDivisionError

    with logged_failures() as logged:
        _, transport = House(fails).call(b'{"request": "status"}\n')
    assert answers(transport) == [{"error": "that could not be found out; the log says why"}]
    assert len(logged) == 1


def test_client_that_has_gone_is_forgotten() -> None:
    """Also where its answer comes later."""
    done: Deferred[Plain] = Deferred()
    house = House(lambda: done)
    caller, transport = house.call(b'{"request": "status"}\n')
    caller.connectionLost()
    assert house.callers.there == set()
    done.callback({"pid": 7})
    assert house.clock.getDelayedCalls() == []
    assert transport.value() in {b"", b'{"pid": 7}\n'}


def test_few_may_be_there_at_once() -> None:
    """Whoever comes then hears why, and who has gone makes room."""
    house = House()
    inside = [house.call()[0] for _ in range(CONNECTIONS)]
    refused, transport = house.call(FOLLOW)
    assert answers(transport) == [{"error": f"{CONNECTIONS} connections are open already"}]
    assert not house.audience
    for each in (refused, inside[0]):
        each.connectionLost()
    assert answers(house.call(FOLLOW)[1]) == [{"event": "following"}]


def test_follower_may_stay_as_long_as_it_reads() -> None:
    """One that takes nothing for a while is dropped, and one that goes is forgotten."""
    house = House()
    caller, transport = house.call(FOLLOW)
    house.clock.advance(1000)
    assert not transport.aborting
    producer: Any = transport.producer
    producer.pauseProducing()
    house.audience(STORED)
    house.clock.advance(DROP_TIME - 0.1)
    producer.resumeProducing()
    house.clock.advance(1000)
    assert not transport.aborting
    assert answers(transport)[1:] == [{"event": "left-out", "counts": {"stored": 1}}]
    producer.pauseProducing()
    house.clock.advance(DROP_TIME)
    assert transport.aborting
    caller.connectionLost()
    assert not house.audience
    assert house.clock.getDelayedCalls() == []


def test_all_are_ended_with_the_server() -> None:
    """Followers and others."""
    house = House()
    transports = [house.call(FOLLOW)[1], house.call()[1]]
    house.callers.end()
    assert [transport.aborting for transport in transports] == [True, True]
