"""A session in memory: its client's side, and a transport and a clock that only the test moves."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, ISSLTransport
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.protocols.policies import WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer

from gomail.envelope import Client
from gomail.events import Event, Listeners, SessionEnded
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.smtp.alarms import Alarms
from gomail.smtp.house import House
from gomail.smtp.introduction import introduce
from gomail.smtp.protocol import SMTPProtocol
from tests.smtp.certificate import ClientTLS, ServerTLS
from tests.smtp.desk import Desk

LATEST = 4  # turns after which whatever answers later has answered
CLIENT = Client("0123456789", "192.0.2.1", 40695)
AWAITED = re.compile(rb"^(?:EHLO|HELO|DATA|STARTTLS)\b.*\r\n", re.IGNORECASE | re.MULTILINE)


def packets_of(octets: bytes) -> list[bytes]:
    """Part what a client says behind the commands whose reply it must await (RFC 2920 §3.1)."""
    ends = [match.end() for match in AWAITED.finditer(octets)]
    return [octets[start:end] for start, end in pairwise([0, *ends, len(octets)]) if end > start]


class Idle:
    """Who speaks for a session in which nothing is awaited."""

    def busy(self) -> bool:
        """Say that nothing is."""
        return False


def house(
    clock: Clock,
    limits: Limits = DEFAULT_LIMITS,
    listeners: Listeners = (),
    **settings: Any,  # noqa: ANN401 -- as House has them
) -> House:
    """Make what sessions share."""
    return House(
        clock, Alarms(clock), limits, introduce("here.example", limits), listeners, **settings
    )


class Wire(FileDescriptor):
    """
    The server's end of a connection: Twisted's own buffers over a kernel in memory.

    Attributes:
        room: how many octets the kernel still takes before the client reads; None for any number.
        sent: what the kernel took, write by write.
        hangs: whether the client never closes its side.
        broken: whether writing finds out that the connection is lost.
        cuts: how often the server aborted.
    """

    connected = 1
    TLS = False

    def __init__(self, clock: Clock) -> None:
        super().__init__(reactor=self)  # type: ignore[arg-type]  # the wire looks after itself
        self.clock = clock
        self.protocol: IProtocol
        self.inbox: deque[bytes] = deque()
        self.sent: list[bytes] = []
        self.room: int | None = None
        self.hangs = False
        self.broken = False
        self.cuts = 0
        self.pauses = 0
        self.reading = self.writing = False

    # What a reactor does for a descriptor

    def addReader(self, _: object) -> None:
        """Look for octets of the client from now on."""
        self.reading = True
        self.poll()

    def removeReader(self, _: object) -> None:
        """Look for none."""
        self.pauses += self.reading
        self.reading = False

    def addWriter(self, _: object) -> None:
        """Look for room in the kernel from now on."""
        self.writing = True
        self.poll()

    def removeWriter(self, _: object) -> None:
        """Look for none."""
        self.writing = False

    def poll(self) -> None:
        """Have a turn of the reactor."""
        self.clock.callLater(0, self._turn)

    def _turn(self) -> None:
        """Hand over one packet, and what waits for room."""
        if self.disconnected:
            return
        if self.reading and self.inbox:
            self.protocol.dataReceived(self.inbox.popleft())
            self.poll()
        if self.writing and self.room != 0:
            why = self.doWrite()
            if why and not self.hangs:
                self.lose(ConnectionDone())

    # What TLS makes of it, as Twisted's own transports have it (twisted.internet._newtls)

    def startTLS(self, creator: object, normal: bool = True) -> None:  # noqa: FBT001, FBT002 -- ITLSTransport
        """Encrypt what is written from now on."""
        producer, streaming = self.producer, self.streamingProducer
        if producer is not None:
            self.unregisterProducer()
        factory = TLSMemoryBIOFactory(creator, False, None, self.clock)  # type: ignore[arg-type]
        tls = factory.protocol(factory, self.protocol, False)
        self.protocol = tls
        self.getHandle = tls.getHandle
        directlyProvides(self, ISSLTransport)
        self.TLS = True
        tls.makeConnection(Bypass(self))
        if producer is not None:
            self.registerProducer(producer, streaming)

    def write(self, data: bytes) -> None:
        """Write octets, encrypted where that has begun."""
        if self.TLS:
            self.protocol.write(data)  # type: ignore[attr-defined]  # it is the TLS by then
        else:
            super().write(data)

    def loseConnection(self) -> None:
        """Close, with TLS's goodbye where that has begun."""
        if self.TLS:
            self.protocol.loseConnection()  # type: ignore[attr-defined]  # as above
        else:
            super().loseConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:  # noqa: ANN401, FBT001 -- IConsumer
        """Have a producer told when to go on."""
        if self.TLS:
            self.protocol.registerProducer(producer, streaming)  # type: ignore[attr-defined]
        else:
            super().registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Have none."""
        if self.TLS:
            self.protocol.unregisterProducer()  # type: ignore[attr-defined]
        else:
            super().unregisterProducer()

    # What a connection is beyond a descriptor

    def writeSomeData(self, data: bytes) -> int | Exception:
        """Take what there is room for."""
        if self.broken:
            return CONNECTION_LOST
        taken = len(data) if self.room is None else min(self.room, len(data))
        if self.room is not None:
            self.room -= taken
        if taken:
            self.sent.append(bytes(data[:taken]))
        return taken

    def getPeer(self) -> IPv4Address:
        """Give the client's address."""
        return IPv4Address("TCP", "192.0.2.1", 40695)

    def abortConnection(self) -> None:
        """Lose the connection in the next turn, like a socket does."""
        self.cuts += 1
        self.stopReading()
        self.stopWriting()
        self.clock.callLater(0, self.lose, ConnectionAborted())

    def lose(self, why: Exception) -> None:
        """Lose the connection."""
        if not self.disconnected:
            self.connectionLost(Failure(why))
            self.protocol.connectionLost(Failure(why))


