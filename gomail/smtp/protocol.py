"""
One session on the wire: a `LineReceiver` that owns the modes and the hang-up, and nothing else.

*Modes*: lines for commands, raw for content. *Hang-up*: after our last word nothing that the peer
sent is looked at any more. The rest is others' work: `turns` ask one question at a time, `verbs`
answer it, `session` remembers, the `door` lets replies out, `patience` has the clocks.

Reading stops and goes on by `Holding` alone, over a set of reasons; nobody else pauses or resumes,
and this protocol is no producer of its transport.
"""

from collections.abc import Awaitable, Callable
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from gomail.answers import Answer, after, is_later
from gomail.envelope import Client
from gomail.events import Said, SessionEnded, SessionStarted, tell
from gomail.interfaces import IMessageDelivery
from gomail.reply import FAR_TOO_BIG, LINE_TOO_LONG, SHUTTING_DOWN, Refused, Reply
from gomail.smtp import verbs
from gomail.smtp.budget import Budget
from gomail.smtp.deadline import in_time
from gomail.smtp.door import Door
from gomail.smtp.framing import DotStuffed
from gomail.smtp.holding import DELAY, DISK, TURN, UNSENT, YIELD, Holding
from gomail.smtp.house import House
from gomail.smtp.mending import Mender
from gomail.smtp.outbox import IConnection, outbox
from gomail.smtp.patience import Patience
from gomail.smtp.session import Session
from gomail.smtp.tally import Tally
from gomail.smtp.turns import VERDICT_TIME, Turns

LINES_A_TURN = 100  # then other sessions have theirs: a packet holds 32,000 empty lines


