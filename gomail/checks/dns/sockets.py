"""
dnspython's sockets on a reactor of Twisted's.

dnspython asks a backend for sockets, and awaits what they give; here that are Deferreds, so that
there is no asyncio, and any reactor will do. Each question has a port of its own, chosen by the
system: guessing it is half of the work of whoever forges answers (RFC 5452 §9.2). UDP sockets are
connected, so that only the server is heard, and one that isn't there is noticed at once.
"""

import socket
from collections import deque
from contextlib import suppress
from typing import Any

import dns.exception
from dns._asyncbackend import Backend, DatagramSocket, StreamSocket
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.interfaces import IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

_LONGEST = 65535  # octets of a datagram
_MOST_DATAGRAMS = 20  # the answer and its duplicates; what comes beyond them is dropped


class Sockets(Backend):
    """
    The sockets of one question.

    Once the question is cancelled no more are given: dnspython would take the cancellation for a
    server's failure, and ask the next one.

    Args:
        reactor: with UDP, TCP and time.
    """

    def __init__(self, reactor: Any) -> None:  # noqa: ANN401 -- zope has no type for several
        self._reactor = reactor
        self._cancelled = False

    def datagram_connection_required(self) -> bool:
        """Have dnspython name the server when it asks for a UDP socket."""
        return True

    async def make_socket(  # noqa: PLR0913, PLR0917 -- dnspython's interface
        self,
        af: int,
        socktype: int,
        proto: int = 0,
        source: object = None,
        destination: tuple[str, int] = ("", 0),
        timeout: float | None = None,  # noqa: ASYNC109 -- dnspython's
        ssl_context: object = None,
        server_hostname: object = None,
    ) -> "_Datagrams | _Stream":
        """
        Connect to a server.

        Raises:
            OSError: it doesn't listen, or the question is cancelled.
            dns.exception.Timeout: it doesn't answer.
        """
        self._go_on()
        if socktype == socket.SOCK_DGRAM:
            return _Datagrams(self, af, _Letterbox(self._reactor, _Bell(self), af, destination))
        stream = _Stream(self, af)
        endpoint = TCP6ClientEndpoint if af == socket.AF_INET6 else TCP4ClientEndpoint
        factory = Factory.forProtocol(lambda: stream.protocol)
        factory.noisy = False
        try:
            await self.wait(endpoint(self._reactor, *destination).connect(factory), timeout)
        except ConnectError as error:
            raise ConnectionRefusedError(str(error)) from error
        return stream

    async def sleep(self, interval: float) -> None:
        """
        Wait before the servers are asked once more.

        Raises:
            OSError: the question is cancelled.
        """
        self._go_on()
        try:
            await self.wait(Deferred(), interval)
        except dns.exception.Timeout:
            return

    def _go_on(self) -> None:
        """Raise OSError once the question is cancelled."""
        if self._cancelled:
            raise ConnectionAbortedError("the question is cancelled")

    async def wait(self, event: Deferred[Any], seconds: float | None) -> None:
        """
        Wait for what is going to happen.

        Raises:
            dns.exception.Timeout: it has not happened.
        """
        clock: IReactorTime = self._reactor
        event.addTimeout(seconds or 0, clock, onTimeoutCancel=_late)
        try:
            await event
        except (CancelledError, ConnectingCancelledError):
            self._cancelled = True
            raise


def _late(_: object, seconds: float) -> None:
    """Say in dnspython's way that it is too late."""
    raise dns.exception.Timeout(timeout=seconds)


