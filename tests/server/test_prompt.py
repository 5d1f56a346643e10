"""Connections that end at once: on real sockets, with a reactor that only keeps lists."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gomail.server.prompt import PromptConnection
from gomail.smtp.factory import SMTPFactory
from tests.patience import PATIENCE
from tests.server.lists import Lists
from tests.smtp.desk import Desk


class Butler(Protocol):
    """Does with its transport what it is told to."""

    def dataReceived(self, data: bytes) -> None:
        """Do that."""
        assert isinstance(self.transport, PromptConnection)
        for word in data.split():
            if word == b"say":
                assert self.transport.writeSomeData(b"said ") == 5
            elif word == b"write":
                self.transport.write(b"written ")
            elif word == b"lose":
                self.transport.loseConnection()


class Call:
    """A connection, from both of its ends."""

    def __init__(self, butler: Protocol) -> None:
        self.reactor = Lists()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client = socket.create_connection(listening.getsockname(), PATIENCE)
            ours, address = listening.accept()
        self.connection = PromptConnection(ours, butler, address, None, 0, self.reactor)  # type: ignore[arg-type]  # a short one
        butler.makeConnection(self.connection)

    def read(self, octets: bytes) -> Any:  # noqa: ANN401 -- an exception or nothing
        """Have these octets read, and give what the reactor is told."""
        self.client.sendall(octets)
        return self.connection.doRead()


@pytest.fixture
def call() -> Iterator[Call]:
    """Make a connection."""
    made = Call(Butler())
    yield made
    made.client.close()
    made.connection.socket.close()


def test_it_ends_with_the_read_in_which_it_was_given_up(call: Call) -> None:
    """The last reply has gone by then, and the reactor has nothing to wait for."""
    assert call.read(b"say lose") is CONNECTION_DONE
    assert call.connection.ending
    assert call.client.recv(100) == b"said "
    assert call.reactor.writers == set()


def test_a_read_without_an_end_goes_on(call: Call) -> None:
    """As does one in which something was written."""
    assert call.read(b"say") is None
    assert not call.connection.ending
    assert call.read(b"write") is None
    assert call.reactor.readers == {call.connection}


@pytest.mark.parametrize("words", [b"write lose", b"lose write"])
def test_what_waits_is_sent_first(call: Call, words: bytes) -> None:
    """Before or behind the end, which the reactor is told once it is written."""
    assert call.read(words) is None
    assert not call.connection.ending
    assert call.reactor.writers == {call.connection}
    assert isinstance(call.connection.doWrite(), ConnectionDone)
    assert call.client.recv(100) == b"written "


def test_beyond_a_read_it_ends_as_all_others(call: Call) -> None:
    """When a clock has run out, or the disk has answered."""
    call.connection.loseConnection()
    assert not call.connection.ending
    assert (call.reactor.readers, call.reactor.writers) == (set(), {call.connection})
    assert isinstance(call.connection.doWrite(), ConnectionDone)


def test_the_end_of_the_peer_is_told_as_ever(call: Call) -> None:
    """Whoever leaves is gone."""
    call.client.close()
    assert call.connection.doRead() is CONNECTION_DONE


def test_a_session_that_ends_so_needs_no_deadline() -> None:
    """Its clocks stay as they were until the connection is gone, in a moment, and then stop."""
    desk = Desk(Clock())
    factory = SMTPFactory(desk, "here.example", desk.clock)
    call = Call(factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1)))
    waited_for = [each.getTime() for each in desk.clock.getDelayedCalls()]
    assert call.read(b"QUIT\r\n") is CONNECTION_DONE
    assert [each.getTime() for each in desk.clock.getDelayedCalls()] == waited_for
    call.connection.connectionLost(Failure(CONNECTION_DONE))
    assert desk.clock.getDelayedCalls() == []
    assert factory.sessions == 0
    assert call.client.recv(100).endswith(b"221 2.0.0 Bye\r\n")
    call.client.close()
