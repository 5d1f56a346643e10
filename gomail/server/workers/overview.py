"""
What all workers have counted, and what they do: for who asks the parent, or follows it.

A worker's counts come with each sign of life, and outlive it; those of the last second are lost
with one that is killed. It passes its events on while somebody follows, and else says nothing.
"""

from collections.abc import Container, Iterable
from typing import Any

from twisted.internet.defer import Deferred

from gomail.server.control.audience import Audience
from gomail.server.control.plain import Plain
from gomail.server.control.tally import Tally, together
from gomail.server.reactor import Reactor
from gomail.server.workers import words
from gomail.server.workers.crew import Crew
from gomail.server.workers.worker import Worker

WAIT = 8.0  # seconds for workers to say what they have counted; else what they said last counts
_OURS = ("trouble", "load", "health", "certificate", "left-out", "measured")


class Overview:
    """
    Has it.

    Args:
        reactor: the one that runs.
        crew: the workers.
        audience: of the parent: whoever follows it follows them all.
        known: replies, as they are written, that are counted apart however many others there are.

    Attributes:
        known: the same.
        past: what workers had counted that have ended.
        ended: how many these are.
        counts: what each of the others has told last.
    """

    def __init__(
        self, reactor: Reactor, crew: Crew, audience: Audience, known: Container[str] = ()
    ) -> None:
        self._reactor = reactor
        self._crew = crew
        self._audience = audience
        self.known = known
        self.past: Plain = Tally().plain()
        self.ended = 0
        self.counts: dict[Worker, Plain] = {}
        self._clients: dict[Worker, list[Plain]] = {}
        self._waiting: list[tuple[set[Worker], Deferred[None]]] = []  # for whom, each who has asked
        crew.overhears = self._hear
        audience.changed = self._follow

    def _hear(self, worker: Worker, word: str, *about: Any) -> None:  # noqa: ANN401 -- as it was said
        """Hear what a worker says."""
        if word == words.PULSE:
            *_, self.counts[worker] = about
        elif word == words.STATUS:
            self.counts[worker], self._clients[worker] = about
            self._answered(worker)
        elif word == words.EVENT:
            self._pass_on(worker, *about)
        elif word == words.READY and self._audience:
            worker.say(words.FOLLOW, True)
        elif word == words.ENDED:
            self.ended += 1
            last = self.counts.pop(worker, Tally().plain())
            self.past = together([self.past, last], self.known)
            self._clients.pop(worker, None)
            self._answered(worker)

    def _pass_on(self, worker: Worker, told: Plain) -> None:
        """Pass an event on; what a worker says of itself has its number, as in the log."""
        if told["event"] in _OURS:
            told["worker"] = worker.number
        self._audience.tell(told)

    def _follow(self, wanted: bool) -> None:  # noqa: FBT001 -- the fact itself
        """Have all workers pass their events on, or do so no more."""
        for worker in self._serving():
            worker.say(words.FOLLOW, wanted)

    def _serving(self) -> Iterable[Worker]:
        """Give those that hear us."""
        return [worker for worker in self._crew.workers if worker.serves]

    def _answered(self, worker: Worker) -> None:
        """Let those go on for whom it was the last one."""
        for asked, done in list(self._waiting):
            asked.discard(worker)
            if not asked and not done.called:
                done.callback(None)

    async def ask(self) -> tuple[Plain, list[Plain], list[Plain]]:
        """Give what all have counted, the clients inside, and a row for each worker."""
        asked = set(self._serving())
        for worker in asked:
            worker.say(words.STATUS)
        if asked:
            done: Deferred[None] = Deferred()
            waiting = asked, done
            self._waiting.append(waiting)
            await done.addTimeout(WAIT, self._reactor, lambda *_: None)
            self._waiting.remove(waiting)
        rows = [
            {"number": of.number, "pid": of.pid, "serves": of.serves, "sessions": of.sessions}
            for of in self._crew.workers
        ]
        clients = [client for theirs in self._clients.values() for client in theirs]
        return together([self.past, *self.counts.values()], self.known), clients, rows
