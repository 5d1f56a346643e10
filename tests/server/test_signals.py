"""What signals do to a server."""

import os
import signal
from typing import cast

import pytest_twisted

from gomail.server.reactor import Reactor
from gomail.server.signals import Signals
from tests.delivery.hiring import until


@pytest_twisted.ensureDeferred
async def test_signal_has_its_work_done_by_the_reactor() -> None:
    """Whatever the process is doing when a signal comes, its work waits for a turn."""
    from twisted.internet import reactor

    done: list[str] = []
    before = signal.getsignal(signal.SIGUSR1)
    try:
        work = {signal.SIGUSR1: lambda: done.append("done")}
        Signals(cast("Reactor", reactor), work).startService()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert done == []
        await until(lambda: done)
        assert done == ["done"]
    finally:
        signal.signal(signal.SIGUSR1, before)
