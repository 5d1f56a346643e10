"""An agent that hangs, dies or is let go, seen from the server: nothing is kept, nothing raises."""

import errno
import signal
import weakref
from collections.abc import Callable
from os import kill
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.interfaces import IProcessTransport, IReactorProcess
from twisted.internet.protocol import ProcessProtocol

from gomail.delivery import process as module
from gomail.delivery.deposit import Deposit
from gomail.delivery.process import MOST_COPIES, DeliveryProcess, command
from tests.delivery.bench import deposit, maildirs
from tests.delivery.test_process import agents, store, the_reactor, until


class Octets(bytearray):
    """Content of which it can be seen whether anybody keeps it."""


class Midwife:
    """Starts agents, and does something whenever the server has been told of one."""

    def __init__(self, told: str, then: Callable[[], object]) -> None:
        """Do *then* behind each call of the protocol's method *told*."""
        self._told = told
        self._then = then

    def spawnProcess(
        self, protocol: ProcessProtocol, *arguments: Any, **details: Any
    ) -> IProcessTransport:
        """Start one."""
        tell = getattr(protocol, self._told)

        def told(*what: object) -> None:
            tell(*what)
            self._then()

        setattr(protocol, self._told, told)
        transport = the_reactor().spawnProcess(protocol, *arguments, **details)
        return cast("IProcessTransport", transport)


def hired(told: str, then: Callable[[], object]) -> DeliveryProcess:
    """Hire an agent by a midwife."""
    starter = cast("IReactorProcess", Midwife(told, then))
    process = DeliveryProcess(starter, the_reactor(), command())
    process.start()
    return process


@pytest_twisted.ensureDeferred
async def test_hanging_agent_costs_no_memory(tmp_path: Path) -> None:
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
