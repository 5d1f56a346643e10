"""
One question at a time: a reply comes now, or is awaited while nothing more is looked at.

So replies leave in the order of the commands, however these are pipelined.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVarTuple, cast

from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.answers import Answer, is_later
from gomail.reply import Refused, Reply
from gomail.smtp.alarms import Alarms
from gomail.smtp.deadline import in_time
from gomail.smtp.holding import TURN, Holding
from gomail.smtp.transaction import Chunk

ANSWER_TIME = 60.0  # seconds to answer a command (RFC 5321 §4.5.3.2: clients wait 300)
VERDICT_TIME = 240.0  # seconds to store a message (RFC 5321 §4.5.3.2.6: clients wait 600)
_log = Logger()

Ts = TypeVarTuple("Ts")

# What came of a question: a reply, a chunk whose reply comes behind it, or nothing to say.
Outcome: TypeAlias = Reply | Refused | Chunk | None


class Asker(Protocol):
    """
    On whose behalf questions are asked: one session.

    Attributes:
        alarms: for deadlines.
        holding: lets nothing more be looked at while an answer is awaited.
    """

    holding: Holding

    @property
    def alarms(self) -> Alarms:
        """Give them."""

    def fault(self, error: BaseException, what: str) -> Refused:
        """Give the refusal that an error stands for, and log it unless it was meant."""

    def conclude(self, outcome: Outcome) -> None:
        """Do what follows from the outcome."""

    def turn_over(self) -> None:
        """Go on behind an answer that was awaited, now that it has been dealt with."""

    def give_up(self) -> None:
        """End the session where even that fails, so that it does not wait for ever."""


def ask(
    asker: Asker,
    what: str,
    deadline: float,
    question: Callable[[*Ts], Answer[Outcome]],
    *about: *Ts,
) -> None:
    """
    Ask, and have the outcome concluded: at once, or as soon as the answer is known.

    Args:
        asker: on whose behalf.
        what: names it for the log.
        deadline: seconds until the answer comes too late.
        question: gives the answer.
        about: what that is asked about.
    """
    try:
        answer = question(*about)
    except Exception as error:  # noqa: BLE001 -- a fault of ours is answered too: 451
        answer = asker.fault(error, what)
    if is_later(answer):
        asker.holding.hold(TURN)
        awaited = cast("Awaitable[Outcome]", answer)
        in_time(awaited, deadline, asker.alarms, lambda result: _answered(result, asker, what))
    else:
        asker.conclude(cast("Outcome", answer))


def _answered(answer: Outcome | Failure, asker: Asker, what: str) -> None:
    """Conclude now that the *answer* is known, or its time is over."""
    if isinstance(answer, Failure):
        answer = asker.fault(cast("BaseException", answer.value), what)
    try:
        asker.conclude(answer)
        asker.turn_over()
    except Exception:  # noqa: BLE001 -- we are at our wits' end, and the session is over
        _log.failure("concluding failed")
        asker.give_up()
        asker.holding.release(TURN)
