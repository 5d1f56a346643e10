"""
What is said in one session: each line is answered, each answer let out, and what follows is done.

Octets, modes and the connection are the protocol's (`Modes`); here are words. `turns` ask one
question at a time, `verbs` answer it, `session` remembers, the `budget` judges, the `door` lets
replies out, `patience` has the clocks.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec

from gomail.answers import Answer, after
from gomail.envelope import Client, Encryption
from gomail.events import Said, SessionEnded, SessionStarted, tell
from gomail.interfaces import IMessageDelivery
from gomail.limits import Limits
from gomail.reply import LINE_TOO_LONG, OUT_OF_STEP, READY_FOR_TLS, SHUTTING_DOWN, Refused, Reply
from gomail.smtp import verbs
from gomail.smtp.alarms import Alarms
from gomail.smtp.budget import Budget
from gomail.smtp.door import Door
from gomail.smtp.framing import Counted, DotStuffed, Framing
from gomail.smtp.holding import DELAY, TURN, UNSENT, Holding
from gomail.smtp.house import House
from gomail.smtp.intake import Intake
from gomail.smtp.modes import Modes
from gomail.smtp.order import Order
from gomail.smtp.outbox import IConnection, outbox, send_undelayed
from gomail.smtp.patience import Patience
from gomail.smtp.session import Chunk, Session
from gomail.smtp.tally import Tally
from gomail.smtp.turns import ANSWER_TIME, LATER, VERDICT_TIME, Outcome, ask

P = ParamSpec("P")


class Conversation:
    """
    The words of one session.

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
        order: who speaks when.
        patience: has the clocks.
    """

    __slots__ = (
        "_at_ease",
        "_budget",
        "_door",
        "_end",
        "_house",
        "_leaving",
        "_limits",
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
        "order",
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
        self.order = Order(forgiven=house.local or client.trusted)
        self._limits = house.limits  # as they hold under the load that there is
        self._budget = Budget(house.limits)
        self._tally = Tally()
        self._at_ease = client.trusted and not house.dialogue  # nobody counts what is said
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

    def begin(self, transport: IConnection) -> None:
        """Say the banner, once the delivery welcomes the client."""
        house, session = self._house, self.session
        self._started = house.clock.seconds()
        self._transport = transport
        send_undelayed(transport)
        self._door = Door(house, outbox(transport, self))
        self.patience = Patience(house.alarms, house.limits, self)
        tell(house.listeners, SessionStarted(session.client))
        self._ask("greeting", ANSWER_TIME, self._welcome, house.introduction.banner)
        self.flush()

    def _welcome(self, banner: Reply) -> Answer[Reply]:
        """Give the banner, once the delivery welcomes the client."""
        session = self.session
        return after(session.delivery.greeted(session.client), lambda _: banner)

    def answer(self, line: bytes, rest: Callable[[], bytes]) -> None:
        """Answer one command line; *rest* takes out what came behind it."""
        self._line = line
        if self._house.dialogue:
            tell(self._house.listeners, Said(self.session.client, "C", line))
        verb, argument = verbs.read(line)
        if verb.awaited and self.order.spoke_on(verb, rest):
            self._answer_last(verb.name, Refused(OUT_OF_STEP, "it did not wait for the reply"))
            return
        deadline = VERDICT_TIME if verb is verbs.BDAT else ANSWER_TIME
        answer = ask(self, "a command", deadline, verbs.answer, self.session, verb, argument)
        if isinstance(answer, Reply) and answer.code == 250 and self._at_ease:
            # Nothing else follows from most replies.
            self._tally.add(verb.name, accepted=True)
            self._door.said += answer.octets
            self._line = b""
        elif answer is not LATER:
            self.conclude(answer)

    def _ask(
        self,
        what: str,
        deadline: float,
        question: Callable[P, Answer[Outcome]],
        *about: P.args,
        **details: P.kwargs,
    ) -> None:
        """Ask, and conclude now or later."""
        outcome = ask(self, what, deadline, question, *about, **details)
        if outcome is not LATER:
            self.conclude(outcome)

    def refuse_long(self, line: bytes) -> None:
        """End the session: the tail of such a line must never be taken for a command."""
        self._line = line
        self._answer_last(verbs.UNKNOWN, Refused(LINE_TOO_LONG))

    def _answer_last(self, verb: bytes, refused: Refused) -> None:
        """Answer a line, and end the session with that."""
        self.session.verb, self.session.ending = verb, True
        self.conclude(refused)

    def end_content(self, content: bytes) -> None:
        """Answer what has come as a whole, with the last of its octets."""
        self._ask("storing a message", VERDICT_TIME, self.intake.end, content)

    def encrypted(self, encryption: Encryption) -> None:
        """Learn that all is encrypted; behind STARTTLS, begin anew."""
        self._door.shaken_hands()
        if self.encrypting:
            self._begin_anew(encryption)
        else:
            self.session.client = replace(self.session.client, encryption=encryption)

    def _begin_anew(self, encryption: Encryption) -> None:
        """Know nothing of what was said before TLS; the client greets us again."""
        self.encrypting = False
        self.session.verb = b""
        self._budget = Budget(self._limits)
        self.patience.command_answered(transaction=False)
        self._ask("greeting", ANSWER_TIME, self.session.encrypt, encryption)
        self.flush()

    def change_connection(self, change: Callable[[], IConnection]) -> None:
        """Send what was said; *change* gives the connection as it is from then on."""
        self._door.hand_over()
        self._transport = change()
        self._door.go_by(outbox(self._transport, self))

    def turn_over(self) -> None:
        """Go on behind an answer that was awaited."""
        self.flush()
        if self.lost:
            self._finish()
        else:
            self.holding.release(TURN)

    def conclude(self, outcome: Outcome) -> None:
        """Reply now, or in a second where the budget for errors says so, or behind a chunk."""
        if isinstance(outcome, Reply):
            reply, reason = outcome, ""
        elif isinstance(outcome, Refused):
            reply, reason = outcome.reply, outcome.reason
        else:
            self._go_on(outcome)
            return
        session = self.session
        if not session.verb:
            self._reply_to_connection(reply, reason)
            return
        if reply.code != 354:
            self._tally.add(session.verb, accepted=reply.positive)
        if session.client.trusted:
            self.say(reply, reason, self._line)
        else:
            self._reply_in_budget(reply, reason)

    def _go_on(self, chunk: Chunk | None) -> None:
        """Have a chunk come, or the client's next word."""
        if chunk is not None:
            self._expect(Counted(chunk.size))
        elif self._leaving:
            self.say(SHUTTING_DOWN)

    def _reply_to_connection(self, reply: Reply, reason: str) -> None:
        """Say the banner, or that nobody is at home for this client."""
        if reply.positive and self.order.spoke_first(self._transport):
            reply, reason = OUT_OF_STEP, "it did not wait for the banner"
        self.session.ending = not reply.positive
        self.say(reply, reason)

    def _reply_in_budget(self, reply: Reply, reason: str) -> None:
        """Reply as the budget for errors has it: something else, perhaps, or later."""
        judgement = self._budget.judge(self.session, reply)
        if judgement.delay and not self.lost:
            self.holding.hold(DELAY)
            clock = self._house.clock
            clock.callLater(judgement.delay, self._say_late, judgement.reply, reason)
        else:
            self.say(judgement.reply, reason, self._line)

    def _say_late(self, reply: Reply, reason: str) -> None:
        """Say what an error's delay held back."""
        if not self.over:
            self.say(reply, reason, self._line)
            self.flush()
        self.holding.release(DELAY)

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
        self.patience.content_began()
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

    def hurry(self, limits: Limits) -> None:
        """Have more patience, or less, as *limits* say."""
        self._limits = self._budget.limits = limits
        self.patience.change(limits)

    def leave(self) -> None:
        """Hang up with 421 as soon as no content or answer is under way."""
        self._leaving, self._at_ease = True, False
        content = self.intake.under_way or self.session.chunking
        if self.encrypting:
            self._modes.abort()
        elif not (content or self.holding.has(TURN | DELAY) or self.over):
            self.say(SHUTTING_DOWN)
            self.flush()

    def late(self, last_word: Reply | None) -> None:
        """See a clock run out."""
        if last_word is None:
            what = "end the TLS handshake in time" if self.encrypting else "read"
            self.stop(f"the client did not {what}")
            self._modes.abort()
        else:
            self.say(last_word)
            self.flush()

    def close(self, why: str) -> None:
        """Hang up: nothing the peer sent is looked at any more, and there is a deadline."""
        self._end = why
        self.over = True
        self._door.close()
        self.patience.close()
        self._modes.hang_up()

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
        seconds = self._house.clock.seconds() - self._started
        tell(
            self._house.listeners,
            SessionEnded(session.client, str(self._tally), seconds, self.octets, self._end),
        )
        self._modes.finish()
