"""Agents that tests have: the reactor that starts them, and how to wait for them."""

import os
from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from gomail.delivery.deposit import Deposit
from gomail.delivery.process import DeliveryProcess
from gomail.server.reactor import Reactor
from tests.faults.processes import children
from tests.patience import PATIENCE


def the_reactor() -> Reactor:
    """Give the one that runs."""
    from twisted.internet import reactor

    return cast("Reactor", reactor)


async def until(ready: Callable[[], object]) -> None:
    """Wait until something is so."""
    reactor = the_reactor()
    end = reactor.seconds() + PATIENCE
    while not ready():
        assert reactor.seconds() < end
        await deferLater(reactor, 0.01)


def store(process: DeliveryProcess, what: Deposit) -> Deferred[Deposit]:
    """Have a deposit stored."""
    content = what.content.in_memory
    assert content is not None
    return process.store(what, content)


def agents() -> list[int]:
    """Give the process ids of our children."""
    return list(children(os.getpid()))
