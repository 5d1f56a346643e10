"""
Connections of browsers: few, each with little time and little room, whoever is at the other end.

A request has `REQUEST_TIME` from its connection, or from the answer before it, to its last octet;
an answer that nobody takes has `TAKE_TIME`. Where there are too many connections, the one that has
idled longest makes room, so that whoever opens many of them and says nothing keeps nobody out.

What is too much is turned away before it is taken, and its sender told: what was sent already is
let go by for `LINGER`, since to end earlier would destroy the answer on its way (RFC 9112 §9.6).
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocolNegotiationFactory,
    IReactorTime,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request
from zope.interface import implementer

CONNECTIONS = 64
REQUEST_TIME = 30.0  # seconds
TAKE_TIME = 60.0  # seconds for an answer, or some of it, to be taken
LINGER = 2.0  # seconds in which who was turned away may still say what nobody hears
LINE = 4096  # octets of the request line, and of each header field: fewer than int() takes digits
HEAD = 16 * 1024  # octets of all of them
FIELDS = 64
BODY = 64 * 1024  # octets of a form
_FORM = b"application/x-www-form-urlencoded"
_LONG = b"414 URI Too Long", b"an address of %d octets was expected at most\n" % LINE
_MUCH = (
    b"431 Request Header Fields Too Large",
    b"%d header fields were expected at most, of %d octets each, %d in all; cookies that the "
    b"browser has of other pages under this name are among them, and can be removed there\n"
    % (FIELDS, LINE, HEAD),
)


class Channel(HTTPChannel):
    """One connection."""

    transport: Any
    factory: "Doorway"
    maxHeaders = FIELDS
    totalHeadersSize = HEAD
    MAX_LENGTH = LINE
    timeOut = None  # one octet now and then would put it off; ours can't be put off

    def __init__(self) -> None:
        super().__init__()
        self._ends: IDelayedCall | None = None
        self._fields = self._octets = 0
        self._turned_away = False

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return not self._handlingRequest

    def connectionMade(self) -> None:
        """Wait for the first request."""
        super().connectionMade()
        self.factory.admit(self)
        self._end_in(REQUEST_TIME)

    def _end_in(self, seconds: float | None, end: Callable[[], None] | None = None) -> None:
        """Let the connection end in that time, whatever is under way; or not."""
        if self._ends is not None and self._ends.active():
            self._ends.cancel()
        self._ends = None
        if seconds is not None:
            self._ends = self.factory.clock.callLater(seconds, end or self.abort)

    def abort(self) -> None:
        """End the connection."""
        self.transport.abortConnection()

    def turn_away(self, why: bytes, text: bytes = b"") -> None:
        """Say why there is no answer, let go by what still comes, and end."""
        if self._turned_away:
            return
        self._turned_away = True
        kind = b"Content-Type: text/plain; charset=utf-8\r\n" if text else b""
        length = b"Content-Length: %d\r\n" % len(text)
        self.write(b"HTTP/1.1 %b\r\nConnection: close\r\n%b%b\r\n%b" % (why, kind, length, text))
        self._end_in(LINGER, self.loseConnection)

    def lineReceived(self, line: bytes) -> None:
        """Take a line of a request's head, unless that has too much of them."""
        self._octets += len(line)
        if self._octets > HEAD:
            self.turn_away(*_MUCH)
        if not self._turned_away:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Take no line that is too long."""
        self.turn_away(*(_MUCH if self.requests else _LONG))

    def headerReceived(self, line: bytes) -> bool:
        """Take a header field, unless there are too many; tell whether it was taken."""
        self._fields += 1
        if self._fields > FIELDS:
            self.turn_away(*_MUCH)
        return not self._turned_away and bool(super().headerReceived(line))

    def rawDataReceived(self, data: bytes) -> None:
        """Take some of a body, or of the next request."""
        if not self._turned_away:
            super().rawDataReceived(data)

    def dataReceived(self, data: bytes) -> None:
        """Take what comes."""
        if not self._turned_away:
            super().dataReceived(data)

    def allContentReceived(self) -> None:
        """Answer; that takes the time that it takes."""
        if self._turned_away:
            return
        self._fields = self._octets = 0
        self._end_in(None)
        super().allContentReceived()

    def requestDone(self, request: Request) -> None:
        """Wait for the next one."""
        self._end_in(REQUEST_TIME)
        self.factory.admit(self)
        super().requestDone(request)

    def pauseProducing(self) -> None:
        """Wait for somebody who takes what is sent."""
        if not self._turned_away:
            self._end_in(TAKE_TIME)
        super().pauseProducing()

    def resumeProducing(self) -> None:
        """Go on: it was taken."""
        if not self._turned_away:
            self._end_in(REQUEST_TIME if self.idle else None)
        super().resumeProducing()

    def loseConnection(self) -> None:
        """End when all is taken; that may not last, either."""
        self._end_in(LINGER if self._turned_away else REQUEST_TIME)
        super().loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget it."""
        self._end_in(None)
        self.factory.there.pop(self, None)
        super().connectionLost(reason)


class Bounded(Request):
    """A request whose body is a form of a bounded size, or none; anything else is turned away."""

    channel: Channel

    def gotLength(self, length: int | None) -> None:
        """Look at what is announced, before any of it is taken."""
        kinds = self.requestHeaders.getRawHeaders(b"Content-Type", [_FORM])
        if length is None or length > BODY:
            self._turn_away(b"413 Content Too Large")
        elif length and [each.partition(b";")[0].strip().lower() for each in kinds] != [_FORM]:
            self._turn_away(b"415 Unsupported Media Type")
        else:
            super().gotLength(length)

    def _turn_away(self, why: bytes) -> None:
        """Say why there is no answer; whoever waits for a word to go on is not to hear one."""
        self.requestHeaders.removeHeader(b"Expect")
        self.channel.turn_away(why)

    def process(self) -> None:
        """Answer."""
        self.channel.factory.answer(self)


@implementer(IProtocolNegotiationFactory)
class Doorway(ServerFactory):
    """
    Makes a channel of each connection.

    Args:
        clock: the reactor.
        answer: is given each request.

    Attributes:
        there: the connections, in the order in which they were last idle.
    """

    noisy = False

    def __init__(self, clock: IReactorTime, answer: Callable[[Any], None]) -> None:
        self.clock = clock
        self.answer = answer
        self.there: dict[Channel, None] = {}

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Serve one more."""
        channel = Channel()
        channel.factory = self
        channel.requestFactory = Bounded
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        """Under TLS, speak what we know: to browsers that offer more, silence would be an error."""
        return [b"http/1.1"]

    def admit(self, channel: Channel) -> None:
        """Count a connection, as the last that idles; too many have the first that does end."""
        self.there.pop(channel, None)
        self.there[channel] = None
        if len(self.there) > CONNECTIONS:
            next((each for each in self.there if each.idle), channel).abort()

    def log(self, request: Request) -> None:
        """Write nothing: who reads which mail when is nobody's business."""

    def end(self) -> None:
        """End all connections."""
        for channel in list(self.there):
            channel.abort()
