"""The server's end of its delivery agent: a real one, one that dies, and what is none."""

import errno
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, gatherResults
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, globalLogPublisher

from gomail.delivery import line as line_module
from gomail.delivery import process as module
from gomail.delivery.committer import Committer
from gomail.delivery.maildir import Ownership
from gomail.delivery.process import DeliveryProcess
from gomail.delivery.program import command
from gomail.reply import Refused
from tests.delivery.bench import STORED, deposit, left_over, maildirs, messages
from tests.delivery.hiring import agents, store, the_reactor, until

Hire = Callable[..., DeliveryProcess]


@pytest_twisted.async_yield_fixture
async def hire() -> AsyncIterator[Hire]:
    """Hire agents, which are let go with the test."""
    hired: list[DeliveryProcess] = []

    def hire(*arguments: str) -> DeliveryProcess:
        process = DeliveryProcess(the_reactor(), the_reactor(), arguments or command())
        process.start()
        hired.append(process)
        return process

    yield hire
    for process in hired:
        process.kill()  # it may have been stopped
        await process.stop()


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What is logged meanwhile."""
    said: list[str] = []

    def observe(event: dict[str, object]) -> None:
        said.append(str(event.get("why")))

    observer = cast("ILogObserver", observe)
    globalLogPublisher.addObserver(observer)
    yield said
    globalLogPublisher.removeObserver(observer)


@pytest_twisted.ensureDeferred
async def test_agent_stores_what_it_is_given(tmp_path: Path, hire: Hire) -> None:
    """Each deposit comes back with its names; more than a batch wait for one another."""
    one, two = maildirs(tmp_path, "one", "two")
    process = hire()
    await until(lambda: process.ready)
    assert process.batch is None
    deposits = [deposit(one, two) for _ in range(100)]
    done = [store(process, each) for each in deposits]
    before = process.batch
    assert before is not None
    assert await gatherResults(done) == deposits
    assert process.batch is None
    assert all(len(each.stored) == 2 for each in deposits)
    assert messages(one) == messages(two) == [STORED] * 100
    await process.stop()
    assert left_over(one) == left_over(two) == []


@pytest_twisted.ensureDeferred
async def test_batch_stays_the_same_while_nothing_is_heard(tmp_path: Path, hire: Hire) -> None:
    """So the watch over the server sees a disk that hangs, and one that does not."""
    (one,) = maildirs(tmp_path, "one")
    process = hire()
    await until(lambda: process.ready)
    first = store(process, deposit(one))
    before = process.batch
    second = store(process, deposit(one))
    assert before is not None
    assert process.batch == before
    await first
    await second
    assert process.batch is None


@pytest_twisted.ensureDeferred
async def test_what_the_disk_says_comes_back(tmp_path: Path, hire: Hire) -> None:
    """As the error that it was, and at which Maildir."""
    process = hire()
    await until(lambda: process.ready)
    failed = await store(process, deposit(tmp_path / "nowhere"))
    assert failed.error is not None
    assert failed.error.errno == errno.ENOENT
    assert failed.at == str(tmp_path / "nowhere")
    assert failed.stored == ()


@pytest_twisted.ensureDeferred
async def test_stopping_stores_what_waits(tmp_path: Path, hire: Hire) -> None:
    """Whatever was asked for is done before the agent goes; and another one may be hired."""
    (one,) = maildirs(tmp_path, "one")
    process = hire()
    await until(lambda: process.ready)
    done = [store(process, deposit(one)) for _ in range(150)]
    await process.stop()
    assert not process.ready
    assert all(each.called for each in done)
    assert messages(one) == [STORED] * 150
    assert agents() == []
    process.start()
    await until(lambda: process.ready)
    await store(process, deposit(one))
    assert len(messages(one)) == 151


@pytest_twisted.ensureDeferred
async def test_agent_stores_for_those_who_share_a_mailbox(tmp_path: Path, hire: Hire) -> None:
    """A message is its group's as one is that the server stores itself."""
    shared = Ownership(os.getgid())
    (one,) = maildirs(tmp_path, "one", ownership=shared)
    process = hire()
    await until(lambda: process.ready)
    done = await store(process, deposit(one, ownership=shared))
    assert (one / "new" / done.stored[0]).stat().st_mode & 0o7777 == 0o660