class _Bell:
    """What rings when something has come, for the one who waits."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets
        self._waiting: Deferred[None] = Deferred()

    async def wait(self, seconds: float) -> None:
        """Wait for the next ring."""
        self._waiting = Deferred()
        await self._sockets.wait(self._waiting, seconds)

    def ring(self) -> None:
        """Wake whoever waits."""
        if not self._waiting.called:
            self._waiting.callback(None)


class _Datagrams(DatagramSocket):
    """A UDP socket as dnspython wants it."""

    def __init__(self, sockets: Sockets, family: int, letterbox: "_Letterbox") -> None:
        super().__init__(family, socket.SOCK_DGRAM)
        self._letterbox = letterbox
        self._destination: object = None

    async def sendto(self, what: bytes, destination: object, timeout: float) -> int:  # noqa: ASYNC109 -- dnspython's
        """Send a question to where we are connected; that is there."""
        self._destination = destination
        self._letterbox.send(what)
        return len(what)

    async def recvfrom(self, size: int, timeout: float) -> tuple[bytes, Any]:  # noqa: ASYNC109 -- dnspython's
        """Give the next datagram, and where it came from: being connected, nobody else is heard."""
        return await self._letterbox.receive(timeout), self._destination

    async def close(self) -> None:
        """Give the port back."""
        self._letterbox.close()


@implementer(IReadDescriptor)
class _Letterbox:
    """
    The datagrams that have come to a UDP socket of our own.

    One of the reactor's would have three lines in the log for each question.

    Raises:
        OSError: there can be no such socket.
    """

    def __init__(
        self, reactor: IReactorFDSet, bell: _Bell, family: int, destination: tuple[str, int]
    ) -> None:
        self._reactor = reactor
        self._bell = bell
        self._datagrams: deque[bytes] = deque(maxlen=_MOST_DATAGRAMS)
        self._refused = False
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(destination)
        except OSError:
            self._socket.close()
            raise
        reactor.addReader(self)

    def fileno(self) -> int:
        """Give the number of the socket, as the reactor wants it."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """Give the name that stands in the log, should anything go wrong here."""
        return "dns"

    def send(self, datagram: bytes) -> None:
        """Send a datagram; one for which there is no room is lost, as it may be on its way."""
        with suppress(BlockingIOError):
            self._socket.send(datagram)

    async def receive(self, seconds: float) -> bytes:
        """
        Give the next datagram.

        Raises:
            ConnectionRefusedError: nobody listens there.
            dns.exception.Timeout: nothing came.
        """
        while not self._datagrams:
            if self._refused:
                raise ConnectionRefusedError("the server does not listen")
            await self._bell.wait(seconds)
        return self._datagrams.popleft()

    def doRead(self) -> None:
        """Take what has come: one a turn, as there is seldom more."""
        try:
            self._datagrams.append(self._socket.recv(_LONGEST))
        except BlockingIOError:  # its checksum was wrong (select(2))
            return
        except OSError:
            self._refused = True
        self._bell.ring()

    def connectionLost(self, reason: object) -> None:
        """Hear that nobody listens there as the epoll reactor tells it, or that it ends."""
        self.close()
        self._refused = True
        self._bell.ring()

    def close(self) -> None:
        """Give the port back."""
        if self._socket.fileno() >= 0:
            self._reactor.removeReader(self)
            self._socket.close()


class _Stream(StreamSocket):
    """A TCP connection as dnspython wants it."""

    def __init__(self, sockets: Sockets, family: int) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._bell = _Bell(sockets)
        self.protocol = _Octets(self._bell)

    async def sendall(self, what: bytes, timeout: float) -> None:  # noqa: ASYNC109 -- dnspython's
        """Send a question."""
        self.protocol.transport.write(what)

    async def recv(self, size: int, timeout: float) -> bytes:  # noqa: ASYNC109 -- dnspython's
        """Give at most so many octets; none when no more come."""
        while not self.protocol.octets and not self.protocol.lost:
            await self._bell.wait(timeout)
        octets = bytes(self.protocol.octets[:size])
        del self.protocol.octets[:size]
        return octets

    async def close(self) -> None:
        """End the connection, whether or not the other end likes it."""
        self.protocol.transport.abortConnection()


class _Octets(Protocol):
    """The octets that have come."""

    transport: Any

    def __init__(self, bell: _Bell) -> None:
        self.octets = bytearray()
        self.lost = False
        self._bell = bell

    def dataReceived(self, data: bytes) -> None:
        """Keep them: one read's at most, since dnspython takes them and closes behind a message."""
        self.octets += data
        self._bell.ring()

    def connectionLost(self, reason: object = None) -> None:
        """Hear that no more come."""
        self.lost = True
        self._bell.ring()
