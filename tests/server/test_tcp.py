"""A TCP port of ours: who connects, what becomes of it, and what is left for other processes."""

import errno
import socket
from collections.abc import Iterator

import pytest
import pytest_twisted
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.threads import deferToThread

from gomail.server.accepting import CONNECTIONS_A_TURN, SHARED_CONNECTIONS_A_TURN
from gomail.server.crowd import Crowd
from gomail.server.prompt import PromptConnection
from gomail.server.tcp import TCPPort
from tests.server.lists import Lists
from tests.smtp.wire import logged_failures


class Factory(ServerFactory):
    """Makes protocols, or none, or fails."""

    noisy = False
    protocol = Protocol

    def __init__(self) -> None:
        self.made: list[Protocol] = []
        self.gives_none = self.fails = False

    def buildProtocol(self, addr: object) -> Protocol | None:
        """Do what is wanted."""
        if self.fails:
            raise ZeroDivisionError
        if self.gives_none:
            return None
        self.made.append(Protocol())
        return self.made[-1]


class House:
    """A port with a reactor that only keeps lists."""

    def __init__(self, *, shared: bool = False) -> None:
        self.reactor = Lists()
        self.factory = Factory()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.socket.setblocking(False)
        self.port = TCPPort(self.reactor, self.socket, self.factory, shared=shared)  # type: ignore[arg-type]  # a short one
        self.port.startListening()
        self.clients: list[socket.socket] = []

    def connect(self, count: int = 1) -> None:
        """Have so many clients connect."""
        for _ in range(count):
            self.clients.append(socket.create_connection(self.socket.getsockname(), timeout=10))

    def close(self) -> None:
        """Close all."""
        self.port.stopListening()
        for protocol in self.factory.made:
            assert isinstance(protocol.transport, PromptConnection)
            protocol.transport.socket.close()
        for client in self.clients:
            client.close()


@pytest.fixture
def house() -> Iterator[House]:
    """Give a port that listens."""
    made = House()
    yield made
    made.close()


def test_connection_knows_both_of_its_ends(house: House) -> None:
    """By address and port; and it has a name for the log."""
    house.connect()
    house.port.doRead()
    [transport] = [protocol.transport for protocol in house.factory.made]
    assert isinstance(transport, PromptConnection)
    assert transport.getPeer() == IPv4Address("TCP", *house.clients[0].getsockname())
    assert transport.getHost() == house.port.getHost()
    assert repr(transport) == "<Protocol #1 of 127.0.0.1>"
    [crowd] = house.reactor.readers - {house.port}
    assert isinstance(crowd, Crowd)
    assert crowd.getReaders() == [transport]
    assert house.port.logPrefix() == str(house.port.getHost())


def test_all_that_wait_are_taken_up_to_a_bound(house: House) -> None:
    """Others have their turn in between."""
    house.connect(CONNECTIONS_A_TURN + 1)
    house.port.doRead()
    assert len(house.factory.made) == CONNECTIONS_A_TURN
    house.port.doRead()
    house.port.doRead()
    assert len(house.factory.made) == CONNECTIONS_A_TURN + 1


def test_few_are_taken_where_others_listen_too() -> None:
    """Whoever wakes first leaves some for them."""
    house = House(shared=True)
    house.connect(SHARED_CONNECTIONS_A_TURN + 1)
    house.port.doRead()
    assert len(house.factory.made) == SHARED_CONNECTIONS_A_TURN
    house.close()


def test_connection_that_nobody_wants_is_closed(house: House) -> None:
    """The factory makes no protocol for it."""
    house.factory.gives_none = True
    house.connect()
    house.port.doRead()
    assert house.clients[0].recv(1) == b""


def test_fault_costs_one_connection(house: House) -> None:
    """It is closed and told of, and the next client is served."""
    house.factory.fails = True
    house.connect()
    with logged_failures() as failures:
        house.port.doRead()
    assert len(failures) == 1
    assert house.clients[0].recv(1) == b""
    house.factory.fails = False
    house.connect()
    house.port.doRead()
    assert len(house.factory.made) == 1


def test_connection_that_a_packet_filter_does_not_have_costs_nobody_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """accept(2) says EPERM then, and the next connection is taken in the same turn."""
    house.connect()
    accept, errors = socket.socket.accept, [PermissionError(errno.EPERM, "not this one")]

    def filtered(listening: socket.socket) -> tuple[socket.socket, object]:
        if errors:
            raise errors.pop()
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", filtered)
    house.port.doRead()
    assert len(house.factory.made) == 1


def test_socket_stays_open_for_others(house: House) -> None:
    """Whoever has it too is not disturbed when this port ends."""
    with house.socket.dup() as theirs:
        house.port.stopListening()
        assert house.reactor.readers == set()
        with socket.create_connection(theirs.getsockname(), timeout=10):
            theirs.accept()[0].close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest_twisted.ensureDeferred
async def test_real_reactor_serves_it(host: str) -> None:
    """Clients are answered, and known by their address."""
    from twisted.internet import reactor

    peers: list[object] = []

    class Echo(Protocol):
        def dataReceived(self, data: bytes) -> None:
            assert self.transport is not None
            peers.append(self.transport.getPeer())
            self.transport.write(data)
            self.transport.loseConnection()

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, 0), family=family)
    listening.setblocking(False)
    place = listening.getsockname()
    factory = ServerFactory.forProtocol(Echo)
    factory.noisy = False
    port = TCPPort(reactor, listening, factory)  # type: ignore[arg-type]  # all kinds in one
    port.startListening()
    names: list[tuple[object, ...]] = []

    def talk() -> bytes:
        with socket.create_connection(place[:2], timeout=10) as client:
            names.append(client.getsockname())
            client.sendall(b"Hello")
            return b"".join(iter(lambda: client.recv(100), b""))

    done: Deferred[bytes] = deferToThread(talk)
    assert await done == b"Hello"
    kind = IPv6Address if ":" in host else IPv4Address
    assert peers == [kind("TCP", *names[0])]  # type: ignore[arg-type]  # of a socket's name
    port.stopListening()