class Bypass:
    """The wire as TLS sees it: what TLS writes is not encrypted once more."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- all the rest is the wire's
        return getattr(self._wire, name)

    def write(self, data: bytes) -> None:
        """Write octets of TLS."""
        FileDescriptor.write(self._wire, data)

    def loseConnection(self) -> None:
        """Close the wire."""
        FileDescriptor.loseConnection(self._wire)

    def registerProducer(self, producer: Any, streaming: bool) -> None:  # noqa: ANN401, FBT001 -- IConsumer
        """Have TLS told when the wire has room."""
        FileDescriptor.registerProducer(self._wire, producer, streaming)

    def unregisterProducer(self) -> None:
        """Have it told no more."""
        FileDescriptor.unregisterProducer(self._wire)


class Plaintext(Protocol):
    """The client's plaintext under TLS."""

    def __init__(self) -> None:
        self.heard = b""
        self.over = False

    def dataReceived(self, data: bytes) -> None:
        """Hear what the server says."""
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See TLS end."""
        self.over = True


class ClientEnd:
    """
    The client's end of TLS over a wire.

    Attributes:
        plaintext: what the server says under TLS.
    """

    def __init__(self, talk: "Talk", creator: object) -> None:
        self._talk = talk
        self._read = len(talk.wire.sent)
        self.out: list[bytes] = []
        self.disconnecting = False
        self.plaintext = Plaintext()
        factory = Factory.forProtocol(lambda: self.plaintext)
        tls = TLSMemoryBIOFactory(creator, True, factory, talk.clock)  # type: ignore[arg-type]
        wrapper = tls.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40695))
        assert wrapper is not None
        self.tls = wrapper
        self.tls.makeConnection(self)

    # The transport of TLS

    def write(self, data: bytes) -> None:
        """Send octets of TLS to the server."""
        self.out.append(bytes(data))

    def loseConnection(self) -> None:
        """Close: the client hangs up."""
        self.disconnecting = True

    abortConnection = loseConnection

    def registerProducer(self, producer: object, streaming: bool) -> None:  # noqa: FBT001 -- IConsumer
        """Need none."""

    def unregisterProducer(self) -> None:
        """Need none."""

    # The client

    def exchange(self, cut: int = 0) -> None:
        """Carry octets to and fro until all is said; *cut* is the size of packets."""
        talk = self._talk
        talk.clock.pump([0] * LATEST)
        while self.out or len(talk.wire.sent) > self._read:
            heard = b"".join(talk.wire.sent[self._read :])
            self._read = len(talk.wire.sent)
            if heard:
                self.tls.dataReceived(heard)
            octets, self.out = b"".join(self.out), []
            size = cut or len(octets) or 1
            talk.wire.inbox.extend(octets[i : i + size] for i in range(0, len(octets), size))
            talk.wire.poll()
            talk.clock.pump([0] * LATEST)

    def send(self, octets: bytes) -> None:
        """Send plaintext in one record."""
        self.tls.write(octets)
        self._talk.clock.advance(0)


class Talk:
    """
    One session, as its client has it.

    Args:
        desk: the delivery; a fresh one where none is given.
        limits: the server's.
        client: who is talking.
        wrapped: whether something stands between the session and its socket, as TLS does.
        dialogue: whether each line is told.
        local: whether the slips of this machine's programs are forgiven.
        starttls: whether TLS is offered.
        tls_required: whether it is required.
        room: see `Wire`.
    """

    def __init__(  # noqa: PLR0913 -- each is one thing that a test may want to be otherwise
        self,
        desk: Desk | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        client: Client = CLIENT,
        wrapped: bool = False,
        dialogue: bool = False,
        local: bool = False,
        starttls: bool = False,
        tls_required: bool = False,
        room: int | None = None,
    ) -> None:
        self.desk = desk or Desk(Clock())
        self.clock = self.desk.clock
        self.events: list[Event] = []
        self.over: list[SMTPProtocol] = []
        shared = house(
            self.clock,
            limits,
            (self.events.append,),
            dialogue=(self.events.append,) if dialogue else (),
            local=local,
            tls=ServerTLS() if starttls or tls_required else None,
            tls_required=tls_required,
        )
        self.protocol = SMTPProtocol(shared, client, self.desk, self)
        self.wire = Wire(self.clock)
        self.wire.room = room
        self.wire.protocol = self.protocol
        if wrapped:
            factory = WrappingFactory(Factory.forProtocol(lambda: self.protocol))
            wrapper = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40695))
            assert wrapper is not None
            self.wire.protocol = wrapper
        self.wire.startReading()
        self.wire.protocol.makeConnection(self.wire)
        self._read = 0
        self.tls: ClientEnd | None = None
        self.clock.advance(0)

    def forget(self, session: SMTPProtocol) -> None:
        """Hear that the session is over."""
        self.over.append(session)

    def send(self, *packets: bytes) -> "Talk":
        """Send octets, each packet read by the server in a turn of its own."""
        if self.tls is not None:
            for packet in packets:
                self.tls.send(packet)
                self.tls.exchange()
            return self
        self.wire.inbox.extend(packets)
        self.wire.poll()
        self.clock.advance(0)
        return self

    def encrypt(self, creator: object | None = None, *, cut: int = 0) -> ClientEnd:
        """Shake hands behind the 220; in packets of *cut* octets, where that is given."""
        self.hear()
        self.tls = ClientEnd(self, creator or ClientTLS())
        self.tls.exchange(cut)
        self._read = 0
        return self.tls

    def say(self, *lines: str) -> bytes:
        """Send command lines, waiting only where a client must; give what is said to them."""
        self.hear()
        return self.speak(lines).hear()

    def speak(self, lines: Iterable[str]) -> "Talk":
        """Send command lines, waiting only where a client must."""
        return self.send(*packets_of(octets_of(lines)))

    def hear(self) -> bytes:
        """Give what the server has said since the last time."""
        if self.tls is not None:
            self.tls.exchange()
            heard = self.tls.plaintext.heard
            news, self._read = heard[self._read :], len(heard)
            return news
        news = b"".join(self.wire.sent[self._read :])
        self._read = len(self.wire.sent)
        return news

    def codes(self) -> list[str]:
        """Give the codes of what the server has said since the last time, one for each reply."""
        return codes(self.hear())

    def wait(self, seconds: float) -> "Talk":
        """Let time pass, in steps in which everything due has its turn."""
        whole, rest = divmod(seconds, 1)
        self.clock.pump([1] * int(whole) + [rest])
        if self.tls is not None:
            self.tls.exchange()
        return self

    def leave(self) -> None:
        """Drop the connection, as a client that crashed."""
        self.wire.lose(ConnectionLost())
        self.clock.advance(0)

    @property
    def closed(self) -> bool:
        """Whether the connection is gone."""
        return bool(self.wire.disconnected)

    @property
    def end(self) -> SessionEnded:
        """The one event that tells of the session's end."""
        (end,) = (event for event in self.events if isinstance(event, SessionEnded))
        assert self.over == [self.protocol]
        return end

    def told(self, kind: type[Event]) -> list[Any]:
        """Give the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


@contextmanager
def logged_failures() -> Iterator[list[LogEvent]]:
    """Collect what is logged as a failure of ours."""
    logged: list[LogEvent] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        if "log_failure" in event:
            logged.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        yield logged
    finally:
        globalLogPublisher.removeObserver(observe)


def codes(replies: bytes) -> list[str]:
    """Give the code of each reply in *replies*."""
    lines = replies.decode("ascii").split("\r\n")
    assert lines.pop() == ""
    return [line[:3] for line in lines if line[3] == " "]


def octets_of(lines: Iterable[str]) -> bytes:
    """Write *lines* as the wire has them."""
    return "".join(f"{line}\r\n" for line in lines).encode()


ENVELOPE = ("EHLO client.example", "MAIL FROM:<a@there.example>", "RCPT TO:<b@here.example>")


def in_content(talk: Talk) -> Talk:
    """Bring *talk* to the point where the client may send content."""
    talk.say(*ENVELOPE, "DATA")
    return talk
