"""
The control socket, served: a line of JSON is asked, lines of JSON answer.

``{"request": "status"}`` and ``{"request": "configuration"}`` have one answer each, and
``{"request": "follow"}``, with ``session``, ``address``
or ``recipient``, has one for each event, until either side closes. What can't be answered has
``{"error": …}``. Nobody who connects can hold up a session or fill the memory: requests are short
and come soon, connections are few, and who reads too slowly misses events, or is dropped.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from gomail.server.accepting import AcceptingPort
from gomail.server.control.audience import Audience, Follower, Outflow
from gomail.server.control.plain import Plain
from gomail.server.control.wanted import Unwanted, read_wanted
from gomail.server.lines import one_object
from gomail.server.listening import take_from
from gomail.server.ports import Port
from gomail.server.reactor import Reactor

CONNECTIONS = 16
LONGEST_REQUEST = 4096  # octets
REQUEST_TIME = 10.0  # seconds from the connection to the request, and for its answer to be read
DROP_TIME = 30.0  # seconds for a follower to take something again
Questions = Mapping[str, Callable[[], Plain | Deferred[Plain]]]
_log = Logger()


class Control(Service):
    """
    Serves the control socket.

    Args:
        reactor: the one that runs.
        port: the socket, bound.
        questions: gives what is answered to a request of that name, now or later.
        audience: tells followers of events.
    """

    def __init__(
        self, reactor: Reactor, port: Port, questions: Questions, audience: Audience
    ) -> None:
        self._reactor = reactor
        self._port = port
        self._factory = Callers(reactor, questions, audience)
        self._listening: AcceptingPort | None = None

    def startService(self) -> None:
        """Take connections from now on."""
        super().startService()
        self._listening = take_from(self._port, self._reactor, self._factory, shared=False)
        if self._listening is not None:
            self._listening.startListening()

    def stopService(self) -> None:
        """Take none any more, and end those that there are."""
        super().stopService()
        if self._listening is not None:
            self._listening.stopListening()
        self._factory.end()


class Callers(ServerFactory):
    """Makes what speaks with each connection, as long as there are not too many."""

    noisy = False

    def __init__(self, reactor: Reactor, questions: Questions, audience: Audience) -> None:
        self.reactor = reactor
        self.questions = questions
        self.audience = audience
        self.there: set[Caller] = set()

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Speak with one more."""
        return Caller(self)

    def end(self) -> None:
        """End all connections."""
        for caller in list(self.there):
            caller.abort()


class Caller(LineOnlyReceiver):
    """One connection."""

    transport: Any
    delimiter = b"\n"
    MAX_LENGTH = LONGEST_REQUEST

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._asked = False
        self._follower: Follower | None = None
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Wait for the request, for a while."""
        self._expect(REQUEST_TIME)
        if len(self._callers.there) >= CONNECTIONS:
            self._refuse(f"{CONNECTIONS} connections are open already")
        self._callers.there.add(self)

    def _expect(self, seconds: float | None) -> None:
        """Let the connection end in *seconds*; or not, while it is well."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        if seconds is not None:
            self._deadline = self._callers.reactor.callLater(seconds, self.abort)

    def abort(self) -> None:
        """End the connection, whatever is under way."""
        self.transport.abortConnection()

    def lineReceived(self, line: bytes) -> None:
        """Answer the request; what comes behind it is nobody's."""
        if self._asked:
            return
        self._asked = True
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        match request:
            case {"request": "follow"}:
                self._follow(request)
            case {"request": str(name)} if name in self._callers.questions:
                answer = maybeDeferred(self._callers.questions[name])
                answer.addCallbacks(self._answer, self._fail)
            case _:
                names = (f'{{"request": "{each}"}}' for each in self._callers.questions)
                self._refuse(f'{", ".join(names)} or {{"request": "follow"}} was expected')

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse what is no request; behind one it is nobody's."""
        if self._asked:
            return
        self._refuse(f"a line of {LONGEST_REQUEST} octets at most was expected")

    def _answer(self, told: Plain) -> None:
        """Send the only line, and end."""
        self._send(told)
        self.transport.loseConnection()

    def _refuse(self, why: str) -> None:
        """Say why not, and end."""
        self._asked = True
        self._answer({"error": why})

    def _fail(self, failure: Failure) -> None:
        """Log a fault of ours: mail has nothing to do with it."""
        _log.failure("a question to the control socket could not be answered", failure)
        self._refuse("that could not be found out; the log says why")

    def _send(self, told: Plain) -> None:
        """Send one line."""
        self.transport.write(one_object(told).encode("ascii") + b"\n")

    def _follow(self, request: dict[str, Any]) -> None:
        """Have events sent from now on, as they come."""
        try:
            wanted = read_wanted(request)
        except Unwanted as error:
            self._refuse(str(error))
            return
        self._expect(None)
        outflow = _Watched(self._send, self._expect)
        self.transport.registerProducer(outflow, True)
        self._follower = Follower(outflow, wanted)
        self._callers.audience.join(self._follower)
        self._send({"event": "following"})

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget it."""
        self._expect(None)
        self._callers.there.discard(self)
        if self._follower is not None:
            self._callers.audience.leave(self._follower)


class _Watched(Outflow):
    """An outflow whose reader is dropped if it takes nothing for long."""

    def __init__(
        self, send: Callable[[Plain], None], expect: Callable[[float | None], None]
    ) -> None:
        super().__init__(send)
        self._expect = expect

    def pauseProducing(self) -> None:
        """Wait for the reader, for a while."""
        super().pauseProducing()
        self._expect(DROP_TIME)

    def resumeProducing(self) -> None:
        """Wait no more."""
        self._expect(None)
        super().resumeProducing()
