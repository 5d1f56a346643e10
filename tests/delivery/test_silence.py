"""An agent that says nothing, and whose fault that is: a real agent, that is stopped."""

import errno
import os
import signal
from pathlib import Path
from threading import Event

import pytest
import pytest_twisted

from gomail.delivery.silence import (
    ASKED_AFTER,
    ASKED_EVERY,
    ENDED_AFTER,
    TOLD_AFTER,
    Silence,
)
from gomail.reply import Refused
from tests.delivery.bench import deposit, messages
from tests.delivery.hiring import agents, store, until
from tests.delivery.house import House
from tests.delivery.watched import Recorder
from tests.patience import PATIENCE


def test_silence_lasts_while_the_batch_is_the_same() -> None:
    """Each new one begins anew, and where there is none nobody is silent."""
    silence = Silence()
    looks = [(None, 0), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (None, 0), (None, 0), (2, 0)]
    assert [silence.look(batch, 1.0) for batch, _ in looks] == [seconds for _, seconds in looks]


@pytest_twisted.ensureDeferred
async def test_disk_is_not_asked_while_there_is_nothing_to_do(house: House) -> None:
    """Nor before anything has been: nobody waits for it."""
    asked = []
    for _ in range(int(ASKED_EVERY) + 1):
        assert house.look(1) == (0, 0, 0)
        asked.append(house.watch._probe._asking)
    assert not any(asked)


@pytest_twisted.ensureDeferred
async def test_agent_that_hangs_though_the_disk_answers_is_replaced(house: House) -> None:
    """Its messages are 451, as those of one that dies; the next ones are stored by its follower."""
    house.hang(copies=100)
    assert await house.spend(ENDED_AFTER - 1, took=0.01) == (0, 0, ENDED_AFTER - 1)
    assert house.process.ready
    house.look(1)
    assert not house.process.ready
    for each in house.done:
        with pytest.raises(Refused, match="the delivery agent hung"):
            await each
    await until(lambda: house.process.ready)
    assert agents() != [house.pid]
    assert house.look(1) == (0, 0, 0)
    assert (await store(house.process, deposit(house.maildir))).error is None
    assert len(messages(house.maildir)) == 1


@pytest_twisted.ensureDeferred
async def test_agent_that_goes_on_in_time_is_kept(house: House) -> None:
    """What it says ends the silence, and the next one begins anew."""
    house.hang()
    assert (await house.spend(ENDED_AFTER - 1))[2] == ENDED_AFTER - 1
    os.kill(house.pid, signal.SIGCONT)
    assert (await house.done[0]).error is None
    assert house.look(1) == (0, 0, 0)
    house.hang()
    assert house.look(ASKED_AFTER - 1) == (ASKED_AFTER - 1, 0, 0)
    assert agents() == [house.pid]


@pytest_twisted.ensureDeferred
async def test_answer_that_belongs_to_an_earlier_silence_counts_for_nothing(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that took its time then may hang by now."""
    go_on = Event()
    Recorder(monkeypatch, tmp_path).answer("fsync", ".*", lambda *_: go_on.wait(PATIENCE))
    house.hang()
    house.look(ASKED_AFTER)
    os.kill(house.pid, signal.SIGCONT)
    await house.done[0]
    house.hang()
    go_on.set()
    await until(lambda: not house.watch._probe._asking)
    assert house.look(ENDED_AFTER) == (ENDED_AFTER, 0, 0)
    assert agents() == [house.pid]


@pytest_twisted.ensureDeferred
async def test_r10_agent_that_waits_for_a_hanging_disk_is_left_alone(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one would hang there as well."""
    go_on = Event()
    Recorder(monkeypatch, tmp_path).answer("fsync", ".*", lambda *_: go_on.wait(PATIENCE))
    house.hang()
    for _ in range(10):
        house.look(ASKED_AFTER)
    assert house.look(0) == (10 * ASKED_AFTER, 0, 0)
    assert agents() == [house.pid]
    assert house.process.ready
    go_on.set()
    await house.answered()


@pytest_twisted.ensureDeferred
async def test_r9_agent_that_works_for_a_slow_disk_is_left_alone(house: House) -> None:
    """A batch may take as long as all its copies, one after the other, and as long once more."""
    house.hang(copies=20)
    assert await house.spend(60, took=5.0) == (0, 60, 0)
    assert await house.spend(2 * 20 * 5 - 61, took=5.0) == (0, 2 * 20 * 5 - 1, 0)
    assert house.process.ready
    house.look(1)
    assert not house.process.ready


@pytest_twisted.ensureDeferred
async def test_agent_that_hangs_is_told_from_a_slow_disk(house: House) -> None:
    """The disk is asked before anybody is blamed."""
    house.hang()
    assert house.look(ASKED_AFTER - 1) == (ASKED_AFTER - 1, 0, 0)  # it may be either
    house.look(1)
    await house.answered()
    house.watch._took = 0.01
    assert house.look(TOLD_AFTER - ASKED_AFTER - 0.5) == (0, 0, 0)
    assert house.look(0.5) == (0, 0, TOLD_AFTER)


@pytest_twisted.ensureDeferred
async def test_r10_disk_that_comes_to_hang_is_no_fault_of_the_agent(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has answered at first, so it is asked again; one that is slow has the time it took."""
    house.hang()
    house.look(ASKED_AFTER)
    await house.answered()
    go_on = Event()
    Recorder(monkeypatch, tmp_path).answer("fsync", ".*", lambda *_: go_on.wait(PATIENCE))
    house.watch._took = 0.7 * ASKED_EVERY
    house.look(ASKED_EVERY)
    assert house.look(ASKED_EVERY)[0] == 0  # twice as long is not over
    silence = ASKED_AFTER + 3 * ASKED_EVERY
    assert house.look(ASKED_EVERY) == (silence, 0, 0)
    assert house.look(ENDED_AFTER) == (silence + ENDED_AFTER, 0, 0)
    assert house.process.ready
    go_on.set()
    await house.answered()
    assert house.watch._took is not None


@pytest_twisted.ensureDeferred
async def test_r4_disk_that_is_broken_is_written_down_and_asked_again(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the disk that has something the matter with it, so the agent is left alone."""
    recorder = Recorder(monkeypatch, tmp_path)
    recorder.fail("fsync", ".*", errno.EIO)
    house.hang()
    house.look(ASKED_AFTER)
    await house.answered()
    assert house.record.fault == f"{house.maildir}: Input/output error"
    recorder.answers.clear()
    house.look(ASKED_EVERY - 1)
    assert house.look(ENDED_AFTER) == (ASKED_AFTER + ASKED_EVERY - 1 + ENDED_AFTER, 0, 0)
    await house.answered()
    house.look(1)
    assert not house.process.ready


@pytest_twisted.ensureDeferred
async def test_agent_that_is_missing_is_seen(house: House) -> None:
    """For as long as it is."""
    house.look(1)
    assert house.watch.missing == 0
    house.process.ready = False
    house.look(1)
    house.look(1)
    assert house.watch.missing == 2
    house.process.ready = True
    house.look(1)
    assert house.watch.missing == 0
