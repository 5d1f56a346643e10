"""
The thread that touches the disk: one, of our own, for everything that may block.

It has helpers for one thing alone: to wait for several fsyncs side by side. Small messages go to a
delivery agent instead, where there is one: a process with an interpreter of its own.

Functions are called in the order in which they came. All deposits that wait when it looks become
durable together, after the functions that wait with them, which is why the load makes it faster;
one that comes alone never waits for company. Results go back to the reactor in one call for all
functions of a batch, and in one for all its deposits.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.delivery.deposit import Deposit, Folders, make_durable, tidy
from gomail.delivery.process import DeliveryProcess
from gomail.delivery.record import Record
from gomail.delivery.syncing import ByFiles, Syncing

T = TypeVar("T")
# Copies: more gain nothing, the first would wait for the last, and each is an open file till then.
LARGEST_BATCH = 64
_log = Logger()


@dataclass(slots=True)
class _Job:
    """A blocking callable, or a deposit; and the Deferred that waits for it."""

    work: Callable[[], object] | Deposit
    done: Deferred[Any] = field(default_factory=Deferred)
    result: object = None


_Jobs = SimpleQueue[_Job | Deferred[None]]  # the Deferred, of a stop, comes last


class Committer:
    """
    Does what blocks, in a thread that starts with the first job.

    Args:
        reactor: where results are told.
        syncing: how a batch becomes durable; by default each file by itself.
        agent: stores what is in memory; by default the thread does.

    Attributes:
        record: what became of the batches of both.
    """

    def __init__(
        self,
        reactor: IReactorFromThreads,
        syncing: Syncing | None = None,
        agent: DeliveryProcess | None = None,
    ) -> None:
        self._agent = agent
        if agent is not None:
            agent.otherwise = self._commit_here
        self.record = Record() if agent is None else agent.record
        self._batch: int | None = None
        self._batches = 0
        self._reactor = reactor
        self._jobs: _Jobs = SimpleQueue()
        self._syncing = syncing or ByFiles()
        self._thread: Thread | None = None
        self._ending: Thread | None = None  # the one before, which may have work to do still …
        self._ended = succeed(None)  # … and fires when that is done

    @property
    def alive(self) -> bool:
        """Whether there is a thread for what is asked for, or none is needed."""
        return self._thread is None or self._thread.is_alive()

    @property
    def batch(self) -> int | None:
        """
        The number of the batch that the thread works off, None while there is none.

        One that stays the same for long tells of a disk that does not answer.
        """
        return self._batch

    def start(self) -> None:
        """Have the agent be there before it is needed."""
        if self._agent is not None:
            self._agent.start()

    def run(self, function: Callable[..., T], *arguments: object) -> Deferred[T]:
        """Call a blocking function, after all that were asked for before."""
        return self._add(_Job(lambda: function(*arguments)))

    def commit(self, deposit: Deposit) -> Deferred[Deposit]:
        """
        Store a deposit, together with all others that wait; it comes back with its outcome in it.

        When the Deferred is cancelled, what has not been linked yet will not be.
        """
        agent, content = self._agent, deposit.content.in_memory
        if agent is not None and agent.ready and content is not None:
            return agent.store(deposit, content)
        return self._commit_here(deposit)

    def _commit_here(self, deposit: Deposit) -> Deferred[Deposit]:
        """Have the thread store a deposit."""
        return self._add(_Job(deposit, Deferred(lambda _: deposit.give_up())))

    def stop(self) -> Deferred[None]:
        """Do what has been asked for, then end agent and thread; the next job starts a thread."""
        thread = self._stop_thread()
        if self._agent is None:
            return thread
        return gatherResults([self._agent.stop(), thread]).addCallback(lambda _: None)

    def abandon(self) -> None:
        """Leave what is not done yet undone: nobody waits for it any longer."""
        if self._agent is not None:
            self._agent.kill()

    def _stop_thread(self) -> Deferred[None]:
        """End the thread when it has done what was asked for; each caller hears."""
        if self._thread is not None:
            self._ended = Deferred()
            self._jobs.put(self._ended)
            self._jobs = SimpleQueue()
            self._ending, self._thread = self._thread, None
        done: Deferred[None] = Deferred()
        self._ended.addCallback(done.callback)
        return done

    def _add(self, job: _Job) -> Deferred[Any]:
        """Put a job into the queue; the thread takes it when it is free."""
        if self._thread is None:
            thread = Thread(
                target=self._work,
                args=(self._jobs, self._ending),
                name="gomail committer",
                daemon=True,
            )
            thread.start()  # may fail where there are too many; the next job tries again
            self._thread = thread
        self._jobs.put(job)
        return job.done

    def _work(self, jobs: _Jobs, before: Thread | None) -> None:
        """Do batch after batch, once the thread *before* has ended: the thread's own loop."""
        if before is not None:
            before.join()
        stopped = None
        while stopped is None:
            batch, stopped = _next_batch(jobs)
            self._batches += 1
            self._batch = self._batches
            fault = _outcome(partial(self._do, batch))
            if isinstance(fault, Failure):  # of ours, or for want of memory
                self._break_off(batch, fault)
            self._batch = None
        self._syncing.close()
        self._reactor.callFromThread(stopped.callback, None)

    def _break_off(self, batch: Sequence[_Job], fault: Failure) -> None:
        """Have all of a batch hear of a fault who have heard of nothing yet; the thread goes on."""
        for job in batch:
            job.result = job.result or fault
        self._reactor.callFromThread(_tell, batch)

    def _do(self, batch: Sequence[_Job]) -> None:
        """Do one batch: its functions, whose results nobody waits for longer, then its deposits."""
        deposits, commits, calls = [], [], []
        for job in batch:
            if isinstance(job.work, Deposit):
                deposits.append(job.work)
                commits.append(job)
            else:
                job.result = _outcome(job.work)
                calls.append(job)
        if calls:
            self._reactor.callFromThread(_tell, calls)
        if deposits:
            self._store(deposits, commits)

    def _store(self, deposits: Sequence[Deposit], commits: Sequence[_Job]) -> None:
        """Make deposits durable, tell what came of it, and tidy up while nobody waits."""
        folders, began = Folders(), time.monotonic()
        fault = _outcome(lambda: make_durable(deposits, folders, self._syncing))
        for job in commits:
            job.result = fault or job.work
        self._reactor.callFromThread(self._told, commits, deposits, time.monotonic() - began)
        fault = _outcome(lambda: tidy(deposits, folders))
        if isinstance(fault, Failure):
            _log.failure("tidying up after a batch failed", failure=fault)

    def _told(self, commits: Sequence[_Job], deposits: Sequence[Deposit], seconds: float) -> None:
        """Write down what became of a batch, and tell those who wait; on the reactor's thread."""
        for deposit in deposits:
            if deposit.error is not None and deposit.at:  # else somebody has given it up
                self.record.fail(deposit.error, deposit.at)
        self.record.end(seconds, stored=any(deposit.stored for deposit in deposits))
        _tell(commits)


def _next_batch(jobs: _Jobs) -> tuple[list[_Job], Deferred[None] | None]:
    """Wait for a job, and take those behind it; a Deferred tells that no more will follow."""
    batch: list[_Job] = []
    copies = 0
    while not batch or (copies < LARGEST_BATCH and not jobs.empty()):
        job = jobs.get()
        if isinstance(job, Deferred):
            return batch, job
        batch.append(job)
        copies += len(job.work.filings) if isinstance(job.work, Deposit) else 1
    return batch, None


def _outcome(function: Callable[[], object]) -> object:
    """Give what *function* gives, or the Failure of what it raises."""
    try:
        return function()
    except BaseException:  # noqa: BLE001 -- the thread goes on, whatever a job does
        return Failure()


def _tell(batch: Sequence[_Job]) -> None:
    """Fire the Deferreds of a batch, on the reactor's thread."""
    for job in batch:
        if not job.done.called:
            job.done.callback(job.result)
