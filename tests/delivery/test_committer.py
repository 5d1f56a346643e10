"""The thread that touches the disk: what is asked for is done, in order, together, and told."""

import errno
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import ILogObserver, globalLogPublisher

from gomail.delivery import committer as module
from gomail.delivery import deposit as deposit_module
from gomail.delivery.committer import LARGEST_BATCH
from gomail.delivery.deposit import Deposit, Folders
from gomail.delivery.syncing import Syncing
from tests.delivery.bench import (
    STORED,
    Bench,
    deposit,
    fail,
    left_over,
    maildirs,
    messages,
    no_file_left_open,
)
from tests.patience import PATIENCE


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches, as they are done."""
    sizes: list[int] = []
    real = deposit_module.make_durable

    def make_durable(batch: Iterable[Deposit], folders: Folders, syncing: Syncing) -> None:
        deposits = list(batch)
        if deposits:
            sizes.append(len(deposits))
        real(deposits, folders, syncing)

    monkeypatch.setattr(module, "make_durable", make_durable)
    return sizes


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged meanwhile."""
    events: list[Any] = []
    observer = cast("ILogObserver", events.append)
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


def test_function_runs_off_the_reactor(bench: Bench) -> None:
    """What blocks runs in the committer's thread, and its result comes back."""
    assert bench.wait(bench.committer.run(lambda a, b: a + b, 1, 2)) == 3
    name = bench.wait(bench.committer.run(lambda: threading.current_thread().name))
    assert name == "gomail committer"


def test_functions_run_in_the_order_of_the_calls(bench: Bench) -> None:
    """Pieces of a spool file are written one behind the other."""
    order: list[int] = []
    with bench.busy():
        done = [bench.committer.run(order.append, number) for number in range(200)]
    for each in done:
        bench.wait(each)
    assert order == list(range(200))


def test_lone_deposit_waits_for_no_company(bench: Bench, one: Path, batches: list[int]) -> None:
    """A message that comes alone is stored at once, and answered with no second one."""
    lone = deposit(one)
    assert bench.wait(bench.committer.commit(lone)) is lone
    assert lone.stored == tuple(path.name for path in (one / "new").iterdir())
    assert batches == [1]


def test_all_that_wait_are_stored_together(bench: Bench, one: Path, batches: list[int]) -> None:
    """The more messages come, the more of them share a write to the disk: 64 at most."""
    with no_file_left_open():
        with bench.busy():
            done = [bench.committer.commit(deposit(one)) for _ in range(LARGEST_BATCH + 36)]
        for each in done:
            assert len(bench.wait(each).stored) == 1
        bench.wait(bench.committer.run(int))
    assert batches == [64, 36]
    assert messages(one) == [STORED] * 100
    assert left_over(one) == []


def test_batch_is_measured_in_copies(
    bench: Bench, tmp_path: Path, one: Path, batches: list[int]
) -> None:
    """Messages to many mailboxes have many files open: few of them share a batch."""
    many = maildirs(tmp_path, *(f"m{number}" for number in range(40)))
    with bench.busy():
        done = [bench.committer.commit(deposit(*many)) for _ in range(5)]
        done.append(bench.committer.commit(deposit(one)))
    for each in done:
        assert bench.wait(each).error is None
    assert batches == [2, 2, 2]


def test_results_of_a_batch_come_in_two_calls(bench: Bench, one: Path) -> None:
    """The reactor is woken for the functions of a batch first, since they need no fsync."""
    told: list[int] = []
    with bench.busy():
        for number in range(10):
            done: Deferred[Any] = (
                bench.committer.commit(deposit(one)) if number % 2 else bench.committer.run(int)
            )
            done.addCallback(partial(lambda number, _: told.append(number), number))
    for _ in range(2):
        bench.backdoor.pump()
    assert told == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


def test_content_is_spooled_before_the_deposit_of_the_same_batch(bench: Bench, one: Path) -> None:
    """Octets on their way to the spool file are there when the message is stored."""
    order: list[str] = []
    late = deposit(one)
    write = late.content.write_to

    def write_to(_: object, fd: int, above: bytes) -> int:
        order.append("deposit")
        return write(fd, above)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(late.content), "write_to", write_to)
        with bench.busy():
            done = bench.committer.commit(late)
            bench.committer.run(order.append, "spooled")
        bench.wait(done)
    assert order == ["spooled", "deposit"]


