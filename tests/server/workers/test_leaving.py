"""Workers of a former parent: real processes, whose logs are read until they have ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest_twisted
from twisted.internet import reactor as installed  # noqa: TID253 -- the one that pytest installed
from twisted.internet.task import deferLater

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
    leaving = Leaving(reactor, left, lines.append, lambda: over.append(True))
    assert leaving
    assert leaving.left == left
    leaving.start()
    await until(lambda: len(lines) == 2)
    os.kill(left[0][0], signal.SIGKILL)
    await until(lambda: len(leaving.left) == 1)
    assert over == []
    leaving.signal(signal.SIGTERM)
    await until(lambda: over)
    assert lines == ["un", "un", "left", "and not ended"]
    assert not leaving
    leaving.signal(signal.SIGTERM)


@pytest_twisted.ensureDeferred
async def test_nobody_is_waited_for_where_there_was_nobody() -> None:
    """Most parents have no former one."""
    leaving = Leaving(reactor, [], print, lambda: None)
    leaving.start()
    assert not leaving
