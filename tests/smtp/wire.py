"""A session in memory: its client's side, and a transport and a clock that only the test moves."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.protocols.policies import WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.envelope import Client
from gomail.events import Event, SessionEnded
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.smtp.house import House
from gomail.smtp.introduction import introduce
from gomail.smtp.protocol import SMTPProtocol
from tests.smtp.desk import Desk

CLIENT = Client("0123456789", "192.0.2.1", 40695)


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


class Talk:
    """
    One session, as its client has it.

    Args:
        desk: the delivery; a fresh one where none is given.
        limits: the server's.
        client: who is talking.
        wrapped: whether something stands between the session and its socket, as TLS does.
        dialogue: whether each line is told.
        mend: whether CR CR LF counts as CRLF.
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
        mend: bool = False,
        room: int | None = None,
    ) -> None:
        self.desk = desk or Desk(Clock())
        self.clock = self.desk.clock
        self.events: list[Event] = []
        self.over: list[SMTPProtocol] = []
        introduction = introduce("here.example", limits)
        listeners = (self.events.append,)
        house = House(self.clock, limits, introduction, listeners, dialogue, mend)
        self.protocol = SMTPProtocol(house, client, self.desk, self.over.append)
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
        self.clock.advance(0)

    def send(self, *packets: bytes) -> "Talk":
        """Send octets, each packet read by the server in a turn of its own."""
        self.wire.inbox.extend(packets)
        self.wire.poll()
        self.clock.advance(0)
        return self

    def say(self, *lines: str) -> bytes:
        """Send command lines in one packet, and give what the server says to them."""
        self.hear()
        self.send("".join(f"{line}\r\n" for line in lines).encode())
        return self.hear()

    def hear(self) -> bytes:
        """Give what the server has said since the last time."""
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
