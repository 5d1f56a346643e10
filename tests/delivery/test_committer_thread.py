"""The committer's thread: begun with the first job, ended behind the last, or dead."""

import threading
import time
from pathlib import Path
from queue import Empty
from typing import Any, cast

import pytest

from gomail.delivery import committer as module
from gomail.delivery import deposit as deposit_module
from gomail.delivery.committer import Committer
from gomail.delivery.syncing import ByFiles
from tests.delivery.bench import STORED, Bench, deposit, fail, left_over, messages, workers
from tests.patience import PATIENCE


def test_start_is_that_of_an_agent(bench: Bench) -> None:
    """Where there is none, nothing has to be started before the first job."""
    bench.committer.start()
    assert workers() == []


def test_job_that_fails_ends_no_thread(bench: Bench) -> None:
    """A mistake in a job is told to whoever asked, and the next one is done."""
    with pytest.raises(ZeroDivisionError):
        bench.wait(bench.committer.run(fail))
    with pytest.raises(SystemExit):
        bench.wait(bench.committer.run(exit))
    assert bench.wait(bench.committer.run(int, "7")) == 7
    assert len(workers()) == 1


def test_thread_keeps_no_process_alive_and_lets_all_go(one: Path) -> None:
    """One that hangs on its disk is left behind; one that ends closes what syncing has open."""

    class Noted(ByFiles):
        closed = 0

        def close(self) -> None:
            super().close()
            self.closed += 1

    bench, syncing = Bench(), Noted()
    bench.committer = Committer(bench.backdoor, syncing)  # type: ignore[arg-type]  # a short one
    bench.wait(bench.committer.commit(deposit(one)))
    assert [thread.daemon for thread in workers()] == [True]
    assert syncing.closed == 0
    bench.close()
    assert syncing.closed == 1


def test_thread_starts_with_the_first_job(bench: Bench) -> None:
    """A committer that nobody asks for anything has no thread, and stops at once."""
    assert workers() == []
    assert bench.committer.stop().called
    bench.wait(bench.committer.run(int))
    assert len(workers()) == 1


def test_r17_stop_does_what_was_asked_for(bench: Bench, one: Path) -> None:
    """A server that is told to stop stores what it has, and leaves nothing in tmp/."""
    with bench.busy():
        done = [bench.committer.commit(deposit(one)) for _ in range(100)]
        stopped = bench.committer.stop()
    bench.wait(stopped)
    assert all(each.called for each in done)
    assert messages(one) == [STORED] * 100
    assert left_over(one) == []


def test_r17_all_who_stop_it_wait_for_its_end(bench: Bench, one: Path) -> None:
    """A server that is stopped twice has not stopped for the second caller before the first."""
    with bench.busy():
        stored = bench.committer.commit(deposit(one))
        first, second = bench.committer.stop(), bench.committer.stop()
        assert not second.called
    bench.wait(second)
    assert stored.called
    assert first.called
    assert bench.committer.stop().called


def test_r17_stop_waits_for_the_tidying(
    bench: Bench, one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends when it is told so leaves no second names in tmp/."""
    may_tidy = threading.Event()
    real = deposit_module.tidy
    monkeypatch.setattr(module, "tidy", lambda *a: (may_tidy.wait(PATIENCE), real(*a)))
    stored = bench.committer.commit(deposit(one))
    stopped = bench.committer.stop()
    bench.wait(stored)
    assert not stopped.called
    may_tidy.set()
    bench.wait(stopped)
    assert left_over(one) == []


def test_committer_starts_again_after_a_stop(bench: Bench, one: Path) -> None:
    """Stopping is no end: the next job has a thread, and no thread is left over."""
    for _ in range(5):
        bench.wait(bench.committer.commit(deposit(one)))
        threads = workers()
        bench.wait(bench.committer.stop())
        for thread in threads:
            thread.join(PATIENCE)
        assert workers() == []
    assert messages(one) == [STORED] * 5


def test_job_after_a_stop_waits_for_those_before(bench: Bench) -> None:
    """Two threads never work at once: what was asked for before is done first."""
    order: list[int] = []
    with bench.busy():
        first = bench.committer.run(order.append, 1)
        stopped = bench.committer.stop()
        second = bench.committer.run(order.append, 2)
        with pytest.raises(Empty):
            bench.backdoor.calls.get(timeout=0.05)
    for done in (first, stopped, second):
        bench.wait(done)
    assert order == [1, 2]
    bench.close()
    for thread in workers():
        thread.join(PATIENCE)
    assert workers() == []


def test_r21_thread_that_cannot_start_is_tried_again(
    bench: Bench, one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is out of threads for a moment costs the mail of that moment alone."""

    def fail(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("gomail.delivery.committer.Thread.start", fail)
        with pytest.raises(RuntimeError):
            bench.committer.commit(deposit(one))
    bench.wait(bench.committer.commit(deposit(one)))
    assert messages(one) == [STORED]


def test_batch_that_is_worked_off_can_be_seen(bench: Bench) -> None:
    """Who looks from outside sees whether the disk gets on: each batch has a number of its own."""
    committer = bench.committer
    assert committer.batch is None
    first = bench.wait(committer.run(lambda: committer.batch))
    second = bench.wait(committer.run(lambda: committer.batch))
    assert first is not None
    assert second == first + 1
    bench.wait(committer.stop())
    assert committer.batch is None


def test_thread_is_alive_until_it_dies(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that a fault of ours has ended is told from one that is not needed."""
    died = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: died.set())
    committer = Committer(cast("Any", bench.backdoor))
    assert committer.alive
    bench.wait(committer.run(int))
    assert committer.alive
    monkeypatch.setattr(module, "_next_batch", lambda _: fail())
    bench.wait(committer.run(int))
    for worker in workers():
        worker.join(PATIENCE)
    assert died.wait(PATIENCE)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:  # one that has just left the list is alive for a moment still
        if not committer.alive:
            break
        time.sleep(0.001)
    assert not committer.alive
