"""
The parent of workers, as a small service manager: it starts them, and another for each that ends.

It holds the sockets, so that a connection which comes while there is no worker waits for one. What
a worker has open or under way is lost with it, as with any server: its senders come again.
"""

from collections.abc import Callable, Sequence
from signal import SIGINT, SIGKILL, SIGTERM
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from gomail.certificates.served import Read
from gomail.health import Health
from gomail.limits import Limits
from gomail.program import environment
from gomail.server.listening import STOP_TIME
from gomail.server.ports import Port
from gomail.server.reactor import Reactor
from gomail.server.workers import words
from gomail.server.workers.census import Census
from gomail.server.workers.changing import Changing
from gomail.server.workers.leaving import Leaving
from gomail.server.workers.legacy import Legacy
from gomail.server.workers.rests import Rests
from gomail.server.workers.wellbeing import Wellbeing
from gomail.server.workers.worker import Worker

BEAT = 1.0  # seconds from one sign of life to the next
START_TIME = 120.0  # seconds until a worker serves: it reads the mailboxes first
LATE = 5.0  # seconds from one look to the next, from which on it is we who were away
HANGS_AFTER = 60.0  # seconds without a sign of life
WARN_TIME = 5.0  # seconds for a worker to say that it won't leave when we give way
GRACE = 2.0  # seconds beyond the workers' own time to stop
Overhears = Callable[..., None]
_log = Logger()


