"""A watch over a real agent, which can be stopped."""

import os
import signal
from pathlib import Path

from twisted.internet.defer import Deferred

from gomail.delivery.deposit import Deposit
from gomail.delivery.probe import Probe
from gomail.delivery.process import DeliveryProcess
from gomail.delivery.program import command
from gomail.delivery.record import Record
from gomail.delivery.silence import (
    AgentWatch,
)
from tests.delivery.bench import deposit, maildirs
from tests.delivery.hiring import agents, store, the_reactor, until


class House:
    """A watch over a real agent, which is stopped and so says nothing, with work for a Maildir."""

    def __init__(self, folder: Path) -> None:
        (self.maildir,) = maildirs(folder, "one")
        self.process = DeliveryProcess(the_reactor(), the_reactor(), command())
        self.record = Record()
        self.watch = AgentWatch(self.process, Probe(the_reactor()), self.record)
        self.done: list[Deferred[Deposit]] = []

    async def begin(self) -> None:
        """Have the agent be there."""
        self.process.start()
        await until(lambda: self.process.ready)
        (self.pid,) = agents()

    def hang(self, copies: int = 1) -> None:
        """Stop the agent, and give it something to do."""
        os.kill(self.pid, signal.SIGSTOP)
        self.done = [store(self.process, deposit(self.maildir)) for _ in range(copies)]
        self.look(0)

    def look(self, seconds: float) -> tuple[float, float, float]:
        """Let so many seconds go by; say for how long what is so."""
        self.watch.look(seconds)
        return self.watch.waiting, self.watch.slow, self.watch.hanging

    async def answered(self) -> None:
        """Wait until the disk has answered, be it with an error."""
        await until(lambda: not self.watch._probe._asking)

    async def spend(self, seconds: float, took: float | None = None) -> tuple[float, float, float]:
        """Let so many seconds go by, one by one, in which the disk answers, as if it *took* so."""
        for _ in range(int(seconds)):
            self.look(1)
            await self.answered()
            if took is not None and self.watch._took is not None:
                self.watch._took = took
        return self.look(0)
