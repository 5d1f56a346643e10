"""
The page, served: HTTP/1.1 by twisted.web's channel, a request a connection, GET and HEAD alone.

It lives in the process that has the mail, so nobody who connects may cost it much: a request is
short and has no body, all of a connection is over in `CONNECTION_TIME`, and of more than
`CONNECTIONS` the oldest goes. So one that is slow never keeps another from being answered, and
whoever asks again and again is answered what was written for the one before. A page on the loopback
answers to no name that another site may have given it (`gomail.server.metrics.hosts`).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request

from gomail.server.metrics.answer import (
    ELSEWHERE,
    FAULT,
    NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    Answer,
    Give,
)
from gomail.server.metrics.hosts import means_this_machine
from gomail.server.reactor import Reactor

CONNECTIONS = 16
CONNECTION_TIME = 10.0  # seconds from the connection until the answer has been read
LONGEST_LINE = 2048  # octets of the request line, and of a header field
LONGEST_HEADER = 8192  # octets of all
MOST_FIELDS = 50
_log = Logger()


class Visitors(ServerFactory):
    """
    Makes what speaks with each connection.

    Args:
        reactor: the one that runs.
        answers: what is answered, by the path that is asked for.
        loopback: whether the page is for this machine alone, and at an address.
    """

    noisy = False

    def __init__(
        self, reactor: Reactor, answers: Mapping[bytes, Give], *, loopback: bool = False
    ) -> None:
        self.reactor = reactor
        self.answers = answers
        self.loopback = loopback
        self.there: dict[Visitor, None] = {}  # the oldest first

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Speak with one more; who has been there longest makes room."""
        visitor = Visitor()
        visitor.factory = self
        return visitor

    def enter(self, visitor: "Visitor") -> None:
        """Let one in."""
        self.there[visitor] = None
        if len(self.there) > CONNECTIONS:
            oldest = next(iter(self.there))
            del self.there[oldest]  # it may take a turn until it is gone
            oldest.abort()

    def log(self, request: Request) -> None:
        """Log nothing: a probe comes every few seconds, for ever."""

    def end(self) -> None:
        """End all connections."""
        for visitor in list(self.there):
            visitor.abort()


class Asked(Request):
    """One request."""

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Answer; nothing of the query is looked at, nor of what forms would send."""
        channel = cast("Visitor", self.channel)
        # As octets: Twisted decodes where it is asked in text, and raises where that fails.
        accept = b", ".join(self.requestHeaders.getRawHeaders(b"Accept", ()))
        if channel.factory.loopback and not means_this_machine(
            self.requestHeaders.getRawHeaders(b"Host", ())
        ):
            answer = ELSEWHERE
        elif channel.bodiless:
            answer = channel.answer(command, path.partition(b"?")[0], accept)
        else:
            answer = TOO_LARGE
        self.method, self.uri = command, path
        self.clientproto = b"HTTP/1.1" if version == b"HTTP/1.1" else b"HTTP/1.0"
        self.give(answer)

    def give(self, answer: Answer) -> None:
        """Send an answer, and end."""
        self.setResponseCode(answer.status, HTTPStatus(answer.status).phrase.encode("ascii"))
        fields = {
            "Content-Type": answer.kind,
            "Content-Length": str(len(answer.body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
            **({"Allow": "GET, HEAD"} if answer.status == NOT_ALLOWED.status else {}),
        }
        for name, value in fields.items():
            self.responseHeaders.setRawHeaders(name, [value])
        self.write(answer.body)
        self.finish()


class Visitor(HTTPChannel):
    """One connection."""

    factory: Visitors
    transport: Any
    requestFactory = Asked
    MAX_LENGTH = LONGEST_LINE
    totalHeadersSize = LONGEST_HEADER
    maxHeaders = MOST_FIELDS
    bodiless = True
    _deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Let it be over in time, whatever comes."""
        super().connectionMade()
        self._deadline = self.factory.reactor.callLater(CONNECTION_TIME, self.abort)
        self.factory.enter(self)

    def dataReceived(self, data: bytes) -> None:
        """Take what comes, as long as the last word is not said."""
        if not self.transport.disconnecting:
            super().dataReceived(data)

    def allHeadersReceived(self) -> None:
        """Wait for no body and no further request, and keep no cookies."""
        self.persistent = 0
        self.bodiless = self.length == 0
        self.length = 0

    def answer(self, method: bytes, path: bytes, accept: bytes) -> Answer:
        """Find the answer; a fault of ours is logged, and costs no mail."""
        if method not in {b"GET", b"HEAD"}:
            return NOT_ALLOWED
        give = self.factory.answers.get(path)
        if give is None:
            return NOT_FOUND
        try:
            return give(accept)
        except Exception:  # noqa: BLE001 -- whatever it was, sessions go on
            _log.failure("the page {path} could not be written", path=path)
            return FAULT

    def rawDataReceived(self, data: bytes) -> None:
        """Look at nothing that stands behind the header."""

    def abort(self) -> None:
        """End the connection, whatever is under way."""
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget it."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self.factory.there.pop(self, None)
        super().connectionLost(reason)