class Crew(Service):
    """
    Has so many workers, as long as it runs.

    Args:
        reactor: the one that runs.
        command: starts a worker.
        ports: what they listen on, bound.
        log: writes lines of theirs.
        leaving: process and log of each worker of the parent whose place we have taken.
        limits: of the sessions of an address, and of a network.

    Attributes:
        overhears: told all that a worker says, and when it has ended; it decides nothing.
        ready: fires when the first worker serves.
        wellbeing: how they fare.
        pairs: the certificates that are in force, as they were read; with their keys.
    """

    def __init__(  # noqa: PLR0913 -- what a service manager is told
        self,
        reactor: Reactor,
        command: Sequence[str],
        ports: Sequence[Port],
        *,
        log: Callable[[str], None],
        limits: Limits,
        leaving: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._reactor = reactor
        self._command = command
        self._ports = ports
        self.log = log
        self._census = Census(limits)
        self._leaving = Leaving(reactor, leaving, log, self._leave)
        self._first: tuple[object, ...] = ()
        self._count = 0
        self.workers: list[Worker] = []
        self._changing = Changing(reactor, self.workers)
        self.overhears: Overhears = lambda *_: None
        self._rests = Rests()
        self._starts: dict[int, IDelayedCall] = {}
        self._warned: dict[Worker, Deferred[None]] = {}  # that we give way, unanswered yet
        self._stopped: Deferred[None] | None = None
        self._beats = LoopingCall(self._beat)
        self._beats.clock = reactor
        self.wellbeing = Wellbeing(self.workers, self._leaving)
        self._looked = 0.0  # when we last asked for signs of life
        self.ready: Deferred[None] = Deferred()
        self.pairs: tuple[Read, ...] = ()

    def employ(self, count: int, settings: str, root: tuple[int, int] | None) -> None:
        """Say how many there are to be, and what each is told first."""
        self._count = self.wellbeing.wanted = count
        self._first = (settings, root)

    @property
    def sessions(self) -> int:
        """How many sessions are open, as the workers said last."""
        return sum(worker.sessions for worker in self.workers)

    def startService(self) -> None:
        """Start them once the reactor runs, as the user that we have become by then."""
        super().startService()
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        """Start all."""
        for number in range(1, self._count + 1):
            self._start(number)
        self._looked = self._reactor.seconds()
        self._beats.start(BEAT, now=False)
        self._leaving.start()

    def _start(self, number: int) -> None:
        """Start one."""
        self._starts.pop(number, None)
        worker = Worker(number, self, self._first, self.pairs, self._reactor.seconds())
        self.workers.append(worker)
        sockets = {
            words.SOCKETS + place: port.socket.fileno()
            for place, port in enumerate(self._ports)
            if port.socket is not None
        }
        pipes: dict[int, int | str] = {words.ORDERS: "w"}
        pipes |= {words.LOG: "r", words.LAST_WORDS: "r", words.ANSWERS: "r", **sockets}
        variables = {**environment(), words.VARIABLE: str(len(sockets))}
        try:
            self._reactor.spawnProcess(
                worker, self._command[0], self._command, variables, childFDs=pipes
            )
        except OSError as error:
            self.ended(worker, str(error))

    def heard(self, worker: Worker, word: str, *about: Any) -> None:  # noqa: ANN401 -- as it was said
        """Do what follows from what a worker says."""
        self.overhears(worker, word, *about)
        if word == words.ASK:
            number, address = about
            worker.say(words.PERMIT, number, self._census.enter(worker, address))
        elif word == words.LEFT:
            self._census.leave(worker, *about)
        elif word == words.PULSE:
            worker.asked = None
            worker.sessions, plain, *_ = about
            worker.health = Health.of(plain)
        elif word == words.CHANGED:
            self._changing.hear(worker, *about)
        elif word == words.HEIR:
            if worker in self._warned:
                self._warned.pop(worker).callback(None)
        elif word == words.PAIRS:
            (self.pairs,) = about
        elif word == words.READY:
            self._welcome(worker)

    def _welcome(self, worker: Worker) -> None:
        """See one serve."""
        worker.ready = True
        self._rests.serves(worker.number)
        if worker.first is not self._first:  # it has begun before they were changed
            Deferred.fromCoroutine(self._changing.change(worker, self._first))
        _log.info("worker {number} serves (pid {pid})", number=worker.number, pid=worker.pid)
        if not self.ready.called:
            self.ready.callback(None)
        if all(each.serves for each in self.workers) and len(self.workers) == self._count:
            self._leaving.retire()  # they are not needed any more

    def ended(self, worker: Worker, why: str) -> None:
        """Start another in a moment, unless we stop."""
        self.workers.remove(worker)
        self.overhears(worker, words.ENDED)
        self._census.lose(worker)
        if worker in self._warned:
            self._warned.pop(worker).callback(None)
        self._changing.lose(worker)  # the next one begins with the new settings
        if self._stopped is not None:
            self._leave()
            return
        number, lived = worker.number, self._reactor.seconds() - worker.began
        rest = self._rests.behind(number, lived, served=worker.ready)
        _log.warn(
            "worker {number} has ended ({why}); another is started in {rest:.1f} s",
            number=number,
            why=why,
            rest=rest,
        )
        self._starts[number] = self._reactor.callLater(rest, self._start, number)

    def _beat(self) -> None:
        """Ask all for a sign of life, and replace who gives none; tell how they fare."""
        self.wellbeing.look()
        now, sessions = self._reactor.seconds(), self.sessions
        away, self._looked = now - self._looked > LATE, now
        for worker in list(self.workers):
            if away:  # stopped and continued, perhaps: what they have said is still to be heard
                worker.wait_anew(now)
            waited = now - (worker.since if worker.asked is None else worker.asked)
            if worker.killed:
                continue
            if worker.dismissed is not None and now - worker.dismissed > STOP_TIME + GRACE:
                worker.kill()
            elif not worker.ready:
                if waited > START_TIME:
                    worker.kill(f"it did not serve within {START_TIME:.0f} s")
            elif worker.asked is None:
                worker.pulse(now, sessions - worker.sessions)
            elif waited > HANGS_AFTER:
                worker.kill(f"no sign of life for {HANGS_AFTER:.0f} s")
            elif worker.is_stopped():
                worker.kill("it was stopped by a signal")

    async def change(self, settings: str) -> None:
        """
        Have other settings be in force, in one worker after the other.

        One that can't have them, as others can, leaves: that which follows it begins with them. So
        does one that does not answer in time, if another one serves.
        """
        self._first = (settings, *self._first[1:])
        for worker in list(self.workers):
            if worker.serves:  # by now: one that has begun meanwhile is waited for as well
                await self._changing.change(worker, self._first)

    def abort(self) -> None:
        """Have all connections dropped, once we stop; messages past their final dot are stored."""
        for worker in self.workers:
            worker.signal("INT")
        self._leaving.signal(SIGINT)

    async def bequeath(self) -> Legacy:
        """Give what we leave to the program that takes our place, and start nobody any more."""
        self._rest()
        for worker in list(self.workers):
            worker.say(words.HEIR)  # also one that begins just now: it hears so before our end
            if worker.serves:
                warned = self._warned[worker] = Deferred()
                await warned.addTimeout(WARN_TIME, self._reactor, lambda *_: None)
        logs = [(worker.pid, worker.log) for worker in self.workers]
        leaving = [(pid, log) for pid, log in logs if pid is not None and log is not None]
        return Legacy(list(self._ports), [*leaving, *self._leaving.left])

    def resume(self) -> None:
        """Go on: no program has taken our place."""
        if self._stopped is not None:
            return
        self._beats.start(BEAT, now=False)
        there = {each.number for each in self.workers}
        for number in set(range(1, self._count + 1)) - there - set(self._starts):
            self._start(number)

    def _rest(self) -> None:
        """Look after nobody, and start nobody."""
        if self._beats.running:
            self._beats.stop()
        for call in self._starts.values():
            call.cancel()
        self._starts.clear()

    def stopService(self) -> Deferred[None]:
        """Close the ports, and wait for all workers; after their time, end them."""
        super().stopService()
        self._rest()
        for port in self._ports:
            port.close()
        self._stopped = Deferred()
        for worker in self.workers:
            worker.signal("TERM")
        self._leaving.signal(SIGTERM)
        limit = self._reactor.callLater(STOP_TIME + GRACE, self._give_up)
        self._stopped.addCallback(lambda _: limit.cancel() if limit.active() else None)
        stopped = self._stopped
        self._leave()
        return stopped

    def _give_up(self) -> None:
        """End who has not ended."""
        for worker in self.workers:
            worker.signal("KILL")
        self._leaving.signal(SIGKILL)
        stopped = self._stopped  # whom even that does not end, a dead disk holds
        if stopped is not None:
            last = self._reactor.callLater(GRACE, stopped.callback, None)
            stopped.addCallback(lambda _: last.cancel() if last.active() else None)

    def _leave(self) -> None:
        """Stop when nobody is left."""
        if self.workers or self._leaving:
            return
        if self._stopped is not None and not self._stopped.called:
            self._stopped.callback(None)
