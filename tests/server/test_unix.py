"""A unix socket that is listened on: whose file stays, and what becomes of connections."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.address import UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from gomail.server.accepting import CONNECTIONS_A_TURN, REST
from gomail.server.unix import UnixPort
from tests.smtp.wire import logged_failures


class Reactor(Clock):
    """A reactor that only keeps lists."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[object] = []
        self.adopted: list[int] = []
        self.fails = False

    def addReader(self, reader: object) -> None:
        """Read from it."""
        self.readers.append(reader)

    def removeReader(self, reader: object) -> None:
        """Read from it no more."""
        if reader in self.readers:
            self.readers.remove(reader)

    def adoptStreamConnection(self, number: int, family: int, factory: object) -> None:
        """Note that a connection has come."""
        assert family == socket.AF_UNIX
        assert not os.get_blocking(number)
        if self.fails:
            raise ZeroDivisionError
        self.adopted.append(number)


class House:
    """A port on a socket of its own, with a reactor that the test moves."""

    def __init__(self, path: Path, *, remove: bool = True) -> None:
        self.path = path
        self.reactor = Reactor()
        self.factory = ServerFactory()
        self.factory.noisy = False
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(500)
        self.socket.setblocking(False)
        self.port = self.listen(self.socket, remove=remove)

    def listen(self, listening: socket.socket, *, remove: bool) -> UnixPort:
        """Begin to listen."""
        port = UnixPort(self.reactor, listening, self.factory, remove=remove)  # type: ignore[arg-type]
        port.startListening()
        return port

    def connect(self) -> socket.socket:
        """Connect a client."""
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(self.path))
        return client


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Give a port that listens."""
    return House(tmp_path / "socket")


def test_connections_become_twisteds(house: House) -> None:
    """All that wait, up to a bound, and nobody waits where there are none."""
    clients = [house.connect() for _ in range(CONNECTIONS_A_TURN + 1)]
    house.port.doRead()
    assert len(house.reactor.adopted) == CONNECTIONS_A_TURN
    house.port.doRead()
    house.port.doRead()
    assert len(house.reactor.adopted) == CONNECTIONS_A_TURN + 1
    for client in clients:
        assert client.recv(1) == b""  # this reactor keeps no duplicate of them
        client.close()
    house.port.stopListening()


def test_file_goes_with_the_port(house: House) -> None:
    """It is removed, and nothing listens or reads any more."""
    assert house.reactor.readers == [house.port]
    assert house.port.getHost() == UNIXAddress(str(house.path))
    assert house.port.fileno() == house.socket.fileno()
    assert house.port.logPrefix() == str(house.port.getHost())
    assert house.factory.numPorts == 1
    house.port.stopListening()
    assert not house.path.exists()
    assert house.reactor.readers == []
    assert house.factory.numPorts == 0
    assert house.socket.fileno() == -1
    house.port.connectionLost(Failure(ConnectionDone()))
    assert house.factory.numPorts == 0


def test_file_of_somebody_else_stays(house: House) -> None:
    """A server that has taken the place over is not cut off by the end of the old one."""
    house.path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(house.path))
        house.port.stopListening()
        assert house.path.is_socket()


def test_socket_of_systemd_is_only_borrowed(tmp_path: Path) -> None:
    """Its file stays, and its next connection is for whoever is started for it."""
    house = House(tmp_path / "socket", remove=False)
    with house.socket.dup() as theirs:
        house.port.stopListening()
        assert house.path.is_socket()
        with house.connect():
            theirs.accept()[0].close()


def test_abstract_socket_has_no_file(tmp_path: Path) -> None:
    """And needs none."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{tmp_path}")
        port = UnixPort(Reactor(), listening, ServerFactory(), remove=True)  # type: ignore[arg-type]
        port.startListening()
        port.stopListening()


@pytest.mark.parametrize("gone", [Path.unlink, lambda path: path.parent.rename("elsewhere")])
def test_file_that_is_gone_is_no_trouble(
    house: House, monkeypatch: pytest.MonkeyPatch, gone: Callable[[Path], object]
) -> None:
    """Somebody was faster."""
    monkeypatch.chdir(house.path.parent.parent)
    gone(house.path)
    house.port.stopListening()


def test_file_that_may_not_be_removed_is_no_trouble(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of root's, and root's rights are gone."""

    def fail(_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", fail)
        house.port.stopListening()
    assert house.path.is_socket()


class Full(socket.socket):
    """A socket whose connections can't be taken: there is no descriptor for them."""

    def accept(self) -> tuple[socket.socket, object]:
        """Fail."""
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_e6_kernel_without_descriptors_is_not_asked_all_the_time(house: House) -> None:
    """It is told, and the port rests for a second; and it can be stopped while it does."""
    house.port.stopListening()
    full = Full(socket.AF_UNIX)
    full.bind(str(house.path))
    port = house.listen(full, remove=True)
    with logged_failures() as failures:
        port.doRead()
        assert house.reactor.readers == []
        house.reactor.advance(REST)
        assert house.reactor.readers == [port]
        port.doRead()
    assert len(failures) == 2
    port.stopListening()
    assert house.reactor.getDelayedCalls() == []
    house.reactor.advance(REST)
    assert house.reactor.readers == []


def test_fault_costs_one_connection(house: House) -> None:
    """The next client is served."""
    house.reactor.fails = True
    with house.connect() as first, logged_failures() as failures:
        house.port.doRead()
        assert len(failures) == 1
        assert first.recv(1) == b""
    house.reactor.fails = False
    with house.connect():
        house.port.doRead()
    assert len(house.reactor.adopted) == 1
    house.port.stopListening()


@pytest_twisted.ensureDeferred
async def test_real_reactor_serves_it(tmp_path: Path) -> None:
    """Clients are answered by Twisted's own transports, and hear nothing after the end."""
    from twisted.internet import reactor

    class Echo(Protocol):
        def dataReceived(self, data: bytes) -> None:
            assert self.transport is not None
            self.transport.write(data)
            self.transport.loseConnection()

    path = str(tmp_path / "socket")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    listening.setblocking(False)
    factory = ServerFactory.forProtocol(Echo)
    port = UnixPort(reactor, listening, factory, remove=True)  # type: ignore[arg-type]
    port.startListening()

    def talk() -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(b"Hello")
            return b"".join(iter(lambda: client.recv(100), b""))

    assert [await deferToThread(talk) for _ in range(3)] == [b"Hello"] * 3
    port.stopListening()
    with pytest.raises(FileNotFoundError):
        talk()
