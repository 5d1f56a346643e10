"""
What is said in one session: each line is answered, each answer becomes a reply.

Octets, modes and the connection are the protocol's; here are words. `turns` ask one question at a
time, `verbs` answer it, `session` remembers, the `budget` judges, and what we say is the `Voice`'s.
"""

from collections.abc import Callable
from dataclasses import replace

from gomail.answers import Answer, after
from gomail.envelope import Client, Encryption
from gomail.events import Said, tell
from gomail.interfaces import IMessageDelivery
from gomail.limits import Limits
from gomail.reply import LINE_TOO_LONG, OUT_OF_STEP, SHUTTING_DOWN, Refused, Reply
from gomail.smtp import verbs
from gomail.smtp.budget import Budget
from gomail.smtp.faults import refusal_of
from gomail.smtp.framing import Counted
from gomail.smtp.holding import DELAY, TURN, Holding
from gomail.smtp.house import House
from gomail.smtp.modes import Modes
from gomail.smtp.order import Order
from gomail.smtp.outbox import IConnection
from gomail.smtp.transaction import Chunk
from gomail.smtp.turns import ANSWER_TIME, VERDICT_TIME, Outcome, ask
from gomail.smtp.voice import Voice

# What is asked when, as the log names it if that fails.
_BANNER = "the connection (greeted)"
_ENCRYPTED = "TLS (greeted)"
_CONTENT = "the end of content (eomReceived)"
_QUESTIONS = {
    b"EHLO": "EHLO (greeted)",
    b"HELO": "HELO (greeted)",
    b"MAIL": "MAIL (validateFrom)",
    b"RCPT": "RCPT (validateTo)",
    b"DATA": "DATA (messageStarted)",
    b"BDAT": "BDAT (messageStarted or eomReceived)",
}


class Conversation(Voice):
    """
    The words of one session, in the order in which they fall; its arguments are those of `Voice`.

    Attributes:
        order: who speaks when.
    """

    __slots__ = ("_budget", "_limits", "order")

    def __init__(
        self,
        house: House,
        client: Client,
        delivery: IMessageDelivery,
        holding: Holding,
        modes: Modes,
    ) -> None:
        """Begin with nothing heard."""
        super().__init__(house, client, delivery, holding, modes)
        self.order = Order(forgiven=house.local or client.trusted)
        self._limits = house.limits  # as they hold under the load that there is
        self._budget: Budget | None = None  # who is trusted needs none

    def begin(self, transport: IConnection) -> None:
        """Say the banner, once the delivery welcomes the client."""
        self.speak_by(transport)
        ask(self, _BANNER, ANSWER_TIME, self._welcome, self._house.introduction.banner)
        self.flush()

    def _welcome(self, banner: Reply) -> Answer[Reply]:
        """Give the banner, once the client may stay and the delivery welcomes it."""
        permit, client = self._house.permit, self.session.client
        if permit is None or client.trusted:
            return self._greet(banner)
        return after(permit(client), lambda _: self._greet(banner))

    def _greet(self, banner: Reply) -> Answer[Reply]:
        """Give the banner, once the delivery welcomes the client."""
        return after(self.session.welcome(), lambda _: banner)

    def answer(self, line: bytes, rest: Callable[[], bytes]) -> None:
        """Answer one command line; *rest* takes out what came behind it."""
        self._line = line
        if self._house.dialogue:
            tell(self._house.dialogue, Said(self.session.client, "C", line))
        verb, argument = verbs.read(line)
        if verb.awaited and self.order.spoke_on(verb, rest):
            self._answer_last(verb.name, Refused(OUT_OF_STEP, "it did not wait for the reply"))
            return
        deadline = VERDICT_TIME if verb is verbs.BDAT else ANSWER_TIME
        what = _QUESTIONS.get(verb.name) or verb.name.decode()
        ask(self, what, deadline, verbs.answer, self.session, verb, argument)

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
        ask(self, _CONTENT, VERDICT_TIME, self.intake.end, content)

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
        self._budget = None
        self.patience.command_answered(transaction=False)
        ask(self, _ENCRYPTED, ANSWER_TIME, self.session.encrypt, encryption)
        self.flush()

    def turn_over(self) -> None:
        """Go on behind an answer that was awaited."""
        self.flush()
        if self.lost:
            self._finish()
        else:
            self.holding.release(TURN)

    def fault(self, error: BaseException, what: str) -> Refused:
        """Give the refusal that an error stands for, and log it unless it was meant."""
        return refusal_of(error, what, self.session.client.session_id)

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
        if reply.positive and not self.lost and self.order.spoke_first(self._transport):
            reply, reason = OUT_OF_STEP, "it did not wait for the banner"
        self.session.ending = not reply.positive
        self.say(reply, reason)

    def _reply_in_budget(self, reply: Reply, reason: str) -> None:
        """Reply as the budget for errors has it: something else, perhaps, or later."""
        if self._budget is None:
            self._budget = Budget(self._limits)
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

    def hurry(self, limits: Limits) -> None:
        """Have more patience, or less, as *limits* say."""
        self._limits = limits
        if self._budget is not None:
            self._budget.limits = limits
        self.patience.change(limits)
