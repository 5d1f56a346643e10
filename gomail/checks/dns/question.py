"""One question to DNS, and all who wait for its answer."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.checks.dns.turns import Turns
from gomail.checks.records import Outcome, Records

_FAILED = Records(Outcome.FAILED)
_log = Logger()


class Asked:
    """
    A question that is asked once for all who ask the same, while it is under way.

    It waits for the turn of each client that wants to know, and goes out with the first: so nobody
    is kept waiting by what else another one asks. Each has a deadline of its own. When the last one
    leaves, it is ended.

    Args:
        turns: who is next.
        clock: of the deadlines.
        seconds: for which each of them waits.
        ask: asks.
        over: is called with the answer, or with FAILED where nobody waits for one any more.
    """

    def __init__(
        self,
        turns: Turns,
        clock: IReactorTime,
        seconds: float,
        ask: Callable[[], Coroutine[Deferred[Any], Any, Records]],
        over: Callable[["Asked", Records], None],
    ) -> None:
        self._turns = turns
        self._clock = clock
        self._seconds = seconds
        self._ask = ask
        self._over = over
        self._waiting: dict[str, dict[Deferred[Records], None]] = {}  # by client
        self._work: Deferred[Records] | None = None

    def join(self, client: str) -> Deferred[Records]:
        """Give what fires with the answer, in time; cancelling it leaves the others alone."""
        waiting: Deferred[Records] = Deferred(partial(self._leave, client))
        waiting.addTimeout(self._seconds, self._clock, onTimeoutCancel=lambda *_: _FAILED)
        known = client in self._waiting
        self._waiting.setdefault(client, {})[waiting] = None
        if self._work is None and not known:
            self._turns.ask(client, self)
        return waiting

    def begin(self, client: str) -> None:
        """Go out: it is the turn of *client*."""
        for each in self._waiting:
            self._turns.leave(each, self)
        self._work = work = Deferred.fromCoroutine(self._ask())
        work.addErrback(_failed)
        work.addCallback(self._answer, client)

    def _answer(self, records: Records, client: str) -> None:
        """Give the answer to all who still wait for it."""
        try:
            self._over(self, records)
        finally:
            self._turns.give_back(client)
        everybody, self._waiting = self._waiting, {}
        for waiting in everybody.values():
            for each in waiting:
                if not each.called:  # one of those who were told has ended another
                    each.callback(records)

    def _leave(self, client: str, waiting: Deferred[Records]) -> None:
        """Wait for nobody who has gone."""
        others = self._waiting.get(client)
        if others is None:  # the answer is being told
            return
        del others[waiting]
        if others:
            return
        del self._waiting[client]
        if self._work is None:
            self._turns.leave(client, self)
        if not self._waiting:
            self._over(self, _FAILED)
            if self._work is not None:
                self._work.cancel()


def _failed(failure: Failure) -> Records:
    """Give FAILED; an error of ours is told."""
    if not failure.check(CancelledError):
        _log.failure("DNS could not be asked", failure)
    return _FAILED
