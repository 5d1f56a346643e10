"""Threads that wait for the disk side by side: every step is taken, and every fault is told."""

import errno
import signal
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from gomail.delivery import helpers as module
from gomail.delivery.helpers import MOST, Helpers, Step
from tests.patience import PATIENCE

FULL = OSError(errno.ENOSPC, "full")
LIMIT = PATIENCE  # seconds for a test: each waits for other threads, and may never be told


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    """Have a test fail whose helpers never say that they are through."""

    def fail_it(*_: object) -> None:
        pytest.fail(f"helpers are not through after {LIMIT} seconds")

    before = signal.signal(signal.SIGALRM, fail_it)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def helpers() -> Iterator[Helpers]:
    """Helpers, let go in the end."""
    helpers = Helpers()
    yield helpers
    helpers.close()


OTHERS: list[threading.Thread] = []


@pytest.fixture(autouse=True)
def others() -> None:
    """Know which threads are others' business."""
    OTHERS[:] = threading.enumerate()


def hired() -> list[threading.Thread]:
    """Give the threads of helpers that a test has begun and that are alive."""
    named = [each for each in threading.enumerate() if each.name == "gomail fsync"]
    return [each for each in named if each not in OTHERS]


def fail(error: Exception) -> None:
    """Stand for a step that comes to nothing."""
    raise error


def test_every_step_is_taken_once_and_told_in_order(helpers: Helpers) -> None:
    """What the disk says to one file is said of no other."""
    taken: list[int] = []
    for count in (0, 1, 2, 3, 4, 7, 8, 100):
        taken.clear()
        outcomes = helpers.do([partial(taken.append, number) for number in range(count)])
        assert outcomes == [None] * count
        assert sorted(taken) == list(range(count))
    steps = [partial(fail, FULL) if number % 3 == 1 else int for number in range(20)]
    assert helpers.do(steps) == [FULL if number % 3 == 1 else None for number in range(20)]


def test_steps_are_taken_side_by_side(helpers: Helpers) -> None:
    """As many wait at the same time as there are hands."""
    meeting = threading.Barrier(MOST + 1)
    steps = [lambda: meeting.wait(PATIENCE)] * (2 * (MOST + 1))
    assert helpers.do(steps) == [None] * len(steps)
    assert [each.daemon for each in hired()] == [True] * MOST  # one that hangs is left behind


def test_few_steps_wake_nobody(helpers: Helpers) -> None:
    """A lone message is made durable by the thread that has it."""
    threads: list[threading.Thread] = []
    helpers.do([lambda: threads.append(threading.current_thread())] * 3)
    assert threads == [threading.current_thread()] * 3
    assert hired() == []


def test_fault_of_ours_is_raised_when_all_is_over(helpers: Helpers) -> None:
    """A mistake of ours is no word of the disk; nothing goes on behind the back of who hears it."""
    taken: list[int] = []
    steps: list[Step] = [partial(taken.append, number) for number in range(12)]
    steps[5] = partial(fail, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        helpers.do(steps)
    assert len(taken) == 11
    assert helpers.do(steps[:5]) == [None] * 5


def test_r25_work_that_was_broken_off_counts_for_no_other(
    helpers: Helpers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Helpers that are through with it late do not make the next work look done."""
    late, gate = threading.Event(), threading.Event()
    take = module._take

    def break_off(*how: Any) -> None:  # noqa: ANN401 - as it comes
        if how[2] == 0:  # the hand of whoever asked
            raise MemoryError
        take(*how)

    with monkeypatch.context() as patch:
        patch.setattr(module, "_take", break_off)
        with pytest.raises(MemoryError):
            helpers.do([partial(late.wait, PATIENCE)] * 20)
    steps = [partial(gate.wait, PATIENCE) if number % (MOST + 1) else int for number in range(20)]
    late.set()
    threading.Timer(0.1, gate.set).start()
    assert helpers.do(steps) == [None] * 20
    assert gate.is_set()


def test_helpers_that_are_let_go_end_and_others_are_hired(helpers: Helpers) -> None:
    """No thread is left over at a stop; work that comes all the same is done."""
    helpers.do([int] * 20)
    before = hired()
    helpers.close()
    for each in before:
        each.join(PATIENCE)
    assert hired() == []
    assert helpers.do([int] * 20) == [None] * 20
    assert len(hired()) == MOST


def test_r21_work_goes_on_with_fewer_threads(
    helpers: Helpers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread can be started, all is done by the one that is there."""

    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        assert helpers.do([int] * 20) == [None] * 20
    assert hired() == []
