"""
A few threads that wait for the disk side by side, on behalf of the one that works for it.

What blocks there is all that they do. Several fsyncs under way at once share a commit of the
journal and a flush of the drive's cache, each of which a row of them would wait for in turn.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from queue import SimpleQueue
from threading import Thread

MOST = 3  # more make nothing faster, and contend with the reactor
_SHARE = 2  # steps that are worth waking somebody for

Step = Callable[[], object]


class Helpers:
    """Threads that are hired with the first work that is worth it, and let go by `close`."""

    def __init__(self) -> None:
        """Begin with nobody hired."""
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._hired = 0

    def do(self, steps: Sequence[Step]) -> list[OSError | None]:
        """
        Take every step, and give what the disk said to each: None where it was done.

        Raises:
            Exception: whatever else than OSError a step raises, when all are over.
        """
        outcomes: list[BaseException | None] = [None] * len(steps)
        hands = self._hire(min(MOST, len(steps) // _SHARE - 1)) + 1
        done: SimpleQueue[None] = SimpleQueue()  # of this work: none that broke off counts for it
        for first in range(1, hands):
            self._tasks.put(partial(_help, done, steps, outcomes, first, hands))
        _take(steps, outcomes, 0, hands)
        for _ in range(1, hands):
            done.get()
        return list(_of_the_disk(outcomes))

    def close(self) -> None:
        """Let all go; the next work hires others."""
        for _ in range(self._hired):
            self._tasks.put(None)
        self._tasks, self._hired = SimpleQueue(), 0

    def _hire(self, wanted: int) -> int:
        """Have up to *wanted* helpers, and give how many there are for this work."""
        while self._hired < wanted:
            thread = Thread(target=_work, args=(self._tasks,), name="gomail fsync", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # there may be no more threads: it goes with fewer
                break
            self._hired += 1
        return max(0, min(wanted, self._hired))


def _work(tasks: SimpleQueue[Callable[[], None] | None]) -> None:
    """Do task after task: a helper's own loop."""
    while (task := tasks.get()) is not None:
        task()


def _help(
    done: SimpleQueue[None],
    steps: Sequence[Step],
    outcomes: list[BaseException | None],
    first: int,
    hands: int,
) -> None:
    """Take every step of one hand, and say when that is over."""
    _take(steps, outcomes, first, hands)
    done.put(None)


def _take(
    steps: Sequence[Step], outcomes: list[BaseException | None], first: int, hands: int
) -> None:
    """Take every step of one hand, and write down what it raises."""
    for number in range(first, len(steps), hands):
        try:
            steps[number]()
        except BaseException as error:  # noqa: BLE001 -- the others are still to be taken
            outcomes[number] = error


def _of_the_disk(outcomes: Sequence[BaseException | None]) -> Iterator[OSError | None]:
    """Give the outcomes, unless one is a fault of ours, which is raised."""
    for outcome in outcomes:
        if outcome is not None and not isinstance(outcome, OSError):
            raise outcome
        yield outcome
