"""
One session on the wire: a `LineReceiver` that owns the octets and the modes, and nothing else.

*Modes*: lines for commands, raw for content; plaintext, then perhaps TLS. What the lines mean, and
what is said to them, is the `Conversation`'s; once that is over nothing that the peer sent is
looked at any more.

Reading stops and goes on by `Holding` alone, over a set of reasons; nobody else pauses or resumes,
and this protocol is no producer of its transport. A client that waits for an answer sends nothing
meanwhile, so that the transport is stopped only when octets come all the same; they count as not
come until what was before them is answered. As it reads on, it sees a client close its side, too,
which still hears what it has asked for.
"""

from typing import Protocol, cast

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, IProtocol
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.envelope import Client
from gomail.interfaces import IMessageDelivery
from gomail.limits import Limits
from gomail.reply import FAR_TOO_BIG
from gomail.smtp.conversation import Conversation
from gomail.smtp.encryption import Prepared, facts, why_ended
from gomail.smtp.holding import TURN, YIELD, Holding
from gomail.smtp.house import House
from gomail.smtp.mending import Mender
from gomail.smtp.outbox import IConnection, close, is_socket
from gomail.smtp.session import Session

LINES_A_TURN = 100  # then other sessions have theirs: a packet holds 32,000 empty lines
MUCH = 4096  # octets left of a packet, beside which no other one is taken


