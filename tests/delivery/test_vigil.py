"""The watch over those who store: real ones, on a disk that fails."""

import errno
import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.task import deferLater

from gomail.delivery.committer import Committer
from gomail.delivery.process import DeliveryProcess
from gomail.delivery.program import command
from gomail.delivery.silence import ASKED_AFTER, ENDED_AFTER, TOLD_AFTER
from gomail.delivery.vigil import REMEMBERED, TRIED_EVERY, Vigil
from gomail.health import Storing
from gomail.reply import Refused
from tests.delivery.bench import Bench, deposit
from tests.delivery.hiring import agents, the_reactor, until
from tests.delivery.watched import Recorder
from tests.system.running import until as wait_until

BEAT = 1.0
QUIET = Storing()


@pytest.fixture
def vigil(bench: Bench) -> Vigil:
    """The watch over a thread."""
    return Vigil(bench.backdoor, bench.committer, None)  # type: ignore[arg-type]  # it calls back


def times(vigil: Vigil, seconds: float) -> Storing:
    """Look once a second, and give what was seen last."""
    for _ in range(int(seconds) - 1):
        vigil.look(BEAT)
    return vigil.look(BEAT)


def stored(bench: Bench, maildir: Path) -> None:
    """Give the thread a message to store, and wait until it has nothing more to do."""
    bench.wait(bench.committer.commit(deposit(maildir)))
    at_rest(bench)


def at_rest(bench: Bench) -> None:
    """Wait until the thread has nothing to do: it tells what it has done a little sooner."""
    wait_until(lambda: bench.committer.batch is None, "the batch does not end")


def test_nobody_has_anything_to_do(vigil: Vigil) -> None:
    """And nothing is the matter."""
    assert times(vigil, 100) == QUIET


def test_slowest_batch_is_seen_once(bench: Bench, vigil: Vigil, one: Path) -> None:
    """It was stored."""
    stored(bench, one)
    seen = vigil.look(BEAT)
    assert seen.latency > 0
    assert seen == QUIET._replace(latency=seen.latency)
    assert vigil.look(BEAT) == QUIET


def test_r10_batch_that_does_not_end_is_seen(bench: Bench, vigil: Vigil) -> None:
    """For as long as it lasts."""
    with bench.busy():
        assert times(vigil, 71).silence == 70
        assert vigil.look(BEAT) == QUIET._replace(silence=71)
    at_rest(bench)
    assert times(vigil, 2).silence == 0


