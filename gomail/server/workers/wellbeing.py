"""
How all workers fare together, as they said last, and whether there are all of them.

The parent tells it for all: a disk that is full is one piece of news, however many have seen it.
"""

from collections.abc import Callable, Sequence

from gomail.health import WELL, Health, Reason, State, together
from gomail.server.judgement import THREAD_ENDED
from gomail.server.workers.leaving import Leaving
from gomail.server.workers.worker import Worker

MISSING = "workers-missing"
# What is the matter with one process, and needn't be with the others: it has the worker's number.
ONES_OWN = frozenset({"lag", "agent-hangs", "agent-missing", "descriptors", THREAD_ENDED})
LONG = 10  # looks at which somebody was missing until it is told: one that ends is soon replaced


class Wellbeing:
    """
    How a crew fares.

    Args:
        workers: those that there are.
        leaving: those of the parent whose place we have taken.

    Attributes:
        wanted: how many there are to be.
        own: gives what is the matter with the parent itself.
    """

    def __init__(self, workers: Sequence[Worker], leaving: Leaving) -> None:
        self.wanted = 0
        self.own: Callable[[], Health] = lambda: WELL
        self._workers = workers
        self._leaving = leaving
        self._known = WELL.marks  # that were told
        self._told: list[Callable[[Health], None]] = []
        self._lasting: list[Callable[[Health], None]] = []
        self._looks = 0  # at which somebody was missing, one after the other
        self._missing = WELL  # what is told of that
        self._noted = frozenset(WELL.marks)  # that were told of what lasts

    @property
    def serving(self) -> int:
        """How many serve."""
        return sum(worker.serves for worker in self._workers)

    @property
    def open(self) -> bool:
        """Whether anybody serves, be it those of the program before."""
        return bool(self.serving) or self._leaving.serve

    @property
    def alive(self) -> bool:
        """Whether somebody serves whose mail can be stored, or nobody of ours is needed yet."""
        there = (worker for worker in self._workers if worker.ready and not worker.killed)
        return self._leaving.serve or any(
            THREAD_ENDED not in worker.health.words for worker in there
        )

    @property
    def health(self) -> Health:
        """What is the matter with any of them, with all, or with their parent."""
        return together([self._counted(), self.own(), *map(_named, self._workers)])

    def _counted(self) -> Health:
        """Tell whether all are there."""
        serving = self.serving
        if serving == self.wanted:
            return WELL
        text = f"{serving} of {self.wanted} workers serve"
        if self._leaving.serve:
            text += ", and those of the program before"
        state = State.DEGRADED if self.open else State.FAILING
        return Health((Reason(MISSING, state, text),))

    def tell(self, changed: Callable[[Health], None]) -> None:
        """Have *changed* called when that is another."""
        self._told.append(changed)

    def tell_lasting(self, changed: Callable[[Health], None]) -> None:
        """Have *changed* called likewise, of workers that are missing once they are for a while."""
        self._lasting.append(changed)

    def look(self) -> None:
        """See whether it is another: once a second."""
        self._look_for_what_lasts()
        health = self.health
        if health.marks != self._known:
            self._known = health.marks
            for changed in self._told:
                changed(health)

    def _look_for_what_lasts(self) -> None:
        """See whether that is news; in which order the workers have said it is none."""
        counted = self._counted()
        self._looks = self._looks + 1 if counted.reasons else 0
        if not counted.reasons or self._looks >= LONG:
            self._missing = counted
        health = together([self._missing, self.own(), *map(_named, self._workers)])
        if frozenset(health.marks) != self._noted:
            self._noted = frozenset(health.marks)
            for changed in self._lasting:
                changed(health)


def _named(worker: Worker) -> Health:
    """Give how a worker fares, with its number where that is its own matter."""
    by = f"worker {worker.number}: "
    return Health(
        tuple(
            reason._replace(text=by + reason.text) if reason.word in ONES_OWN else reason
            for reason in worker.health.reasons
        )
    )
