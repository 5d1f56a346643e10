"""What signals do to a server."""

import os
import signal

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from gomail.server.signals import Signals


@pytest_twisted.ensureDeferred
async def test_signal_has_its_work_done_by_the_reactor() -> None:
    """Whatever the process is doing when a signal comes, its work waits for a turn."""
    done: list[str] = []
    before = signal.getsignal(signal.SIGUSR1)
    try:
        Signals(reactor, {signal.SIGUSR1: lambda: done.append("done")}).startService()  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGUSR1)
        assert done == []
        await deferLater(reactor, 0.01)  # type: ignore[arg-type]
        assert done == ["done"]
    finally:
        signal.signal(signal.SIGUSR1, before)
