"""How an agent is begun again, what it has at once, and what is written down of its batches."""

import errno
import gc
import os
import resource
import signal
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, gatherResults, succeed
from twisted.internet.interfaces import IReactorProcess, IReactorTime
from twisted.internet.task import Clock, deferLater

from gomail.delivery.agent import PIPE
from gomail.delivery.process import LONGEST_REST, MOST_COPIES, REST, DeliveryProcess
from gomail.delivery.program import command
from gomail.reply import LOCAL_ERROR, Refused
from tests.delivery.bench import deposit, maildirs, messages
from tests.delivery.hiring import agents, store, the_reactor, until

pytestmark = pytest.mark.usefixtures("nothing_raises")


class Full:
    """A system without room for a process."""

    def __init__(self) -> None:
        self.asked = 0

    def spawnProcess(self, *_: object, **__: object) -> None:
        """Have none."""
        self.asked += 1
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def test_each_rest_is_twice_as_long_until_it_is_five_minutes() -> None:
    """Nobody starts agents all day long that can't be."""
    clock, full = Clock(), Full()
    process = DeliveryProcess(
        cast("IReactorProcess", full), cast("IReactorTime", clock), ["/nowhere/python"]
    )
    process.start()
    rests = []
    for number in range(1, 12):
        assert full.asked == number
        (start,) = clock.getDelayedCalls()
        rests.append(start.getTime() - clock.seconds())
        clock.advance(rests[-1])
    assert rests == [REST * 2**number for number in range(9)] + [LONGEST_REST] * 2
    assert LONGEST_REST == 300
    assert process.stop().called
    assert clock.getDelayedCalls() == []
    assert process.stop().called


def test_agent_that_was_never_started_is_let_go_at_once() -> None:
    """A server may stop before it serves."""
    full = cast("IReactorProcess", Full())
    process = DeliveryProcess(full, cast("IReactorTime", Clock()), ["/nowhere/python"])
    process.kill()
    assert process.stop().called
    assert (process.batch, process.places, process.copies) == (None, set(), 0)


@pytest_twisted.async_yield_fixture
async def process() -> AsyncIterator[DeliveryProcess]:
    """One with an agent that is ready; its clock stands."""
    process = DeliveryProcess(the_reactor(), cast("IReactorTime", Clock()), command())
    process.start()
    await until(lambda: process.ready)
    yield process
    process.kill()  # it may have been stopped
    await process.stop()


def clock_of(process: DeliveryProcess) -> Clock:
    """Give the clock of a process."""
    return cast("Clock", process._clock)


@pytest_twisted.ensureDeferred
async def test_rest_begins_anew_with_a_first_word(process: DeliveryProcess) -> None:
    """One that dies now and then is followed at once, as the first one that did."""
    clock = clock_of(process)
    for _ in range(2):
        os.kill(agents()[0], signal.SIGKILL)
        await until(lambda: not agents())
        await until(clock.getDelayedCalls)
        (start,) = clock.getDelayedCalls()
        assert start.getTime() - clock.seconds() == REST
        clock.advance(REST)
        await until(lambda: process.ready)


