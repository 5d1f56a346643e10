"""The delivery agent: it stores what it is given, says so, and ends with its server."""

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest

from gomail.delivery import agent as module
from gomail.delivery.agent import FILESYSTEM, InMemory, serve
from gomail.delivery.deposit import Written
from gomail.delivery.orders import READY, Order, Outcome
from gomail.delivery.program import command
from gomail.delivery.syncing import ByFiles, ByFileSystems
from gomail.frames import Frames, framed
from gomail.program import environment
from tests.delivery.bench import STORED, TRACE, left_over, maildirs, messages, no_file_left_open
from tests.patience import PATIENCE
from tests.waiting import said_by

CONTENT = b"A: b\n\nbody\n"
FOR_EVER = 10**9


def order(number: int, *paths: Path, until: float = FOR_EVER, group: int | None = None) -> bytes:
    """Write an order."""
    filings = tuple((str(path), TRACE) for path in paths)
    return framed(tuple(Order(number, until, "mx.here.example", group, filings, CONTENT)))


class Agent:
    """One that works in a thread of the test's."""

    def __init__(self) -> None:
        """Start it, and hear its first word."""
        self._source, self._orders = os.pipe()
        self._outcomes, self._sink = os.pipe()
        self._frames = Frames()
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self.hear() == [READY]

    def _serve(self) -> None:
        """Do as the process: its pipes are closed with it, however it ends."""
        try:
            serve(self._source, self._sink, ByFiles())
        finally:
            os.close(self._sink)
            os.close(self._source)

    def say(self, octets: bytes) -> None:
        """Give it orders, and wait until it has taken them."""
        os.write(self._orders, octets)
        until = time.monotonic() + PATIENCE
        while select.select([self._source], [], [], 0)[0]:
            assert time.monotonic() < until
            time.sleep(0.001)

    def hear(self) -> list[Any]:
        """Hear what it says next."""
        values: list[object] = []
        while not values:
            assert select.select([self._outcomes], [], [], PATIENCE)[0]
            octets = os.read(self._outcomes, 1 << 20)
            assert octets, "it has ended"
            values = self._frames.feed(octets)
        return values

    def outcomes(self) -> list[Outcome]:
        """Hear what came of a batch."""
        (batch,) = self.hear()
        return [Outcome(*outcome) for outcome in batch]

    def close(self) -> None:
        """Give it no more orders; it ends."""
        os.close(self._orders)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        os.close(self._outcomes)


@pytest.fixture
def agent() -> Iterator[Agent]:
    """An agent at work."""
    agent = Agent()
    yield agent
    agent.close()


def test_message_is_stored_and_its_name_told(tmp_path: Path, agent: Agent) -> None:
    """One copy for each Maildir, with its trace fields, in the order in which they were named."""
    one, two = maildirs(tmp_path, "one", "two")
    with no_file_left_open():
        agent.say(order(7, one, two))
        (outcome,) = agent.outcomes()
        agent.say(order(8, one))  # by its outcome the first batch has been tidied up
        agent.outcomes()
        (two / "new" / outcome.stored[1]).unlink()
        agent.say(order(9, two))
        agent.outcomes()
        time.sleep(0.01)
    assert outcome.number == 7
    assert outcome.error is None
    assert messages(one) == [STORED, STORED]
    assert (one / "new" / outcome.stored[0]).read_bytes() == STORED


def test_all_that_wait_are_told_together(tmp_path: Path, agent: Agent) -> None:
    """Orders that came at once are one batch, whatever pieces they came in."""
    (one,) = maildirs(tmp_path, "one")
    octets = b"".join(order(number, one) for number in range(20))
    agent.say(octets[:5])
    agent.say(octets[5:-5])
    first = agent.outcomes()
    agent.say(octets[-5:])
    second = agent.outcomes()
    assert [outcome.number for outcome in first + second] == list(range(20))
    assert len(first) == 19
    assert messages(one) == [STORED] * 20


def test_what_the_disk_says_is_told(tmp_path: Path, agent: Agent) -> None:
    """With its number, its words and its place; the others in the batch are stored."""
    (one,) = maildirs(tmp_path, "one")
    agent.say(order(1, tmp_path / "nowhere") + order(2, one))
    failed, stored = agent.outcomes()
    assert failed == Outcome(1, (), (2, "No such file or directory"), str(tmp_path / "nowhere"))
    assert stored.error is None
    assert messages(one) == [STORED]


