"""
The thread that touches the disk: one, of our own, for everything that may block.

Jobs are done in the order in which they came. All deposits that wait when it looks become durable
together, which is why the load makes it faster; one that comes alone never waits for company. Results go
back to the reactor in one call for each batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.delivery.deposit import Deposit, Folders, make_durable, tidy

T = TypeVar("T")
LARGEST_BATCH = 64  # jobs: more gain nothing, and the first of them would wait for the last
_log = Logger()


@dataclass(slots=True)
class _Job:
    """A blocking callable, or a deposit; and the Deferred that waits for it."""

    work: Callable[[], object] | Deposit
    done: Deferred[Any] = field(default_factory=Deferred)
    result: object = None


class Committer:
    """
    Does what blocks, in a thread that starts with the first job.

    Args:
        reactor: where results are told.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: Thread | None = None

    def run(self, function: Callable[..., T], *arguments: object) -> Deferred[T]:
        """Call a blocking function, after everything that was asked for before."""
        return self._add(_Job(lambda: function(*arguments)))

    def commit(self, deposit: Deposit) -> Deferred[Deposit]:
        """
        Store a deposit, together with all others that wait; it comes back with its outcome in it.

        When the Deferred is cancelled, what has not been linked yet will not be.
        """
        job = _Job(deposit, Deferred(lambda _: deposit.give_up()))
        return self._add(job)

    def stop(self) -> Deferred[None]:
        """Do what has been asked for, then end the thread; it starts again with the next job."""
        done: Deferred[None] = Deferred()
        thread, self._thread = self._thread, None
        if thread is None:
            done.callback(None)
        else:
            self._jobs.put(_Job(lambda: None, done))
            self._jobs.put(None)
        return done

    def _add(self, job: _Job) -> Deferred[Any]:
        """Put a job into the queue; the thread takes it when it is free."""
        if self._thread is None:
            self._thread = Thread(
                target=self._work, args=(self._jobs,), name="gomail committer", daemon=True
            )
            self._thread.start()
        self._jobs.put(job)
        return job.done

    def _work(self, jobs: "SimpleQueue[_Job | None]") -> None:
        """Do batch after batch; the thread's own loop."""
        while (job := jobs.get()) is not None:
            batch = [job]
            while len(batch) < LARGEST_BATCH and not jobs.empty():
                job = jobs.get()
                if job is None:
                    self._do(batch)
                    return
                batch.append(job)
            self._do(batch)

    def _do(self, batch: Sequence[_Job]) -> None:
        """Do one batch, and tell its results together."""
        deposits = [job.work for job in batch if isinstance(job.work, Deposit)]
        for job in batch:
            if not isinstance(job.work, Deposit):
                job.result = _outcome(job.work)
        folders = Folders()
        fault = _outcome(lambda: make_durable(deposits, folders))
        for job in batch:
            if isinstance(job.work, Deposit):
                job.result = fault or job.work
        self._reactor.callFromThread(_tell, batch)
        fault = _outcome(lambda: tidy(deposits, folders))
        if isinstance(fault, Failure):
            _log.failure("tidying up after a batch failed", failure=fault)


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
