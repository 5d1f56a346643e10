"""
The one connection by which the server's events come, while anybody wants them; and its answers.

The server may come and go, or be another user's: then it is said why it can't be asked, and it is
tried again. A line that is too long ends the connection; who can't be understood is not believed.
"""

import errno
import json
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from gomail.server.reactor import Reactor

AGAIN = 2.0  # seconds until it is tried again
ANSWER_TIME = 15.0  # seconds; a parent waits for its workers, too
LONGEST = 1 << 20  # octets of a line

Plain = dict[str, Any]


class Unheard(Exception):
    """Why the server can't be asked, for people."""


class _Line(LineOnlyReceiver):
    """One connection: a line is asked, lines answer."""

    transport: Any
    delimiter = b"\n"
    MAX_LENGTH = LONGEST

    def __init__(
        self, request: str, hear: Callable[[Plain], None], end: Callable[[str], None]
    ) -> None:
        self._request, self._hear, self._end = request, hear, end

    def connectionMade(self) -> None:
        """Ask."""
        self.transport.write(json.dumps({"request": self._request}).encode() + b"\n")

    def lineReceived(self, line: bytes) -> None:
        """Hear an answer."""
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict) or "error" in told:
            why = str(told["error"]) if isinstance(told, dict) else "it says what can't be read"
            self.end(why)
        else:
            self._hear(told)

    def end(self, why: str) -> None:
        """Hang up."""
        end, self._end = self._end, lambda _: None
        self._hear = lambda _: None
        self.transport.abortConnection()
        end(why)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Say so."""
        end, self._end = self._end, lambda _: None
        end("it has closed the control socket")


class Following:
    """
    Follows the server while it is wanted.

    Args:
        reactor: the one that runs.
        paths: of its control socket, the first that there is.
        tell: hears each event.
        change: hears why it can't be asked; an empty text when it can.
    """

    def __init__(
        self,
        reactor: Reactor,
        paths: Sequence[str],
        tell: Callable[[Plain], None],
        change: Callable[[str], None],
    ) -> None:
        self._reactor, self._paths, self._tell, self._change = reactor, paths, tell, change
        self._connecting: Deferred[_Line] | None = None
        self._line: _Line | None = None
        self._again: IDelayedCall | None = None
        self._wanted = False

    def begin(self) -> None:
        """Follow from now on."""
        if not self._wanted:
            self._wanted = True
            self._try()

    def stop(self) -> None:
        """Follow no more."""
        self._wanted = False
        if self._again is not None and self._again.active():
            self._again.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._line is not None:
            line, self._line = self._line, None
            line.end("")

    def _try(self) -> None:
        """Connect."""
        self._connecting = Deferred.fromCoroutine(
            connect(self._reactor, self._paths, lambda: _Line("follow", self._hear, self._lost))
        )
        self._connecting.addCallbacks(self._keep, lambda failure: self._lost(str(failure.value)))

    def _keep(self, line: _Line) -> None:
        """Keep a connection."""
        self._line = line

    def _hear(self, told: Plain) -> None:
        """Pass an event on; the first line says that we follow."""
        if told.get("event") == "following":
            self._change("")
        else:
            self._tell(told)

    def _lost(self, why: str) -> None:
        """Say why, and try again."""
        self._line = None
        if self._wanted:
            self._change(why)
            self._again = self._reactor.callLater(AGAIN, self._try)


async def connect(reactor: Reactor, paths: Sequence[str], make: Callable[[], _Line]) -> _Line:
    """
    Connect with the first server that there is.

    Raises:
        Unheard: none can be asked; where we have no right to one, that is why.
    """
    why = "" if paths else "there is no control socket where commands look for one"
    factory = Factory.forProtocol(make)
    factory.noisy = False
    for path in paths:
        endpoint = UNIXClientEndpoint(reactor, path, timeout=5)
        try:
            line: _Line = await endpoint.connect(factory)
        except ConnectError as error:
            denied = error.osError in {errno.EACCES, errno.EPERM}
            user = "only its server's user may ask it, and root: run the inbox as one of them"
            found = f"{path}: {user}" if denied else ""
            why = found or why or f"no server listens on {path}"
        else:
            return line
    raise Unheard(why)


async def ask_status(reactor: Reactor, paths: Sequence[str]) -> Plain:
    """
    Ask how the server fares.

    Raises:
        Unheard: it can't be asked, or does not answer.
    """
    answered: Deferred[Plain] = Deferred()

    def hear(told: Plain) -> None:
        if not answered.called:
            answered.callback(told)

    def end(why: str) -> None:
        if not answered.called:
            answered.errback(Unheard(why))

    line = await connect(reactor, paths, lambda: _Line("status", hear, end))
    late = reactor.callLater(ANSWER_TIME, line.end, f"it has said nothing for {ANSWER_TIME:.0f} s")
    try:
        return await answered
    finally:
        if late.active():
            late.cancel()
        line.end("")