def test_fault_of_ours_is_told_to_the_whole_batch(
    bench: Bench, one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the code be wrong nobody is told 250, nothing is left open, and the thread lives."""
    with no_file_left_open():
        with monkeypatch.context() as patch:
            patch.setattr("gomail.delivery.maildir.Staged.commit", lambda _: fail())
            with bench.busy():
                done = [bench.committer.commit(deposit(one)) for _ in range(2)]
                number = bench.committer.run(int, "7")
            for each in done:
                with pytest.raises(ZeroDivisionError):
                    bench.wait(each)
            assert bench.wait(number) == 7
            bench.wait(bench.committer.run(int))
        assert messages(one) == []
        assert left_over(one) == []
        bench.wait(bench.committer.commit(deposit(one)))
        bench.wait(bench.committer.run(int))
    assert messages(one) == [STORED]


def test_r25_batch_that_breaks_off_is_told_and_the_thread_goes_on(
    bench: Bench, one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should there be no memory even to begin, all who wait hear of it, and the next is stored."""

    def none_left() -> Folders:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(module, "Folders", none_left)
        with bench.busy():
            number = bench.committer.run(int, "7")
            done = [bench.committer.commit(deposit(one)) for _ in range(2)]
        for each in done:
            with pytest.raises(MemoryError):
                bench.wait(each)
        assert bench.wait(number) == 7
    assert bench.committer.alive
    bench.wait(bench.committer.commit(deposit(one)))
    assert messages(one) == [STORED]


def test_fault_in_tidying_up_is_logged(
    bench: Bench, one: Path, monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    """What goes wrong after the reply costs a line in the log."""
    with monkeypatch.context() as patch:
        patch.setattr(module, "tidy", lambda *_: fail())
        assert bench.wait(bench.committer.commit(deposit(one))).error is None
        bench.wait(bench.committer.stop())
    assert logged[0]["log_failure"].type is ZeroDivisionError


def test_deposit_that_nobody_waits_for_is_not_stored(bench: Bench, one: Path) -> None:
    """After a deadline the sender was told 451; the message does not appear then."""
    with bench.busy():
        done = bench.committer.commit(deposit(one))
        done.cancel()
    with pytest.raises(CancelledError):
        bench.wait(done)
    bench.wait(bench.committer.run(int))
    assert messages(one) == []
    assert left_over(one) == []
    assert bench.committer.record.fault == "", "the disk is not to blame"


def test_r4_what_became_of_batches_is_written_down(
    bench: Bench, one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the disk and where it was, that something was stored since, and the time."""
    record = bench.committer.record
    with monkeypatch.context() as patch:
        broken = OSError(errno.EIO, "Input/output error")
        patch.setattr(module, "make_durable", lambda batch, *_: batch[0].fail(str(one), broken))
        bench.wait(bench.committer.commit(deposit(one)))
    assert (record.fault, record.at) == (f"{one}: Input/output error", str(one))
    assert (record.faults, record.stored) == (1, False)
    assert 0 < record.take_slowest() < PATIENCE
    bench.wait(bench.committer.commit(deposit(one)))
    assert (record.faults, record.stored) == (1, True)
    assert 0 < record.take_slowest() < PATIENCE


def test_functions_fill_a_batch_as_deposits_do(bench: Bench) -> None:
    """Each counts for one: so many are done before anybody hears of them, and no more."""
    with bench.busy():
        done = [
            bench.committer.run(lambda: bench.committer.batch) for _ in range(LARGEST_BATCH + 1)
        ]
    batches = [bench.wait(each) for each in done]
    assert batches == [2] * LARGEST_BATCH + [3]


def test_function_that_nobody_waits_for_disturbs_nobody(bench: Bench) -> None:
    """A session that left before the disk answered is not told."""
    with bench.busy():
        done = bench.committer.run(int)
        done.cancel()
    with pytest.raises(CancelledError):
        bench.wait(done)
    assert bench.wait(bench.committer.run(int, "7")) == 7
