"""How all workers fare together, as they said last, and whether there are all of them."""

from collections.abc import Callable, Sequence

from gomail.health import Health, Reason, State, together
from gomail.server.judgement import THREAD_ENDED
from gomail.server.workers.leaving import Leaving
from gomail.server.workers.worker import Worker


class Wellbeing:
    """
    How a crew fares.

    Args:
        workers: those that there are.
        leaving: those of the parent whose place we have taken.

    Attributes:
        wanted: how many there are to be.
    """

    def __init__(self, workers: Sequence[Worker], leaving: Leaving) -> None:
        self.wanted = 0
        self._workers = workers
        self._leaving = leaving
        self._known: tuple[str, ...] = ()  # the reasons that were told
        self._told: list[Callable[[Health], None]] = []

    @property
    def alive(self) -> bool:
        """Whether somebody serves whose mail can be stored, or nobody of ours is needed yet."""
        return bool(self._leaving) or any(
            worker.ready and THREAD_ENDED not in worker.health.words for worker in self._workers
        )

    @property
    def health(self) -> Health:
        """What is the matter with any of them, or with all."""
        serving = sum(worker.ready for worker in self._workers)
        text = f"{serving} of {self.wanted} workers serve"
        state = State.DEGRADED if serving else State.FAILING
        missing = Health((Reason("workers-missing", state, text),))
        healths = [worker.health for worker in self._workers]
        return together(healths if serving == self.wanted else [missing, *healths])

    def tell(self, changed: Callable[[Health], None]) -> None:
        """Have *changed* called when that is another."""
        self._told.append(changed)

    def look(self) -> None:
        """See whether it is another: once a second."""
        health = self.health
        if health.words != self._known:
            self._known = health.words
            for changed in self._told:
                changed(health)