class Keeper(Protocol):
    """Who keeps the sessions that are open."""

    def forget(self, session: "SMTPProtocol") -> None:
        """Learn that a session is over."""


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class SMTPProtocol(LineReceiver):
    """
    The server's side of one SMTP session.

    Args:
        house: what it shares with the others.
        client: who has connected.
        delivery: whom to ask.
        keeper: learns when everything is over: the connection, and the delivery of its last
            message.
    """

    delimiter = b"\r\n"
    transport: IConnection
    _wrapped = False  # somebody stands between us and the socket, and closes it behind the client
    _stopped = False  # the transport reads nothing
    _ahead = b""  # what it had read before that
    _left = False  # the client has closed its side

    def __init__(
        self,
        house: House,
        client: Client,
        delivery: IMessageDelivery,
        keeper: Keeper,
    ) -> None:
        self._house = house
        self.MAX_LENGTH = house.limits.command_line
        self._holding = Holding(self)
        self._conversation = Conversation(house, client, delivery, self._holding, self)
        self._keeper = keeper
        self._mender = Mender() if house.local else None
        self._lines = 0  # since other sessions last had their turn

    @property
    def session(self) -> Session:
        """What is remembered of it."""
        return self._conversation.session

    def connectionMade(self) -> None:
        """Begin the conversation."""
        self._wrapped = not is_socket(self.transport)
        self._conversation.begin(self.transport)

    def heard_before(self) -> None:
        """Learn that octets of the client's came before the session began."""
        self._conversation.order.heard()

    def dataReceived(self, data: bytes) -> None:
        """Take a packet; what it makes us say leaves in one piece."""
        conversation = self._conversation
        if conversation.over:
            self.clearLineBuffer()  # TLS goes on to hand octets over, and nobody is going to look
            return
        if conversation.encrypting:
            self.handshakeCompleted()  # a wrapper round us has kept it to itself
        if self.paused:
            if not conversation.order.greeted:
                conversation.order.heard()
            if not self._wrapped:
                self._ahead += data
                self._stop()
                return
        conversation.octets += len(data)
        if self._mender is not None:
            data = self._mender.feed(data)
        LineReceiver.dataReceived(self, data)
        conversation.flush()

    def lineReceived(self, line: bytes) -> None:
        """Have one command line answered."""
        conversation = self._conversation
        if conversation.over:
            return
        self._lines += 1
        if self._lines >= LINES_A_TURN:
            self._lines = 0
            self._holding.hold(YIELD)
            self._house.clock.callLater(0, self._holding.release, YIELD)
        conversation.answer(line, self._take_rest)

    def _take_rest(self) -> bytes:
        """Take out what came behind the line that is being answered."""
        held = b"" if self._mender is None else self._mender.end()
        return bytes(self.clearLineBuffer()) + held

    def lineLengthExceeded(self, line: bytes) -> None:
        """Have a line that is too long refused, and all that is behind it left unread."""
        if not self._conversation.over:
            self._conversation.refuse_long(line)

    def expect_content(self) -> None:
        """Take what comes for content."""
        self.setRawMode()

    def rawDataReceived(self, data: bytes) -> None:
        """Take content; at its end, have it answered."""
        conversation = self._conversation
        if conversation.over:
            return
        content, rest = conversation.intake.split(data)
        if rest is not None:
            # Within a call by dataReceived this only puts the rest back: commands in it wait for
            # the verdict.
            self.setLineMode()
            super().dataReceived(rest)
            conversation.end_content(content)
            return
        conversation.patience.content_came(len(data))
        conversation.intake.take(content)
        if conversation.session.swallowing_too_much:
            conversation.say(FAR_TOO_BIG, "the client went on after the size limit")

    def encrypt(self) -> None:
        """Start TLS."""
        self._mender = Mender() if self._house.local else None
        self._conversation.change_connection(self._start_tls)

    def _start_tls(self) -> IConnection:
        """Do so; our transport is another one then, unless something is wrapped round it."""
        self._wrapped = True
        prepared = cast("Prepared", self.session.tls)
        prepared.start(self)
        if self._ahead:  # behind STARTTLS, so that it is TLS's or nobody's, and never a command
            self._start()
            cast("IProtocol", self.transport).dataReceived(self._take_ahead())
        return self.transport

    def handshakeCompleted(self) -> None:
        """Begin anew under TLS; or learn its facts where it was there from the beginning."""
        self._conversation.encrypted(facts(self.transport))

    def stop_reading(self) -> None:
        """Look at nothing more for now."""
        self.paused = True
        if self._wrapped or not self._holding.has(TURN) or len(self._buffer) > MUCH:
            self._stop()
        self._conversation.patience.pause()

    def _stop(self) -> None:
        """Have the transport read nothing more."""
        self._stopped = True
        self.transport.pauseProducing()

    def read_on(self) -> None:
        """Read again: the peer has its turn; after our last word, to hear TLS's goodbye."""
        conversation, tls = self._conversation, self.session.tls
        if not conversation.over:
            conversation.patience.resume()
        self.paused = False
        if self._ahead or self._left or (tls is not None and tls.ended):
            # Later: this may be the middle of a packet, with more in it to be answered before.
            self._house.clock.callLater(0, self._catch_up)
        elif self._stopped:
            self._start()
        rest = self.clearLineBuffer()  # mostly there is none
        if rest and not conversation.over:
            LineReceiver.dataReceived(self, rest)
            conversation.flush()

    def _start(self) -> None:
        """Have the transport read again."""
        self._stopped = False
        self.transport.resumeProducing()

    def _catch_up(self) -> None:
        """Take what came ahead; part with a client that has closed its side and has its answers."""
        holding, conversation, tls = self._holding, self._conversation, self.session.tls
        if holding.held():
            return
        if self._stopped:
            self._start()
        if self._ahead:
            self.dataReceived(self._take_ahead())
        left = self._left or (tls is not None and tls.ended)
        if left and not (holding.held() or conversation.over):
            conversation.close("the client left")

    def _take_ahead(self) -> bytes:
        """Take out what came ahead."""
        ahead, self._ahead = self._ahead, b""
        return ahead

    def readConnectionLost(self) -> None:
        """See the client close its side; it hears what it still has to hear."""
        self._left = True
        self._catch_up()

    def writeConnectionLost(self) -> None:
        """Need nothing: we never close our side alone."""

    def hang_up(self) -> bool:
        """Close the connection when everything is sent; tell whether that is within this turn."""
        return close(self.transport)

    def leave(self) -> None:
        """Hang up with 421 as soon as no content or answer is under way."""
        self._conversation.leave()

    def hurry(self, limits: Limits) -> None:
        """Have other limits from now on, where the client is a stranger."""
        if not self.session.client.trusted:
            self._conversation.hurry(limits)

    def abort(self) -> None:
        """Drop the connection; an answer under way is still waited for."""
        self._conversation.stop("aborted")
        if not self._conversation.lost:  # TLS has nothing left then to be aborted
            self.transport.abortConnection()

    def finish(self) -> None:
        """Tell that everything is over."""
        self._keeper.forget(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See the connection go."""
        encrypting = self._conversation.encrypting
        self._conversation.lose(why_ended(reason) if encrypting else "the client left")