@pytest_twisted.ensureDeferred
async def test_r19_dead_agent_is_followed_by_another(
    tmp_path: Path, hire: Hire, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had to do is known to nobody: an error of the system, and the sender comes again."""
    monkeypatch.setattr(module, "REST", 0.01)
    (one,) = maildirs(tmp_path, "one")
    process = hire()
    await until(lambda: process.ready)
    (pid,) = agents()
    os.kill(pid, signal.SIGSTOP)
    done = [store(process, deposit(one)) for _ in range(100)]
    os.kill(pid, signal.SIGKILL)
    for each in done:
        with pytest.raises(Refused, match="the delivery agent died"):
            await each
    assert "signal 9" in warnings[0]
    await until(lambda: process.ready)
    (second,) = agents()
    assert second != pid
    assert (await store(process, deposit(one))).error is None


@pytest_twisted.ensureDeferred
async def test_what_was_given_up_before_it_went_out_never_does(tmp_path: Path, hire: Hire) -> None:
    """The rest of the queue goes on."""
    (one,) = maildirs(tmp_path, "one")
    process = hire()
    await until(lambda: process.ready)
    done = [store(process, deposit(one)) for _ in range(100)]
    done[0].cancel()  # away already: it is stored, or not, and nobody hears of it
    done[99].cancel()
    for each in (done[0], done[99]):
        with pytest.raises(CancelledError):
            await each
    await gatherResults(done[1:99])
    await process.stop()
    assert len(messages(one)) in {98, 99}


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("/nowhere/python",), "No such file or directory"),
        (("/bin/sh", "-c", "echo no agent here >&2"), "no agent here"),
        (("/bin/sh", "-c", "exec sleep 1000 >&-"), "it let go of its pipes"),
        (("/bin/sh", "-c", "exec sleep 1000"), "no word of it in 0 s"),
    ],
)
async def test_what_is_no_agent_is_never_given_anything(
    hire: Hire,
    warnings: list[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    why: str,
) -> None:
    """It is tried again, later each time, and what it said is logged."""
    monkeypatch.setattr(line_module, "START_TIME", 0.2)
    monkeypatch.setattr(line_module, "END_TIME", 0.2)
    monkeypatch.setattr(module, "REST", 0.01)
    process = hire(*words)
    await until(lambda: len(warnings) == 3)
    assert not process.ready
    assert all(why in each for each in warnings)
    await process.stop()


@pytest_twisted.ensureDeferred
async def test_r21_system_without_room_for_a_process_has_none(
    hire: Hire, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it can't be started is no reason not to serve."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    with monkeypatch.context() as patched:
        patched.setattr(the_reactor(), "spawnProcess", full)
        process = hire()
    assert not process.ready
    assert warnings == ["[Errno 11] Resource temporarily unavailable"]
    await process.stop()


@pytest_twisted.ensureDeferred
async def test_agent_that_nobody_waits_for_is_ended(tmp_path: Path, hire: Hire) -> None:
    """A stop takes its time at most: an agent that hangs must not deliver behind it."""
    (one,) = maildirs(tmp_path, "one")
    reactor = the_reactor()
    process = hire()
    committer = Committer(reactor, agent=process)
    await until(lambda: process.ready)
    os.kill(agents()[0], signal.SIGSTOP)
    deferred = committer.commit(deposit(one))
    stopped = committer.stop()
    await deferLater(reactor, 0.05)
    assert not stopped.called
    committer.abandon()
    await stopped
    with pytest.raises(Refused):
        await deferred
    assert messages(one) == []
    committer.abandon()  # there is none by now
    Committer(reactor).abandon()


@pytest_twisted.ensureDeferred
async def test_committer_has_its_agent_store_what_is_in_memory(tmp_path: Path) -> None:
    """The thread stores what is spooled, and whatever comes while there is no agent."""
    (one,) = maildirs(tmp_path, "one")
    reactor = the_reactor()
    process = DeliveryProcess(reactor, reactor, command())
    committer = Committer(reactor, agent=process)
    assert committer.record is process.record
    early = await committer.commit(deposit(one))
    committer.start()
    await until(lambda: process.ready)
    assert committer.batch is None
    small = committer.commit(deposit(one))
    assert committer.batch is None
    assert process.batch is not None
    big = committer.commit(deposit(one, spooled=True))
    names = [name for each in (early, await small, await big) for name in each.stored]
    pids = [f"P{os.getpid()}Q" in name for name in names]
    assert pids == [True, False, True]
    await committer.stop()
    assert not process.ready
    late = await committer.commit(deposit(one))
    assert f"P{os.getpid()}Q" in late.stored[0]
    await committer.stop()
    assert messages(one) == [STORED] * 4
