"""
Our side of a conversation: replies leave here, and what follows from them is done.

Also when it is over: because we said so, a clock ran out, the server stops, or the client is gone.
Octets, modes and the connection are the protocol's (`Modes`); `door` and outbox let replies out,
`patience` has the clocks.
"""

from collections.abc import Callable

from gomail.envelope import Client
from gomail.events import SessionEnded, SessionStarted, tell
from gomail.interfaces import IMessageDelivery
from gomail.reply import READY_FOR_TLS, SHUTTING_DOWN, Reply
from gomail.smtp.alarms import Alarms
from gomail.smtp.door import Door
from gomail.smtp.encryption import HANDSHAKE_LATE
from gomail.smtp.framing import DotStuffed, Framing
from gomail.smtp.holding import DELAY, TURN, UNSENT, Holding
from gomail.smtp.house import House
from gomail.smtp.intake import Intake
from gomail.smtp.modes import Modes
from gomail.smtp.nobody import NOBODY
from gomail.smtp.outbox import IConnection, outbox, send_undelayed
from gomail.smtp.patience import Patience
from gomail.smtp.session import Session
from gomail.smtp.tally import Tally


class Voice:
    """
    What we say in one session.

    Args:
        house: what it shares with the others.
        client: who has connected.
        delivery: whom to ask.
        holding: why nothing is read.
        modes: the connection.

    Attributes:
        holding: the same.
        over: our last word is said, or the connection is lost; whatever comes is not for us.
        encrypting: the TLS handshake is under way.
        lost: the connection is gone.
        octets: how many were received.
        session: what is remembered.
        intake: takes content.
        patience: has the clocks.
    """

    __slots__ = (
        "_door",
        "_end",
        "_house",
        "_leaving",
        "_line",
        "_modes",
        "_started",
        "_tally",
        "_transport",
        "encrypting",
        "holding",
        "intake",
        "lost",
        "octets",
        "over",
        "patience",
        "session",
    )

    def __init__(
        self,
        house: House,
        client: Client,
        delivery: IMessageDelivery,
        holding: Holding,
        modes: Modes,
    ) -> None:
        """Begin with nothing said."""
        self.over = self.encrypting = self.lost = False
        self.octets = 0
        self._house = house
        self.holding = holding
        self._modes = modes
        self.session = Session(client, delivery, house, self)
        self.intake = Intake(self.session, holding, house.alarms)
        self._tally = Tally()
        self._line = b""  # the one that is being answered
        self._leaving = False  # the server is about to stop
        self._end = ""  # why the session ended, where not by QUIT

    @property
    def alarms(self) -> Alarms:
        """What rings at a time."""
        return self._house.alarms

    def busy(self) -> bool:
        """Tell whether there is something still to be said."""
        return self.holding.held() and not self.over

    def speak_by(self, transport: IConnection) -> None:
        """Speak by a connection, which has just been made."""
        house = self._house
        self._started = house.clock.seconds()
        self._transport = transport
        send_undelayed(transport)
        self._door = Door(house, outbox(transport, self))
        self.patience = Patience(house.alarms, house.limits, self)
        tell(house.listeners, SessionStarted(self.session.client))

    def change_connection(self, change: Callable[[], IConnection]) -> None:
        """Send what was said; *change* gives the connection as it is from then on."""
        self._door.hand_over()
        self._transport = change()
        self._door.go_by(outbox(self._transport, self))

    def say(self, reply: Reply, reason: str = "", said: bytes = b"") -> None:
        """Say one reply, to what the client *said*, and do what follows from its code."""
        session = self.session
        self._door.say(session.client, reply, said, reason)
        if self.over:
            return
        code = reply.code
        if code in {221, 421} or session.ending:
            self.close("" if code == 221 else reply.text)
        elif code == 354:
            self._line = b""  # what comes next is no answer to it
            self._expect(DotStuffed())
        elif reply is READY_FOR_TLS:
            self._encrypt()
        elif self._leaving and not session.chunking:
            self.say(SHUTTING_DOWN)

    def _expect(self, framing: Framing) -> None:
        """Have content come next."""
        self.intake.begin(framing)
        self.patience.content_began(transaction=self.session.transaction is not None)
        self._modes.expect_content()

    def _encrypt(self) -> None:
        """Start TLS: the 220 leaves before it in plaintext, and nothing but TLS after it."""
        self.encrypting = True
        self.patience.handshake_began()
        self._modes.encrypt()

    def flush(self) -> None:
        """Send what was said; then it is the client's turn."""
        door = self._door
        if not door.said:
            return
        if not (self.over or self.intake.under_way or self.encrypting):
            self.patience.command_answered(transaction=self.session.transaction is not None)
        door.flush()
        unsent = door.outbox.unsent
        if unsent and unsent > self._house.limits.unsent:
            self.late(None)

    def unsent_changed(self) -> None:
        """Read nothing more while the peer doesn't read our replies."""
        unread = bool(self._door.outbox.unsent)
        self.patience.replies_unread(unread=unread)
        if unread:
            self.holding.hold(UNSENT)
        else:
            self.holding.release(UNSENT)

    def leave(self) -> None:
        """Hang up with 421 as soon as no content or answer is under way."""
        self._leaving = True
        content = self.intake.under_way or self.session.chunking
        if self.encrypting:
            self._modes.abort()
        elif not (content or self.holding.has(TURN | DELAY) or self.over):
            self.say(SHUTTING_DOWN)
            self.flush()

    def late(self, last_word: Reply | None) -> None:
        """See a clock run out."""
        if last_word is None:
            self.stop(HANDSHAKE_LATE if self.encrypting else "the client did not read")
            self._modes.abort()
        else:
            self.say(last_word)
            self.flush()

    def close(self, why: str) -> None:
        """Hang up: nothing the peer sent is looked at any more; what takes time has a deadline."""
        self._end = why
        self.over = True
        self._door.close()
        if not self._modes.hang_up():
            self.patience.close()

    def stop(self, why: str) -> None:
        """Say nothing any more."""
        if not self.over:
            self.over = True
            self._end = self._end or why
        self._door.shut()

    def lose(self, why: str) -> None:
        """See the connection gone; a message past its final dot is stored all the same."""
        self.lost = True
        self.stop(why)
        self.patience.stop()
        if not self.holding.has(TURN):
            self._finish()

    def give_up(self) -> None:
        """End a session that can't go on, and where it has none any more, tell that it is over."""
        self._modes.abort()
        if self.lost:
            self._finish()

    def _finish(self) -> None:
        """Tell that everything is over."""
        session = self.session
        if self.intake.under_way:
            self._tally.add(session.verb, accepted=False)
        session.end_transaction()
        session.leave()
        seconds = self._house.clock.seconds() - self._started
        tell(
            self._house.listeners,
            SessionEnded(
                session.client, str(self._tally), seconds, self.octets, self._end, session.claimed
            ),
        )
        self._modes.finish()
        self._let_go()

    def _let_go(self) -> None:
        """Have no part refer to another any more; one that is called late finds nobody."""
        self._modes = self.holding.reader = self.patience.patient = NOBODY
        session = self.session
        session.speaker = self._door.outbox.sender = NOBODY
        if session.tls is not None:
            session.tls.let_go()
