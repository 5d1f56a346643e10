"""
The server's end of its delivery agent: orders go out, outcomes come back, nothing here blocks.

An agent that dies is followed by another one. While there is none `ready` says so, and whoever asks
does without. What it took with it has no outcome: the senders hear 451 and come again, perhaps with
a message that was stored already. What had not gone out to it yet is stored without one.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorProcess, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.delivery.agent import PIPE
from gomail.delivery.deposit import Deposit
from gomail.delivery.job import Job
from gomail.delivery.line import Line
from gomail.delivery.orders import Outcome
from gomail.delivery.record import Record
from gomail.program import environment
from gomail.reply import LOCAL_ERROR, Refused

MOST_COPIES = 64  # that the agent has at once: one batch, or what waits while it does another
REST = 1.0  # seconds until another one follows one that died; twice as long behind each …
LONGEST_REST = 300.0  # … that has not even said its first word
_log = Logger()


class DeliveryProcess:
    """
    Has an agent that stores.

    Args:
        starter: the reactor, which starts it …
        clock: … and keeps the time.
        arguments: its command.

    Attributes:
        ready: whether there is one that stores what it is given.
        doubted: whether there is one that seems to hang, and is given nothing.
        record: what became of its batches.
        copies: how many it has been given that nobody knows anything of yet.
        otherwise: stores a deposit without an agent, if anybody does.
    """

    def __init__(
        self, starter: IReactorProcess, clock: IReactorTime, arguments: Sequence[str]
    ) -> None:
        self.ready = self.doubted = False
        self.record = Record()
        self.otherwise: Callable[[Deposit], Deferred[Deposit]] | None = None
        self._starter = starter
        self._clock = clock
        self._arguments = arguments
        self._line: Line | None = None
        self._start: IDelayedCall | None = None  # of the next one
        self._rest = REST
        self._stopped: list[Deferred[None]] = []  # who stops it, and has heard or will hear
        self._waiting: deque[Job] = deque()
        self._away: dict[int, Job] = {}
        self._elsewhere: dict[Deferred[Deposit], Deferred[Deposit]] = {}  # who waits, and for what
        self.copies = self._octets = 0  # that are away
        self._number = 0  # of the last order
        self._answers = 0

    @property
    def batch(self) -> int | None:
        """What stays the same for as long as the agent says nothing; None while it has no work."""
        return self._answers if self._away else None

    @property
    def places(self) -> set[str]:
        """Which Maildirs these are for."""
        return {filing.path for job in self._away.values() for filing in job.deposit.filings}

    def start(self) -> None:
        """Start an agent; it is ready a moment later."""
        self._start, self._stopped = None, []
        self._line = line = Line(self, self._clock)
        arguments = self._arguments
        try:
            self._starter.spawnProcess(line, arguments[0], arguments, environment())
        except OSError as error:
            self.lost(str(error))

    def stop(self) -> Deferred[None]:
        """Have everything stored that was asked for, then let the agent go; each caller hears."""
        if self._start is not None:
            self._start.cancel()
            self._start = None
        if self._line is None:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopped.append(stopped)
        self._leave()
        return stopped

    def kill(self) -> None:
        """End an agent that is not waited for any longer; whoever sent what it has heard no 250."""
        if self._line is not None:
            self._line.kill()

    def doubt(self) -> None:
        """Have all be stored without an agent that seems to hang, but what it has been given."""
        if self.ready and self.otherwise is not None:
            self.ready, self.doubted = False, True
            self._store_waiting(self.otherwise)

    def end(self, why: str) -> None:
        """End an agent that hangs; what it had is given up now, whenever the kernel lets it die."""
        if self._line is not None:
            self.ready = self.doubted = False
            self._line.end(why)
            self._give_up("the delivery agent hung, and nobody knows what came of it")

    def store(self, deposit: Deposit, content: bytes | bytearray) -> Deferred[Deposit]:
        """
        Store a deposit; it comes back with its outcome in it.

        Not before the agent is `ready`. Where that dies with it, it fails with Refused; where that
        dies before it has gone out, it is stored without one. When the Deferred is cancelled, what
        has not gone out never will, and what has is not delivered once its time is over.
        """
        job = Job(deposit, content, time.monotonic(), Deferred(self._forget))
        self._waiting.append(job)
        self._send()
        return job.done

    def _forget(self, done: Deferred[Deposit]) -> None:
        """Keep nothing of what nobody waits for any more, unless the agent has it: it may hang."""
        for place, job in enumerate(self._waiting):  # mostly the first: that has waited longest
            if job.done is done:
                del self._waiting[place]
                return
        if (elsewhere := self._elsewhere.get(done)) is not None:
            elsewhere.cancel()

    def _send(self) -> None:
        """Give the agent what it may have: less than a batch, or whatever comes first."""
        while self._waiting and self._line is not None and self._line.open:
            if self._away and (self.copies >= MOST_COPIES or self._octets >= PIPE):
                return
            job = self._waiting.popleft()
            self._number += 1
            self._away[self._number] = job
            self._count(job, 1)
            self._line.order(job.order(self._number))

    def _count(self, job: Job, sign: int) -> None:
        """Add a job to what is away, or take it off."""
        self.copies += sign * len(job.deposit.filings)
        self._octets += sign * len(job.content)

    def begin(self) -> None:
        """Hear the agent's first word."""
        self.ready, self.doubted = not self._stopped, False
        self._rest = REST

    def part(self, line: Line) -> None:
        """Give an agent nothing more, one of whose pipes is closed; an old one may be late."""
        if line is self._line:
            self.ready = False

    def heard(self, outcomes: Iterable[Outcome]) -> None:
        """Hear what came of a batch."""
        self._answers += 1
        if self.doubted:
            self.doubted = False
            self.ready = not self._stopped and self._line is not None and self._line.open
        asked, stored = next(iter(self._away.values())).asked, False  # the first has waited longest
        for outcome in outcomes:
            job = self._away.pop(outcome.number)
            self._count(job, -1)
            if outcome.error is None:
                job.deposit.stored = outcome.stored
                stored = True
            else:
                error = OSError(*outcome.error)
                job.deposit.fail(outcome.at, error)
                self.record.fail(error, outcome.at)
            job.conclude()
        self.record.end(time.monotonic() - asked, stored=stored)
        self._send()
        self._leave()

    def _leave(self) -> None:
        """Let the agent go where we stop and nothing is left to do."""
        if self._stopped and self._line is not None:
            self.ready = False
            if not self._away:
                self._line.transport.closeStdin()  # it ends when it has done all

    def lost(self, why: str) -> None:
        """See the agent go: as it should, or with all that it had to do."""
        self.ready, self.doubted, self._line = False, False, None
        if self._stopped:
            for stopped in self._stopped:
                stopped.callback(None)
        else:
            _log.warn("there is no delivery agent ({why}); the server stores without one", why=why)
            self._start = self._clock.callLater(self._rest, self.start)
            self._rest = min(2 * self._rest, LONGEST_REST)
        self._give_up("the delivery agent died before it said what came of it")

    def _give_up(self, why: str) -> None:
        """Conclude what nobody will hear of any more; have stored what the agent never had."""
        away = [*self._away.values()]
        self._away.clear()
        self.copies = self._octets = 0
        if self.otherwise is None or self._stopped:
            away += self._waiting
            self._waiting.clear()
        else:
            self._store_waiting(self.otherwise)
        for job in away:  # last, since whoever hears of it may give up others
            job.conclude(Failure(Refused(LOCAL_ERROR, why)))

    def _store_waiting(self, store: Callable[[Deposit], Deferred[Deposit]]) -> None:
        """Have stored without an agent what has not gone out to one."""
        waiting, self._waiting = self._waiting, deque()
        for job in waiting:
            self._store_otherwise(job, store)

    def _store_otherwise(self, job: Job, store: Callable[[Deposit], Deferred[Deposit]]) -> None:
        """Have a deposit stored without an agent."""

        def told(result: Deposit | Failure) -> None:
            del self._elsewhere[job.done]
            job.conclude(result if isinstance(result, Failure) else None)

        stored: Deferred[Deposit] = maybeDeferred(store, job.deposit)
        self._elsewhere[job.done] = stored
        stored.addBoth(told)