def test_what_nobody_waits_for_is_not_delivered(tmp_path: Path, agent: Agent) -> None:
    """Whoever heard 451 comes again: a copy that came too late would be a second one."""
    (one,) = maildirs(tmp_path, "one")
    agent.say(order(1, one, until=time.monotonic() - 1))
    (outcome,) = agent.outcomes()
    assert outcome.error == (0, "the disk took too long")
    assert outcome.at == str(one)
    assert messages(one) == []
    agent.say(order(2, one))
    agent.outcomes()
    assert left_over(one) == [] or len(left_over(one)) == 1  # the second one's, for a moment


def test_group_is_that_of_the_files(tmp_path: Path, agent: Agent) -> None:
    """Where a group shares the Maildirs, it may read what is stored."""
    (one,) = maildirs(tmp_path, "one")
    agent.say(order(1, one, group=os.getgid()))
    (outcome,) = agent.outcomes()
    assert (one / "new" / outcome.stored[0]).stat().st_mode & 0o777 == 0o660


def test_content_has_no_file_of_its_own() -> None:
    """It came with its order."""
    whole: Written = InMemory(b"x")
    assert whole.complete(b"Trace: yes\n") is None


@pytest.mark.parametrize("how", [{}, {"filesystem": True}])
def test_r20_process_ends_with_its_orders_and_by_no_signal(
    tmp_path: Path, how: dict[str, bool]
) -> None:
    """Signals reach the whole group of a terminal or a service: they are for the server."""
    (one,) = maildirs(tmp_path, "one")
    words = command(**how)
    assert (FILESYSTEM in words) == bool(how)
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    assert process.stdin is not None
    assert process.stdout is not None
    ready = framed(READY)
    assert said_by(process, len(ready)) == ready
    for number in module.NOT_FOR_IT:
        process.send_signal(number)
    out, _ = process.communicate(order(1, one) + order(2, one), PATIENCE)
    assert process.returncode == 0
    (batch,) = Frames().feed(out)
    outcomes = [Outcome(*outcome) for outcome in cast("list[Any]", batch)]
    assert [outcome.number for outcome in outcomes] == [1, 2]
    assert messages(one) == [STORED] * 2


def test_r20_agent_whose_server_is_dead_ends_in_silence(tmp_path: Path) -> None:
    """Nobody is told, and so nobody takes the message for stored."""
    (one,) = maildirs(tmp_path, "one")
    process = subprocess.Popen(
        command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said_by(process, len(framed(READY)))
    process.stdout.close()
    process.stdin.write(order(1, one))
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert left_over(one) == []


def longest_pipe() -> int:
    """Give how many octets the system lets a pipe of ours have, up to what the agent asks for."""
    ends = os.pipe()
    try:
        with suppress(OSError):
            fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, module.PIPE)
        return fcntl.fcntl(ends[0], fcntl.F_GETPIPE_SZ)
    finally:
        for end in ends:
            os.close(end)


def test_orders_wait_in_a_long_pipe() -> None:
    """The server is seldom asked to wait while the agent is busy."""
    process = subprocess.Popen(
        command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said_by(process, len(framed(READY)))
    assert fcntl.fcntl(process.stdin, fcntl.F_GETPIPE_SZ) == longest_pipe()
    process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("asked", [None, 1_000_000])  # not there, or none of the system's
def test_pipe_that_can_be_made_no_longer_does(
    monkeypatch: pytest.MonkeyPatch, asked: int | None
) -> None:
    """Not every system can, nor for everybody; the agent serves all the same."""
    served: list[object] = []
    monkeypatch.delattr("fcntl.F_SETPIPE_SZ", raising=False)
    if asked is not None:
        monkeypatch.setattr("fcntl.F_SETPIPE_SZ", asked, raising=False)
    monkeypatch.setattr(module, "serve", lambda *what: served.append(what))
    as_a_process()
    assert len(served) == 1


@pytest.mark.parametrize(
    ("words", "syncing"), [([], ByFiles), ([FILESYSTEM], ByFileSystems), (["x"], ByFiles)]
)
def test_word_has_whole_file_systems_synced(
    monkeypatch: pytest.MonkeyPatch, words: list[str], syncing: type
) -> None:
    """Else each file by itself."""
    served: list[tuple[object, ...]] = []
    monkeypatch.setattr(module, "serve", lambda *what: served.append(what))
    monkeypatch.setattr(sys, "argv", ["agent.py", *words])
    as_a_process()
    [(source, sink, made)] = served
    assert (source, sink, type(made)) == (0, 1, syncing)


def as_a_process() -> None:
    """Run the agent's main function; what it makes of signals is taken back."""
    before = [signal.getsignal(number) for number in module.NOT_FOR_IT]
    try:
        module.main()
    finally:
        for number, what in zip(module.NOT_FOR_IT, before, strict=True):
            signal.signal(number, what)
