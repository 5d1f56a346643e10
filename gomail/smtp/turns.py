"""
One question at a time: a reply comes now, or is awaited while nothing more is read.

So replies leave in the order of the commands, however these are pipelined.
"""

from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.answers import Answer
from gomail.reply import Refused, Reply
from gomail.smtp.deadline import in_time
from gomail.smtp.faults import refusal_of
from gomail.smtp.holding import TURN, Holding

ANSWER_TIME = 60.0  # seconds to answer a command (RFC 5321 §4.5.3.2: clients wait 300)
VERDICT_TIME = 240.0  # seconds to store a message (RFC 5321 §4.5.3.2.6: clients wait 600)
_log = Logger()


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
        conclude: Callable[[Reply | Refused], None],
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
        self, what: str, ask: Callable[[], Answer[Reply]], deadline: float = ANSWER_TIME
    ) -> None:
        """Ask, and conclude: now, or when the answer is known. *what* names it for the log."""
        try:
            answer = ask()
        except Exception as error:  # noqa: BLE001 -- a fault of ours is answered too: 451
            self._conclude(refusal_of(error, what))
            return
        if isinstance(answer, Reply):
            self._conclude(answer)
        else:
            self._holding.hold(TURN)
            later = Deferred.fromCoroutine(self._later(what, answer, deadline))
            later.addErrback(self._fail)

    async def _later(self, what: str, answer: Awaitable[Reply], deadline: float) -> None:
        """Conclude when *answer* is known, or its time is over."""
        outcome: Reply | Refused
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
