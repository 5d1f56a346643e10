"""
How much nonsense a session may talk: errors, unknown recipients, idle commands.

A budget judges each reply before it leaves. Within the budget it leaves at once; then each error
costs a second; then the session ends. Our own 4xx never count, and trusted clients have no budget.
"""

from typing import NamedTuple

from gomail.limits import Limits
from gomail.reply import TOO_MANY_ERRORS, TOO_MANY_UNKNOWN, UNKNOWN_RECIPIENTS_STOPPED, Reply
from gomail.smtp.session import Session

_ERRORS = frozenset({500, 501, 502, 503, 504, 555})
_UNKNOWN = frozenset({550, 553})
_SMALL_CHUNK = 512  # octets; a message of smaller ones is no message, but a flood of commands
DELAY = 1.0  # seconds that an error costs beyond the free ones


class Judgement(NamedTuple):
    """What leaves instead of, or as, the reply; and after how many seconds."""

    reply: Reply
    delay: float = 0


class Budget:
    """The errors of one session, counted against *limits*."""

    __slots__ = ("_commands", "_errors", "_unknown", "limits")

    def __init__(self, limits: Limits) -> None:
        """Begin with nothing spent."""
        self.limits = limits
        self._errors = 0
        self._unknown = 0
        self._commands = 0

    def judge(self, session: Session, reply: Reply) -> Judgement:
        """Judge the *reply* to what *session* has just said."""
        if reply.code in _UNKNOWN and session.verb == b"RCPT":
            return self._judge_unknown(session, reply)
        if session.verb != b"RCPT":
            self._count_command(session, reply)
        if reply.code not in _ERRORS and self._commands <= self.limits.idle_commands:
            return Judgement(reply)
        self._errors += 1
        if self._errors >= self.limits.errors:
            return Judgement(TOO_MANY_ERRORS)
        return Judgement(reply, DELAY if self._errors > self.limits.errors_free else 0)

    def _count_command(self, session: Session, reply: Reply) -> None:
        """Count a command that brings no message nearer; content forgives all before it."""
        chunk = session.chunk
        if reply.positive and (session.verb == b"DATA" or (session.verb == b"BDAT" and chunk.last)):
            self._commands = 0
        elif session.verb != b"BDAT" or not reply.positive or chunk.size < _SMALL_CHUNK:
            self._commands += 1

    def _judge_unknown(self, session: Session, reply: Reply) -> Judgement:
        """
        Judge a refused recipient.

        A list with stale addresses still delivers to the others: what was accepted stays, and only
        more unknown ones are turned away.
        """
        self._unknown += 1
        if self._unknown >= self.limits.unknown_recipients:
            transaction = session.transaction
            some_accepted = transaction is not None and transaction.accepted
            if some_accepted:
                return Judgement(UNKNOWN_RECIPIENTS_STOPPED, DELAY)
            return Judgement(TOO_MANY_UNKNOWN)
        over = self._unknown > self.limits.unknown_recipients_free
        return Judgement(reply, DELAY if over else 0)
