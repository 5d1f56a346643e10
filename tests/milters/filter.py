"""A milter that does as it is told: in memory, where everything happens at once, or on a socket."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from struct import pack
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from gomail.address import Address, Path
from gomail.envelope import Client
from gomail.milters.milter import MilterSettings
from gomail.milters.milters import Body, Milters, Session
from gomail.milters.options import Stage, Step
from gomail.milters.outcome import Outcome, Refusal
from gomail.milters.packets import Packets, packet
from gomail.milters.place import Place
from gomail.reply import Reply

T = TypeVar("T")
Said = tuple[bytes, bytes]

CLIENT = Client("s1", "192.0.2.1", 4711, "client.example", esmtp=True)
JOE = Path(Address("joe", "example.com"))
ANN = Path(Address("ann", "example.org"))
HEADER = b"From: joe@example.com\nSubject: a\n letter\nX:tight\n"
CONTINUE = packet(b"c")
_UNANSWERED = {stage.command: stage.unanswered for stage in Stage}
SILENT = Step(sum(_UNANSWERED.values()))  # answers the end alone


def negotiated(
    steps: int = Step.LEADING_SPACE, actions: int = 0x131, version: int = 6, macros: bytes = b""
) -> bytes:
    """Write the answer to an offer."""
    return packet(b"O", pack("!III", version, actions, steps) + macros)


def added(name: bytes, value: bytes) -> bytes:
    """Ask for a field."""
    return packet(b"h", name + b"\0" + value + b"\0")


class Filter:
    """
    What a milter says to what it hears.

    Attributes:
        answers: octets by command; what is not among them is continued, or has no answer where
            none belongs.
        heard: the commands and their data, but for macros.
        macros: by the command that they belong to.
    """

    def __init__(self, answers: dict[bytes, bytes] | None = None, steps: int = 1 << 20) -> None:
        self.answers = {b"O": negotiated(steps), b"A": b"", b"Q": b"", **(answers or {})}
        self.heard: list[Said] = []
        self.macros: dict[bytes, list[bytes]] = {}
        self.steps = steps

    def parser(self) -> Callable[[bytes], bytes]:
        """Give what takes the octets of one connection, and answers."""
        packets = Packets()

        def take(octets: bytes) -> bytes:
            return b"".join(map(self._answer, packets.take(octets)))

        return take

    def _answer(self, said: Said) -> bytes:
        command, data = said
        if command == b"D":
            self.macros[data[:1]] = data[1:].split(b"\0")[:-1]
            return b""
        self.heard.append(said)
        quiet = self.steps & _UNANSWERED.get(command, 0)
        return self.answers.get(command, b"" if quiet else CONTINUE)

    def commands(self) -> str:
        """Give the commands that it heard."""
        return b"".join(command for command, _ in self.heard).decode()


class Served(Protocol):
    """A connection to a filter on a real socket."""

    transport: Any

    def __init__(self, filtering: Filter) -> None:
        self._take = filtering.parser()

    def dataReceived(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(self._take(data))


class Wire(StringTransport):
    """A connection in memory: what is written is answered at once."""

    def __init__(self, take: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._take = take
        self.protocol: Protocol | None = None

    def write(self, data: bytes) -> None:
        """Answer."""
        answer = self._take(data)
        if answer and not self.disconnected:
            self.say(answer)

    def say(self, octets: bytes) -> None:
        """Have the milter say something."""
        assert self.protocol is not None
        self.protocol.dataReceived(octets)

    @property
    def held(self) -> Any:  # noqa: ANN401 -- zope's
        """Give what the transport holds up."""
        return self.producer

    def gone(self, reason: Exception | None = None) -> None:
        """Have it go."""
        assert self.protocol is not None
        self.protocol.connectionLost(Failure(reason or ConnectionDone()))


class House:
    """Milters, each with a filter behind it, and one session."""

    def __init__(self, *filters: Filter, on_failure: str = "accept", **seconds: float) -> None:
        self.reactor = MemoryReactorClock()
        self.filters = filters
        self.told: list[str] = []
        self.wires: list[Wire] = []
        self.settings = [
            MilterSettings(Place(f"/{at}"), on_failure=on_failure, **seconds)  # type: ignore[arg-type]  # a word of two
            for at, _ in enumerate(filters)
        ]
        self.milters = Milters(self.settings, self.reactor, "mx.example.org", self.told.append)
        self.session = self.milters.session()
        self.connected = 0

    def connect(self, filtering: Filter | None = None) -> Wire:
        """Have the next milter take the connection that it is asked for."""
        path, factory, *_ = self.reactor.unixClients[self.connected]
        self.connected += 1
        wire = Wire((filtering or self.filters[int(path[1:])]).parser())
        protocol = factory.buildProtocol(None)
        wire.protocol = protocol
        self.wires.append(wire)
        protocol.makeConnection(wire)
        return wire

    def refuse(self, error: Exception | None = None) -> None:
        """Have the next milter refuse the connection."""
        factory = self.reactor.unixClients[self.connected][1]
        self.connected += 1
        factory.clientConnectionFailed(None, Failure(error or ConnectError()))

    def connect_all(self) -> None:
        """Have all milters take theirs, as they are asked for."""
        while self.connected < len(self.reactor.unixClients):
            self.connect()

    def mail(
        self, client: Client = CLIENT, session: Session | None = None
    ) -> Deferred[Refusal | None]:
        """Begin a message, with everybody who is asked for connected."""
        result = begun((session or self.session).mail(client, JOE))
        self.connect_all()
        return result

    def message(self, *pieces: bytes, header: bytes = HEADER) -> Outcome:
        """Send a whole message behind MAIL."""
        assert now(self.session.recipient(ANN)) is None
        assert now(self.session.data("q1")) is None
        self.session.header(header)
        for piece in pieces:
            self.session.body(piece)
        return now(self.session.end(again(*pieces)))


def outcome_of(house: House) -> Outcome:
    """Send a message through; give what comes of it, at whatever stage."""
    refusal = result_of(house.mail())
    refusal = refusal or now(house.session.recipient(ANN)) or now(house.session.data("q1"))
    if refusal is not None:
        house.session.abort()
        return Outcome(refusal)
    house.session.header(HEADER)
    house.session.body(b"x" * 70_000)
    return now(house.session.end(again()))


def again(*pieces: bytes) -> Body:
    """Give a body once more."""

    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return body


def begun(work: Coroutine[Any, Any, T]) -> Deferred[T]:
    """Begin to do something."""
    return Deferred.fromCoroutine(work)


def result_of(deferred: Deferred[T]) -> T:
    """Give what has come of it."""
    results: list[T] = []
    deferred.addCallback(results.append)
    assert results, "it waits, or has raised"
    return results[0]


def now(work: Coroutine[Any, Any, T]) -> T:
    """Give what comes of something that waits for nobody."""
    return result_of(begun(work))


def said_by(refusal: Refusal | None) -> Reply:
    """Give the reply of a refusal, which there has to be."""
    assert refusal is not None
    return refusal.reply


def kinds(heard: Sequence[Said], command: bytes) -> list[bytes]:
    """Give the data of all commands of a kind."""
    return [data for kind, data in heard if kind == command]
