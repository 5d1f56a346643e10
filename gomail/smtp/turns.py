"""
One question at a time: a reply comes now, or is awaited while nothing more is read.

So replies leave in the order of the commands, however these are pipelined.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.answers import Answer, is_later
from gomail.reply import Refused, Reply
from gomail.smtp.deadline import in_time
from gomail.smtp.faults import refusal_of
from gomail.smtp.holding import TURN, Holding
from gomail.smtp.session import Chunk

ANSWER_TIME = 60.0  # seconds to answer a command (RFC 5321 §4.5.3.2: clients wait 300)
VERDICT_TIME = 240.0  # seconds to store a message (RFC 5321 §4.5.3.2.6: clients wait 600)
_log = Logger()

# What came of a question: a reply, a chunk whose reply comes behind it, or nothing to say.
Outcome: TypeAlias = Reply | Refused | Chunk | None


class Turns:
    """
    Asks the questions of one session.

    Args:
        clock: for deadlines.
        holding: stops the reading while an answer is awaited.
        conclude: is given each outcome.
        over: called when an answer that was awaited has been dealt with.
        give_up: called when even that fails, so that no session waits for ever.
    """

    __slots__ = ("_clock", "_conclude", "_give_up", "_holding", "_over")

    def __init__(
        self,
        clock: IReactorTime,
        holding: Holding,
        conclude: Callable[[Outcome], None],
        over: Callable[[], None],
        give_up: Callable[[], None],
    ) -> None:
        """Begin with nothing asked."""
        self._clock = clock
        self._holding = holding
        self._conclude = conclude
        self._over = over
        self._give_up = give_up

    def take(
        self, what: str, ask: Callable[[], Answer[Outcome]], deadline: float = ANSWER_TIME
    ) -> None:
        """Ask, and conclude: now, or when the answer is known. *what* names it for the log."""
        try:
            answer = ask()
        except Exception as error:  # noqa: BLE001 -- a fault of ours is answered too: 451
            self._conclude(refusal_of(error, what))
            return
        if is_later(answer):
            self._holding.hold(TURN)
            awaited = cast("Awaitable[Outcome]", answer)
            Deferred.fromCoroutine(self._later(what, awaited, deadline)).addErrback(self._fail)
        else:
            self._conclude(cast("Outcome", answer))

    async def _later(self, what: str, answer: Awaitable[Outcome], deadline: float) -> None:
        """Conclude when *answer* is known, or its time is over."""
        outcome: Outcome
        try:
            outcome = await in_time(answer, deadline, self._clock)
        except Exception as error:  # noqa: BLE001 -- as in take
            outcome = refusal_of(error, what)
        self._conclude(outcome)
        self._over()

    def _fail(self, failure: Failure) -> None:
        """End a session in which we are at our wits' end."""
        _log.failure("concluding failed", failure=failure)
        self._give_up()
        self._holding.release(TURN)