@pytest_twisted.ensureDeferred
async def test_agent_has_the_servers_environment(
    process: DeliveryProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not what systemd says to the server."""
    await process.stop()
    monkeypatch.setenv("SOME", "thing")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/nowhere")
    process.start()
    await until(lambda: process.ready)
    variables = variables_of(agents()[0])
    assert b"SOME=thing" in variables
    assert b"NOTIFY_SOCKET=/run/nowhere" not in variables


def variables_of(pid: int) -> list[bytes]:
    """Give the environment of a process."""
    return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


@pytest_twisted.ensureDeferred
async def test_batch_is_another_one_behind_each_answer(
    tmp_path: Path, process: DeliveryProcess
) -> None:
    """So that a silence ends with it, though there is work all the time."""
    (one,) = maildirs(tmp_path, "one")
    batches = []
    for _ in range(3):
        done = store(process, deposit(one))
        batches.append(process.batch)
        await done
        assert process.batch is None
        await deferLater(the_reactor(), 0)
        assert process.ready, "it is kept"
    assert None not in batches
    assert len(set(batches)) == 3


@pytest_twisted.ensureDeferred
async def test_agent_that_is_let_go_is_given_nothing_more(
    tmp_path: Path, process: DeliveryProcess
) -> None:
    """It does what it has; whoever asks is told to do without."""
    (one,) = maildirs(tmp_path, "one")
    os.kill(agents()[0], signal.SIGSTOP)
    done = store(process, deposit(one))
    stopped = process.stop()
    assert not process.ready
    os.kill(agents()[0], signal.SIGCONT)
    assert (await done).error is None
    assert not process.ready
    await stopped
    assert len(messages(one)) == 1


@pytest_twisted.ensureDeferred
async def test_agent_has_so_many_copies_at_once(tmp_path: Path, process: DeliveryProcess) -> None:
    """Those of all Maildirs count; what is behind them waits here."""
    one, two = maildirs(tmp_path, "one", "two")
    os.kill(agents()[0], signal.SIGSTOP)
    done = [store(process, deposit(one, two)) for _ in range(MOST_COPIES)]
    assert process.copies == MOST_COPIES
    assert process.places == {str(one), str(two)}
    os.kill(agents()[0], signal.SIGCONT)
    await gatherResults(done)
    assert process.copies == 0
    assert process.places == set()
    assert len(messages(one)) == len(messages(two)) == MOST_COPIES


@pytest_twisted.ensureDeferred
async def test_agent_has_so_many_octets_at_once(tmp_path: Path, process: DeliveryProcess) -> None:
    """No more than it can have in memory; a lone message may be as big as it likes."""
    (one,) = maildirs(tmp_path, "one")
    os.kill(agents()[0], signal.SIGSTOP)
    sizes = [PIPE // 2, PIPE // 2 - 1, 1, PIPE + 1, 1]
    copies = []
    done = []
    for size in sizes:
        done.append(process.store(deposit(one), bytes(size)))
        copies.append(process.copies)
    assert copies == [1, 2, 3, 3, 3]
    os.kill(agents()[0], signal.SIGCONT)
    await gatherResults(done[:3])
    await gatherResults(done)
    os.kill(agents()[0], signal.SIGSTOP)
    again = [process.store(deposit(one), bytes(size)) for size in (PIPE, 1)]
    assert process.copies == 1
    os.kill(agents()[0], signal.SIGCONT)
    await gatherResults(again)
    sizes = sorted(len(each) for each in messages(one))
    trace = sizes[0] - 1
    assert sizes == [trace + size for size in (1, 1, 1, PIPE // 2 - 1, PIPE // 2, PIPE, PIPE + 1)]


@pytest_twisted.ensureDeferred
async def test_next_agent_has_as_much_as_the_dead_one(
    tmp_path: Path, process: DeliveryProcess
) -> None:
    """Nothing of what was lost with that counts any more."""
    (one,) = maildirs(tmp_path, "one")
    os.kill(agents()[0], signal.SIGSTOP)
    lost = [process.store(deposit(one), bytes(PIPE)) for _ in range(2)]
    os.kill(agents()[0], signal.SIGKILL)
    for each in lost:
        with pytest.raises(Refused, match="the delivery agent died"):
            await each
    await until(lambda: not agents())
    clock_of(process).advance(REST)
    await until(lambda: process.ready)
    os.kill(agents()[0], signal.SIGSTOP)
    done = [process.store(deposit(one), bytes(size)) for size in (PIPE - 1, 1, 1)]
    assert process.copies == 2
    os.kill(agents()[0], signal.SIGCONT)
    await gatherResults(done)


@pytest_twisted.ensureDeferred
async def test_what_was_stored_without_an_agent_is_forgotten(
    tmp_path: Path, process: DeliveryProcess
) -> None:
    """A server whose agents die now and then does not grow by that."""
    (one,) = maildirs(tmp_path, "one")
    process.otherwise = succeed
    os.kill(agents()[0], signal.SIGSTOP)
    done = [store(process, deposit(one)) for _ in range(MOST_COPIES + 1)]
    last = done.pop()
    kept = weakref.ref(last)
    os.kill(agents()[0], signal.SIGKILL)
    assert (await last).error is None
    for each in done:
        with pytest.raises(Refused, match="the delivery agent died") as refused:
            await each
        assert refused.value.reply == LOCAL_ERROR
    await deferLater(the_reactor(), 0)
    del last
    gc.collect()
    assert kept() is None


@pytest_twisted.ensureDeferred
async def test_what_is_given_up_is_taken_out_of_the_midst(
    tmp_path: Path, process: DeliveryProcess
) -> None:
    """Whatever waits before and behind it is stored."""
    (one,) = maildirs(tmp_path, "one")
    os.kill(agents()[0], signal.SIGSTOP)
    done = [store(process, deposit(one)) for _ in range(MOST_COPIES + 3)]
    given_up = done.pop(MOST_COPIES + 1)
    given_up.cancel()
    os.kill(agents()[0], signal.SIGCONT)
    with pytest.raises(CancelledError):
        await given_up
    stored = await gatherResults(done)
    assert len({name for each in stored for name in each.stored}) == MOST_COPIES + 2
    assert len(messages(one)) == MOST_COPIES + 2


@pytest_twisted.ensureDeferred
async def test_batches_are_written_down(tmp_path: Path, process: DeliveryProcess) -> None:
    """How long each took, from when its first message was asked for; and what was stored of it."""
    (one,) = maildirs(tmp_path, "one")
    told: list[float] = []
    process.record.listeners = (told.append,)
    process.record.fail(OSError(errno.EIO, "Input/output error"), str(one))
    os.kill(agents()[0], signal.SIGSTOP)
    done = store(process, deposit(tmp_path / "gone"))
    await deferLater(the_reactor(), 0.1)
    os.kill(agents()[0], signal.SIGCONT)
    assert (await done).error is not None
    await deferLater(the_reactor(), 0)
    assert not process.record.stored, "nothing of it was"
    assert 0.1 <= process.record.take_slowest() < 60
    assert (process.record.faults, len(told)) == (1, 1)
    done = store(process, deposit(tmp_path / "gone"))
    assert (await store(process, deposit(one))).error is None
    await done
    await deferLater(the_reactor(), 0)
    assert process.record.stored
    assert 0 < process.record.take_slowest() < 60


@pytest_twisted.ensureDeferred
async def test_r21_what_is_the_matter_with_the_system_is_written_down(
    tmp_path: Path, process: DeliveryProcess
) -> None:
    """With the Maildir at which it was said."""
    (one,) = maildirs(tmp_path, "one")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(agents()[0], resource.RLIMIT_NOFILE, (3, most))
    assert (await store(process, deposit(one))).error is not None
    assert process.record.fault == f"{one}: Too many open files"
    assert process.record.at == str(one)
