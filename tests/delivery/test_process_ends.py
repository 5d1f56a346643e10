"""An agent that hangs, dies or is let go, seen from the server: nothing is kept, nothing raises."""

import signal
import weakref
from collections.abc import AsyncIterator, Callable
from os import kill
from pathlib import Path
from select import select
from threading import Event, Thread
from typing import Any, cast

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.interfaces import IProcessTransport, IReactorProcess
from twisted.internet.protocol import ProcessProtocol

from gomail.delivery import line as line_module
from gomail.delivery import process as module
from gomail.delivery.committer import Committer
from gomail.delivery.deposit import Deposit
from gomail.delivery.process import MOST_COPIES, DeliveryProcess
from gomail.delivery.program import command
from gomail.reply import Refused
from tests.delivery.bench import deposit, maildirs, messages
from tests.delivery.hiring import agents, store, the_reactor, until
from tests.patience import PATIENCE
from tests.waiting import soon

pytestmark = pytest.mark.usefixtures("nothing_raises")

Waiting = list[Deferred[Deposit]]


@pytest_twisted.async_yield_fixture
async def committer() -> AsyncIterator[Committer]:
    """One with an agent that is ready."""
    process = DeliveryProcess(the_reactor(), the_reactor(), command())
    committer = Committer(the_reactor(), agent=process)
    committer.start()
    await until(lambda: process.ready)
    yield committer
    committer.abandon()  # it may have been stopped
    await committer.stop()


def hung(
    committer: Committer, monkeypatch: pytest.MonkeyPatch, maildir: Path, more: int
) -> tuple[int, Waiting, Waiting]:
    """Have an agent hang with all that it may have, and *more* behind it; give who waits."""
    monkeypatch.setattr(module, "REST", 1000)
    (pid,) = agents()
    kill(pid, signal.SIGSTOP)
    done = [committer.commit(deposit(maildir)) for _ in range(MOST_COPIES + more)]
    return pid, done[:MOST_COPIES], done[MOST_COPIES:]


class Octets(bytearray):
    """Content of which it can be seen whether anybody keeps it."""


class Midwife:
    """Starts agents, and does something whenever the server has been told of one."""

    def __init__(self, told: str, then: Callable[[], object]) -> None:
        """Do *then* behind each call of the protocol's method *told*."""
        self._told = told
        self._then = then
        self.lines: list[ProcessProtocol] = []

    def spawnProcess(
        self,
        protocol: ProcessProtocol,
        *arguments: Any,  # noqa: ANN401 -- whatever the reactor takes
        **details: Any,  # noqa: ANN401 -- as above
    ) -> IProcessTransport:
        """Start one."""
        self.lines.append(protocol)
        tell = getattr(protocol, self._told)

        def told(*what: object) -> None:
            tell(*what)
            self._then()

        setattr(protocol, self._told, told)
        return the_reactor().spawnProcess(protocol, *arguments, **details)


def hired(told: str, then: Callable[[], object]) -> DeliveryProcess:
    """Hire an agent by a midwife."""
    starter = cast("IReactorProcess", Midwife(told, then))
    process = DeliveryProcess(starter, the_reactor(), command())
    process.start()
    return process


@pytest_twisted.ensureDeferred
async def test_r10_hanging_agent_costs_no_memory(tmp_path: Path) -> None:
    """What is given up before it goes out is let go at once: senders come again and again."""
    (one,) = maildirs(tmp_path, "one")
    process = DeliveryProcess(the_reactor(), the_reactor(), command())
    process.start()
    await until(lambda: process.ready)
    (pid,) = agents()
    kill(pid, signal.SIGSTOP)
    kept = []
    done = []
    for _ in range(2 * MOST_COPIES):
        octets = Octets(1000)
        kept.append(weakref.ref(octets))
        done.append(process.store(deposit(one), octets))
        del octets
    for each in done:
        each.addErrback(lambda failure: failure.trap(CancelledError) and None)
        each.cancel()
    alive = [ref() is not None for ref in kept]
    kill(pid, signal.SIGCONT)
    await process.stop()
    assert alive == [True] * MOST_COPIES + [False] * MOST_COPIES


