"""The server's end of a connection in memory; only the test moves what is on it."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IProtocol, ISSLTransport
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer


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
