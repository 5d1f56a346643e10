"""UDP sockets, as reactors of all kinds treat them."""

import socket
from typing import Any

import pytest
import pytest_twisted

from gomail.checks.dns.sockets import Sockets
from tests.patience import PATIENCE


class Reactor:
    """Knows who wants to read."""

    def __init__(self) -> None:
        self.readers: list[Any] = []
        self.addReader = self.readers.append
        self.removeReader = self.readers.remove


async def opened(reactor: Any, port: int, host: str = "127.0.0.1") -> Any:  # noqa: ANN401 -- its own
    """Open a socket."""
    return await Sockets(reactor).make_socket(
        socket.AF_INET, socket.SOCK_DGRAM, destination=(host, port)
    )


@pytest.fixture
def closed_port() -> int:
    """Give a port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest_twisted.ensureDeferred
async def test_server_that_is_not_there_is_noticed(closed_port: int) -> None:
    """Where the reactor only says that there is something to read."""
    reactor = Reactor()
    datagrams = await opened(reactor, closed_port)
    await datagrams.sendto(b"x", None, PATIENCE)
    [reader] = reactor.readers
    reader.doRead()
    with pytest.raises(ConnectionRefusedError):
        await datagrams.recvfrom(100, PATIENCE)
    await datagrams.close()
    await datagrams.close()
    assert reactor.readers == []


@pytest_twisted.ensureDeferred
async def test_nothing_to_read_is_nothing(closed_port: int) -> None:
    """The kernel promises too much where a checksum is wrong."""
    reactor = Reactor()
    datagrams = await opened(reactor, closed_port)
    [reader] = reactor.readers
    reader.doRead()
    reader.connectionLost(None)
    with pytest.raises(ConnectionRefusedError):
        await datagrams.recvfrom(100, PATIENCE)
    assert reactor.readers == []


@pytest_twisted.ensureDeferred
async def test_address_that_can_not_be_asked_leaves_no_socket() -> None:
    """It is the next server's turn."""
    reactor = Reactor()
    with pytest.raises(OSError, match="denied"):
        await opened(reactor, 53, "255.255.255.255")
    assert reactor.readers == []