@pytest_twisted.ensureDeferred
async def test_r19_what_a_dead_agent_never_had_is_stored_without_one(
    tmp_path: Path, committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody comes again for it; but whoever has given up meanwhile gets nothing delivered."""
    (one,) = maildirs(tmp_path, "one")
    pid, had, waiting = hung(committer, monkeypatch, one, 9)
    left = deposit(one)
    given_up = committer.commit(left)
    held = Event()
    behind = committer.run(held.wait, PATIENCE)
    kill(pid, signal.SIGKILL)
    for each in had:
        with pytest.raises(Refused, match="the delivery agent died"):
            await each
    given_up.cancel()
    with pytest.raises(CancelledError):
        await given_up
    held.set()
    stored = [await each for each in waiting]
    assert [each.error for each in stored] == [None] * 9
    assert len(messages(one)) == 9
    assert (await behind, left.stored) == (True, ())
    assert await gatherResults([committer.stop()]) == [None]


@pytest_twisted.ensureDeferred
async def test_r21_thread_that_cannot_start_has_the_sender_come_again(
    tmp_path: Path, committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the dead agent never had then fails as anything would."""
    (one,) = maildirs(tmp_path, "one")
    pid, had, (waiting,) = hung(committer, monkeypatch, one, 1)

    def start(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", start)
    kill(pid, signal.SIGKILL)
    for each in had:
        with pytest.raises(Refused, match="the delivery agent died"):
            await each
    with pytest.raises(RuntimeError, match="can't start new thread"):
        await waiting


@pytest_twisted.ensureDeferred
async def test_r19_dying_agent_is_given_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first pipe that is closed on; a message that comes all the same has failed."""
    monkeypatch.setattr(module, "REST", 1000)
    (one,) = maildirs(tmp_path, "one")
    asked: list[Deferred[Deposit]] = []
    ready: list[bool] = []

    def ask() -> None:
        ready.append(process.ready)
        asked.append(store(process, deposit(one)))

    process = hired("childConnectionLost", ask)
    await until(lambda: process.ready)
    kill(agents()[0], signal.SIGKILL)
    await until(lambda: len(asked) == 3)
    assert ready == [False] * 3
    for each in asked:
        with pytest.raises(Refused, match="the delivery agent died"):
            await each
    await process.stop()


@pytest_twisted.ensureDeferred
async def test_what_an_agent_says_behind_its_end_is_not_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its messages were given up: the sender comes again, and nothing is said twice."""
    monkeypatch.setattr(module, "REST", 0.01)
    (one,) = maildirs(tmp_path, "one")
    process = DeliveryProcess(the_reactor(), the_reactor(), command())
    process.end("there is none")
    process.start()
    await until(lambda: process.ready)
    line = process._line
    assert line is not None
    done = store(process, deposit(one))
    pipes = cast("Any", line.transport).pipes
    pipes[0].doWrite()  # else the reactor would, when it has its turn
    assert select([pipes[1]], [], [], PATIENCE)[0], "the outcome lies there, and nobody reads it"
    process.end("it was taken for one that hangs")
    assert not process.ready
    with pytest.raises(Refused, match="the delivery agent hung"):
        await done
    assert process.copies == 0
    assert process.places == set()
    await until(lambda: process.ready)
    assert (await store(process, deposit(one))).error is None
    assert len(messages(one)) == 2
    await process.stop()


@pytest_twisted.ensureDeferred
async def test_r17_all_who_stop_an_agent_hear_of_its_end(tmp_path: Path) -> None:
    """An application may stop a server that is being stopped; both wait for its mail."""
    (one,) = maildirs(tmp_path, "one")
    process = DeliveryProcess(the_reactor(), the_reactor(), command())
    process.start()
    await until(lambda: process.ready)
    stored = store(process, deposit(one))
    stopped = [process.stop(), process.stop()]
    assert [each.called for each in stopped] == [False, False]
    await soon(gatherResults(stopped), "the agent's end, twice")
    assert stored.called
    assert agents() == []
    assert process.stop().called


@pytest_twisted.ensureDeferred
async def test_agent_that_is_let_go_before_its_first_word_is_never_ready() -> None:
    """It is heard, and nobody gives it anything."""
    ready: list[bool] = []
    process = hired("childDataReceived", lambda: ready.append(process.ready))
    await process.stop()
    assert ready == [False]


@pytest_twisted.ensureDeferred
async def test_late_pipe_of_an_old_agent_says_nothing_of_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that has let go of its first pipe, and keeps another beyond the time for its end."""
    monkeypatch.setattr(module, "REST", 0.01)
    midwife = Midwife("connectionMade", lambda: None)
    process = DeliveryProcess(cast("IReactorProcess", midwife), the_reactor(), command())
    process.start()
    await until(lambda: process.ready)
    kill(agents()[0], signal.SIGKILL)
    await until(lambda: len(midwife.lines) == 2 and process.ready)
    midwife.lines[0].childConnectionLost(0)
    assert process.ready
    await process.stop()


@pytest_twisted.ensureDeferred
async def test_agent_is_buried_where_no_signal_tells_of_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in an application that runs its reactor without handlers of signals."""
    monkeypatch.setattr(module, "REST", 1000)
    monkeypatch.setattr(line_module, "END_TIME", 0.5)
    words = ("/bin/sh", "-c", "exec <&- >&- 2>&-; sleep 0.1")
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        process = DeliveryProcess(the_reactor(), the_reactor(), words)
        process.start()
        assert len(agents()) == 1
        await until(lambda: agents() == [])
    finally:
        signal.signal(signal.SIGCHLD, before)
    await process.stop()
