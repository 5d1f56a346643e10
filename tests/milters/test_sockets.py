"""Milters on real sockets, with the reactor that runs."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater

from gomail.milters.connection import Connection
from gomail.milters.milter import MilterSettings
from gomail.milters.milters import Milters, Session
from gomail.milters.outcome import Outcome
from gomail.milters.place import Place, read_place
from gomail.reply import MILTER_DEFERS
from tests.milters.filter import ANN, CLIENT, HEADER, JOE, SILENT, Filter, Served, again, kinds
from tests.patience import PATIENCE


def the_reactor() -> Any:  # noqa: ANN401 -- zope has no type for several interfaces
    """Give the one that runs."""
    from twisted.internet import reactor

    return reactor


class Known(Served):
    """A connection that is known, and whose end is."""

    def connectionMade(self) -> None:
        """Be known."""
        self.lost: Deferred[None] = Deferred()
        self.factory.connections.append(self)

    def connectionLost(self, reason: object = None) -> None:
        """Tell it."""
        self.lost.callback(None)


class House:
    """A filter that listens, and what asks it."""

    def __init__(self, port: Any, place: Place, factory: Any, filtering: Filter) -> None:  # noqa: ANN401 -- Twisted's
        self.port = port
        self.place = place
        self.connections: list[Known] = factory.connections
        self.filter = filtering
        self.told: list[str] = []

    def session(self, **settings: Any) -> Session:  # noqa: ANN401 -- of several kinds
        """Give one that is patient."""
        patient = {"connect": PATIENCE, "command": PATIENCE, "content": PATIENCE, **settings}
        reactor = the_reactor()
        milter = MilterSettings(self.place, **patient)
        return Milters([milter], reactor, "mx.example.org", self.told.append).session()


@pytest_twisted.async_yield_fixture(params=["unix", "tcp", "tcp6"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """Give a filter that listens on a socket of each kind."""
    filtering = Filter(steps=SILENT)
    factory: Any = Factory.forProtocol(lambda: Known(filtering))
    factory.noisy = False
    factory.connections = []
    reactor = the_reactor()
    if request.param == "unix":
        port = reactor.listenUNIX(str(tmp_path / "s"), factory)
        place = read_place(f"unix:{tmp_path}/s")
    else:
        host = "127.0.0.1" if request.param == "tcp" else "::1"
        port = reactor.listenTCP(0, factory, interface=host)
        place = read_place(f"inet:{port.getHost().port}@{host}")
    yield House(port, place, factory, filtering)
    await maybeDeferred(port.stopListening)
    for connection in factory.connections:
        connection.transport.abortConnection()
        await connection.lost


async def send(session: Session, *pieces: bytes) -> Outcome:
    """Send a message."""
    refusal = await session.mail(CLIENT, JOE)
    refusal = refusal or await session.recipient(ANN) or await session.data("q1")
    if refusal is not None:
        return Outcome(refusal)
    session.header(HEADER)
    for piece in pieces:
        waiting = session.body(piece)
        if waiting is not None:
            await waiting
    return await session.end(again(*pieces))


@pytest_twisted.ensureDeferred
async def test_large_messages_go_through(house: House) -> None:
    """Two of them, by the same connection, which ends with the session."""
    session = house.session()
    for _ in range(2):
        assert await send(session, *[b"0123456\n" * 16_000] * 16) == Outcome()
    body = b"".join(kinds(house.filter.heard, b"B"))
    assert len(body) == 2 * 16 * 16_000 * 9
    session.close()
    (connection,) = house.connections
    await connection.lost
    assert house.filter.commands()[-1] == "Q"
    assert house.told == []


@pytest_twisted.ensureDeferred
async def test_nothing_waits_for_delayed_acks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Macros are answered by nobody, and what follows them goes out at once by TCP."""
    made: list[Connection] = []
    connected = Connection.connectionMade

    def connection_made(connection: Connection) -> None:
        made.append(connection)
        connected(connection)

    monkeypatch.setattr(Connection, "connectionMade", connection_made)
    session = house.session()
    await send(session, b"x\n")
    (connection,) = made
    if house.place.host:
        assert connection.transport.getTcpNoDelay()
    session.close()


@pytest_twisted.ensureDeferred
async def test_milter_that_dies_in_the_middle_costs_no_mail(house: House) -> None:
    """Its successor gets the next message."""
    session = house.session()
    assert await session.mail(CLIENT, JOE) is None
    house.connections[0].transport.abortConnection()
    await house.connections[0].lost
    assert await session.recipient(ANN) is None
    assert await session.data("q1") is None
    session.header(HEADER)
    assert await session.end(again()) == Outcome()
    assert await send(session, b"x\n") == Outcome()
    assert len(house.connections) == 2
    session.close()


@pytest_twisted.ensureDeferred
async def test_milter_that_stops_reading_stops_the_mail_and_no_more(house: House) -> None:
    """Memory is bounded by the buffers, and time by what is set."""
    session = house.session(content=0.5, on_failure="defer")
    assert await session.mail(CLIENT, JOE) is None
    assert await session.recipient(ANN) is None
    assert await session.data("q1") is None
    house.connections[0].transport.pauseProducing()
    session.header(HEADER)
    waiting = None
    given = 0
    while waiting is None:
        waiting = session.body(b"0123456\n" * 16_000)
        given += 1
    assert given < 1000  # the kernel's buffers, and ours of 64 KiB
    await waiting
    outcome = await session.end(again())
    assert outcome.refusal is not None
    assert outcome.refusal.reply == MILTER_DEFERS
    session.close()


@pytest_twisted.ensureDeferred
async def test_milter_that_does_not_listen_is_no_reason_to_wait(house: House) -> None:
    """It is noticed at once."""
    await house.port.stopListening()
    session = house.session()
    assert await send(session, b"x\n") == Outcome()
    assert len(house.told) == 1
    assert "it can't be reached: " in house.told[0]
    assert "An error occurred" not in house.told[0]


@pytest_twisted.ensureDeferred
async def test_full_queue_costs_no_filtering(tmp_path: Path) -> None:
    """The kernel says EAGAIN of a unix socket, and Twisted that it is closed: it is tried again."""
    path = str(tmp_path / "s")
    reactor = the_reactor()
    filtering = Filter()
    factory: Any = Factory.forProtocol(lambda: Known(filtering))
    factory.noisy = False
    factory.connections = []
    told: list[str] = []
    milter = MilterSettings(Place(path), connect=PATIENCE, command=PATIENCE, content=PATIENCE)
    milters = Milters([milter], reactor, "mx.example.org", told.append)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(1)
        listening.setblocking(False)
        sessions = [milters.session() for _ in range(6)]
        asked = [Deferred.fromCoroutine(each.mail(CLIENT, JOE)) for each in sessions]
        await deferLater(reactor, 0.3)
        port = reactor.adoptStreamPort(listening.fileno(), socket.AF_UNIX, factory)
        assert [await each for each in asked] == [None] * 6
        assert told == []
        for each in sessions:
            each.close()
        await maybeDeferred(port.stopListening)
    for connection in factory.connections:
        await connection.lost