class SMTPProtocol(LineReceiver):
    """
    The server's side of one SMTP session.

    Args:
        house: what it shares with the others.
        client: who has connected.
        delivery: whom to ask.
        ended: called once, when everything is over: the connection, and the delivery of its last
            message.
    """

    delimiter = b"\r\n"
    transport: IConnection

    def __init__(
        self,
        house: House,
        client: Client,
        delivery: IMessageDelivery,
        ended: Callable[["SMTPProtocol"], None],
    ) -> None:
        self._house = house
        self.MAX_LENGTH = house.limits.command_line
        self.session = Session(client, delivery, house.limits, house.introduction)
        self._ended = ended
        self._budget = None if client.trusted else Budget(house.limits)
        self._tally = Tally()
        self._mender = Mender() if house.mend else None
        self._content = DotStuffed()
        self._line = b""  # the one that is being answered
        self._lines = 0  # since other sessions last had their turn
        self._octets = 0  # received
        self._holding = Holding(self._stop_reading, self._read_on)
        self._turns = Turns(
            house.clock, self._holding, self._conclude, self._turn_over, self._give_up
        )
        self._closed = False  # our last word is said, or the connection is lost
        self._lost = False  # the connection is gone
        self._leaving = False  # the server is about to stop
        self._end = ""  # why the session ended, where not by QUIT

    def connectionMade(self) -> None:
        """Say the banner, once the delivery welcomes the client."""
        self._started = self._house.clock.seconds()
        self._door = Door(self._house, outbox(self.transport, self._unsent_changed))
        self._patience = Patience(self._house.clock, self._house.limits, self._late)
        session = self.session
        tell(self._house.listeners, SessionStarted(session.client))
        banner = self._house.introduction.banner
        self._turns.take(
            "greeting", lambda: after(session.delivery.greeted(session.client), lambda _: banner)
        )
        self._flush()

    def dataReceived(self, data: bytes) -> None:
        """Take a packet; what it makes us say leaves in one piece."""
        if self._mender is not None:
            data = self._mender.feed(data)
        super().dataReceived(data)
        self._flush()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See the connection go; a message past its final dot is stored all the same."""
        self._lost = True
        if not self._closed:
            self._closed = True
            self._end = self._end or "the client left"
        self._door.shut()
        self._patience.stop()
        if not self._holding.has(TURN):
            self._finish()

    def _finish(self) -> None:
        """Tell that everything is over."""
        session = self.session
        if not self.line_mode:
            self._tally.add(b"DATA", accepted=False)
        session.end_transaction()
        seconds = self._house.clock.seconds() - self._started
        tell(
            self._house.listeners,
            SessionEnded(session.client, str(self._tally), seconds, self._octets, self._end),
        )
        self._ended(self)

    def lineReceived(self, line: bytes) -> None:
        """Answer one command line."""
        if self._closed:
            return
        self._octets += len(line) + 2
        self._lines += 1
        if self._lines >= LINES_A_TURN:
            self._lines = 0
            self._holding.hold(YIELD)
            self._house.clock.callLater(0, self._holding.release, YIELD)
        self._line = line
        if self._house.dialogue:
            tell(self._house.listeners, Said(self.session.client, "C", line))
        self._turns.take("a command", lambda: verbs.answer(self.session, line))

    def lineLengthExceeded(self, line: bytes) -> None:
        """End the session: the tail of such a line must never be taken for a command."""
        if self._closed:
            return
        self._octets += len(line)
        self._line = line
        self.session.verb = verbs.UNKNOWN
        self.session.ending = True
        self._conclude(Refused(LINE_TOO_LONG))

    def rawDataReceived(self, data: bytes) -> None:
        """Take content; at its end, the message."""
        if self._closed:
            return
        content, rest = self._content.feed(data)
        self._octets += len(data) - len(rest or b"")
        if rest is not None:
            # Within a call by dataReceived this only puts the rest back: commands in it wait for
            # the verdict.
            self.setLineMode()
            super().dataReceived(rest)
            self._turns.take("storing a message", lambda: self._message_came(content), VERDICT_TIME)
            return
        self._patience.content_came(len(data))
        answer = self.session.take(content) if content else None
        if self.session.swallowing_too_much:
            self._say(FAR_TOO_BIG, "the client went on after the size limit")
        elif is_later(answer):
            self._holding.hold(DISK)
            Deferred.fromCoroutine(self._written(cast("Awaitable[None]", answer)))

    def _message_came(self, content: bytes) -> Answer[Reply]:
        """Take the last octets, and then the message as a whole."""
        taken = self.session.take(content) if content else None
        return after(taken, lambda _: self.session.finish_content())

    async def _written(self, answer: Awaitable[None]) -> None:
        """Read on once content has found its way."""
        await in_time(answer, VERDICT_TIME, self._house.clock)
        self._holding.release(DISK)

    def _turn_over(self) -> None:
        """Go on behind an answer that was awaited."""
        self._flush()
        if self._lost:
            self._finish()
        else:
            self._holding.release(TURN)

    def _conclude(self, outcome: Reply | Refused) -> None:
        """Reply now, or in a second where the budget for errors says so."""
        reply, reason = (
            (outcome.reply, outcome.reason) if isinstance(outcome, Refused) else (outcome, "")
        )
        session = self.session
        if not session.verb:
            session.ending = not reply.positive  # nobody is at home for this client
        elif reply.code != 354:
            self._tally.add(session.verb, accepted=reply.positive)
        if self._budget is not None and session.verb:
            judgement = self._budget.judge(session, reply)
            reply = judgement.reply
            if judgement.delay and not self._lost:
                self._holding.hold(DELAY)
                self._house.clock.callLater(judgement.delay, self._say_late, reply, reason)
                return
        self._say(reply, reason)

    def _say_late(self, reply: Reply, reason: str) -> None:
        """Say what an error's delay held back."""
        if not self._closed:
            self._say(reply, reason)
            self._flush()
        self._holding.release(DELAY)

    def _say(self, reply: Reply, reason: str = "") -> None:
        """Say one reply, as all are said, and do what follows from its code."""
        session = self.session
        said, self._line = self._line, b""
        self._door.say(session.client, reply, said, reason)
        if self._closed:
            return
        if reply.code in {221, 421} or session.ending:
            self._close("" if reply.code == 221 else reply.text)
        elif reply.code == 354:
            self._content = DotStuffed()
            self.setRawMode()
            self._patience.content_began()
        elif self._leaving:
            self._say(SHUTTING_DOWN)
        else:
            self._patience.command_answered(transaction=session.transaction is not None)

    def _flush(self) -> None:
        """Send what was said."""
        self._door.flush()
        if self._door.unsent > self._house.limits.unsent:
            self._late(None)

    def _unsent_changed(self) -> None:
        """Read nothing more while the peer doesn't read our replies."""
        if self._door.unsent:
            self._holding.hold(UNSENT)
            self._patience.replies_unread(unread=True)
        else:
            self._patience.replies_unread(unread=False)
            self._holding.release(UNSENT)

    def _stop_reading(self) -> None:
        """Read nothing more for now: the peer waits for us."""
        self.pauseProducing()
        self._patience.pause()

    def _read_on(self) -> None:
        """Read again: the peer has its turn."""
        if not self._closed:
            self._patience.resume()
            self.resumeProducing()

    def leave(self) -> None:
        """Hang up with 421 as soon as no content or answer is under way."""
        self._leaving = True
        if self.line_mode and not self._holding.has(TURN | DELAY) and not self._closed:
            self._say(SHUTTING_DOWN)
            self._flush()

    def abort(self) -> None:
        """Drop the connection; an answer under way is still waited for."""
        if not self._closed:
            self._closed = True
            self._end = self._end or "aborted"
        self._door.shut()
        self.transport.abortConnection()

    def _give_up(self) -> None:
        """End a session that can't go on, and where it has none any more, tell that it is over."""
        self.abort()
        if self._lost:
            self._finish()

    def _late(self, last_word: Reply | None) -> None:
        """See a clock run out."""
        if last_word is None:
            if not self._closed:
                self._end = "the client did not read"
            self.abort()
        else:
            self._say(last_word)
            self._flush()

    def _close(self, why: str) -> None:
        """Hang up: nothing the peer sent is looked at any more, and there is a deadline."""
        self._end = why
        self._closed = True
        self._door.close()
        self._patience.close()
        self.transport.loseConnection()
