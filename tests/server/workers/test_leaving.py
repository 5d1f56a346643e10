"""Workers of a former parent: real processes, whose logs are read until they have ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as installed  # noqa: TID253 -- the one that pytest installed
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs, formatEvent

from gomail.server.workers import leaving
from gomail.server.workers.leaving import Leaving

reactor: Any = installed
_WORKER = (
    "import signal, sys, time\n"
    "def leave(*_): sys.stdout.write('left\\nand not ended'); sys.stdout.flush(); sys.exit()\n"
    "signal.signal(signal.SIGTERM, leave)\n"
    "print('begun', flush=True)\n"
    "time.sleep(600)\n"
)


def begun(count: int) -> list[tuple[int, int]]:
    """Start some, and give process and log of each; they are ours to bury."""
    left = []
    for _ in range(count):
        reader, writer = os.pipe()
        process = subprocess.Popen([sys.executable, "-c", _WORKER], stdout=writer)
        os.close(writer)
        assert os.read(reader, 3) == b"beg"
        left.append((process.pid, reader))
        process.returncode = 0  # nobody else waits for it
    return left


async def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    while not true():
        await deferLater(reactor, 0.01)


@pytest_twisted.ensureDeferred
async def test_all_that_they_log_is_logged_and_their_end_is_seen() -> None:
    """Each ends by a signal, and the last one is told of."""
    lines: list[str] = []
    over: list[bool] = []
    left = begun(2)
    former = Leaving(reactor, left, lines.append, lambda: over.append(True))
    assert former
    assert former.left == left
    former.start()
    await until(lambda: len(lines) == 2)
    os.kill(left[0][0], signal.SIGKILL)
    await until(lambda: len(former.left) == 1)
    assert over == []
    former.signal(signal.SIGTERM)
    await until(lambda: over)
    assert lines == ["un", "un", "left", "and not ended"]
    assert not former
    former.signal(signal.SIGTERM)


@pytest_twisted.ensureDeferred
async def test_nobody_is_waited_for_where_there_was_nobody() -> None:
    """Most parents have no former one."""
    former = Leaving(reactor, [], print, lambda: None)
    former.start()
    assert not former


@pytest_twisted.ensureDeferred
async def test_who_does_not_leave_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was stopped by a signal, and nobody asks it for signs of life any more."""
    monkeypatch.setattr(leaving, "LEAVE_TIME", 0.1)
    over: list[bool] = []
    [(pid, log)] = begun(1)
    os.kill(pid, signal.SIGSTOP)
    former = Leaving(reactor, [(pid, log)], print, lambda: over.append(True))
    former.start()
    assert former.serve
    with capturedLogs() as logged:
        former.retire()
        assert former
        assert not former.serve
        former.retire()
        await until(lambda: over)
    assert not former
    said = [formatEvent(event) for event in logged]
    assert said[0].startswith("handover: its own workers serve; the 1 before leave ")
    assert said[1] == f"handover: former workers that do not leave are ended (pid {pid})"
    assert said[2] == f"the former worker with pid {pid} has ended"
    assert said[3].startswith("handover: over after ")
    assert len(said) == 4