def test_dead_thread_is_seen(vigil: Vigil, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody stores any more."""
    with monkeypatch.context() as patched:
        patched.setattr(Committer, "alive", property(lambda _: False))
        assert not vigil.look(BEAT).alive
    assert vigil.look(BEAT).alive


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A disk that can be broken."""
    return Recorder(monkeypatch, tmp_path)


@pytest.fixture
def broken(bench: Bench, vigil: Vigil, one: Path, recorder: Recorder) -> Storing:
    """What is seen behind a message that a broken disk did not store."""
    recorder.fail("fsync", ".*", errno.EIO)
    stored(bench, one)
    return vigil.look(BEAT)


def test_r4_failed_fsync_is_seen_until_something_is_stored(
    bench: Bench, vigil: Vigil, one: Path, recorder: Recorder, broken: Storing
) -> None:
    """And for a minute, that it has been so."""
    assert (broken.fault, broken.stored) == (f"{one}: Input/output error", False)
    assert not times(vigil, 5).stored
    recorder.answers.clear()
    stored(bench, one)
    later = times(vigil, REMEMBERED - 6)
    assert (later.fault, later.stored) == (broken.fault, True)
    assert vigil.look(BEAT) == QUIET


@pytest.mark.usefixtures("broken")
def test_r4_each_fault_counts_anew(bench: Bench, vigil: Vigil, one: Path) -> None:
    """The minute is that of the last one."""
    times(vigil, 10)
    stored(bench, one)
    assert bench.committer.record.faults == 2
    bench.committer.record.stored = True
    assert times(vigil, REMEMBERED).fault
    assert not vigil.look(BEAT).fault


@pytest.mark.usefixtures("broken")
def test_disk_that_is_well_again_is_found_out_without_mail(
    bench: Bench, vigil: Vigil, recorder: Recorder
) -> None:
    """A server without visitors does not fail for ever."""
    assert not times(vigil, TRIED_EVERY).stored
    bench.backdoor.pump()
    assert not vigil.look(BEAT).stored, "it has answered that it is broken"
    recorder.answers.clear()
    times(vigil, TRIED_EVERY)
    bench.backdoor.pump()
    assert vigil.look(BEAT).stored


@pytest.mark.usefixtures("broken")
def test_disk_that_has_failed_is_tried_now_and_then(bench: Bench, vigil: Vigil) -> None:
    """Once in each quarter of a minute, not with each look."""
    tried = []
    for second in range(1, 61):
        vigil.look(BEAT)
        if vigil._probe._asking:
            bench.backdoor.pump()
            tried.append(second)
    assert tried == [15, 30, 45, 60]


@pytest.mark.usefixtures("broken")
def test_disk_that_fails_while_it_is_tried_is_no_sound_one(
    bench: Bench, vigil: Vigil, one: Path, recorder: Recorder
) -> None:
    """A message has the last word."""
    recorder.answers.clear()
    times(vigil, TRIED_EVERY)
    bench.committer.record.fail(OSError(errno.EIO, "Input/output error"), str(one))
    bench.backdoor.pump()
    assert not vigil.look(BEAT).stored


def test_message_that_was_given_up_says_nothing_of_the_disk(
    bench: Bench, vigil: Vigil, one: Path
) -> None:
    """Its session was."""
    with bench.busy():
        given_up: Any = bench.committer.commit(deposit(one))
        given_up.addErrback(lambda _: None)
        given_up.cancel()
    bench.wait(bench.committer.run(int))
    assert vigil.look(BEAT).fault == ""


@pytest_twisted.ensureDeferred
async def test_agent_is_watched_as_well(one: Path) -> None:
    """What is the matter with it, or with the disk behind it, is seen with the rest."""
    reactor = the_reactor()
    process = DeliveryProcess(reactor, reactor, command())
    committer = Committer(reactor, agent=process)
    vigil = Vigil(reactor, committer, process)
    assert times(vigil, 3) == QUIET._replace(agent_missing=3)
    committer.start()
    await until(lambda: process.ready)
    assert (await committer.commit(deposit(one))).error is None
    await deferLater(reactor, 0)  # the batch is written down behind its messages
    seen = vigil.look(BEAT)
    assert seen.latency > 0
    assert seen == QUIET._replace(latency=seen.latency)
    os.kill(agents()[0], signal.SIGSTOP)
    waiting = committer.commit(deposit(one))
    assert times(vigil, ASKED_AFTER) == QUIET._replace(silence=ASKED_AFTER - 1)
    vigil.look(BEAT)
    agent = vigil._agent
    assert agent is not None
    await until(lambda: agent._took is not None)
    agent._took = 0.01
    told = times(vigil, TOLD_AFTER - ASKED_AFTER)
    assert told == QUIET._replace(agent_silence=TOLD_AFTER)
    agent._took = ENDED_AFTER
    seen = vigil.look(BEAT)
    assert seen == QUIET._replace(latency=TOLD_AFTER + 1)
    committer.abandon()
    with pytest.raises(Refused):
        await waiting
    await committer.stop()


@pytest_twisted.ensureDeferred
async def test_r4_disk_that_is_found_broken_while_the_agent_is_silent_is_seen(
    one: Path, recorder: Recorder
) -> None:
    """That it hangs there says nothing of why; the disk does, when it is asked."""
    reactor = the_reactor()
    process = DeliveryProcess(reactor, reactor, command())
    committer = Committer(reactor, agent=process)
    vigil = Vigil(reactor, committer, process)
    committer.start()
    await until(lambda: process.ready)
    os.kill(agents()[0], signal.SIGSTOP)
    waiting = committer.commit(deposit(one))
    recorder.fail("fsync", ".*", errno.EIO)
    times(vigil, ASKED_AFTER + 1)
    await until(lambda: committer.record.faults)
    seen = vigil.look(BEAT)
    assert (seen.fault, seen.stored) == (f"{one}: Input/output error", False)
    committer.abandon()
    with pytest.raises(Refused):
        await waiting
    await committer.stop()


@pytest_twisted.ensureDeferred
async def test_r4_what_the_agent_could_not_store_is_seen(one: Path) -> None:
    """The thread's record is its record as well; a mailbox that is gone is its own affair."""
    reactor = the_reactor()
    process = DeliveryProcess(reactor, reactor, command())
    committer = Committer(reactor, agent=process)
    vigil = Vigil(reactor, committer, process)
    committer.start()
    await until(lambda: process.ready)
    gone = await committer.commit(deposit(one.with_name("gone")))
    assert gone.error is not None
    assert vigil.look(BEAT).fault == ""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    (pid,) = agents()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, most))
    assert (await committer.commit(deposit(one))).error is not None
    seen = vigil.look(BEAT)
    assert (seen.fault, seen.stored) == (f"{one}: Too many open files", False)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
    assert (await committer.commit(deposit(one))).error is None
    await deferLater(reactor, 0)
    assert vigil.look(BEAT).stored
    await committer.stop()
