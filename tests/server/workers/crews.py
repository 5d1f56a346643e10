"""A crew of workers that only tell."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gomail.server.control.audience import Audience, Follower, Outflow
from gomail.server.control.plain import Plain
from gomail.server.control.wanted import Wanted
from gomail.server.workers import words
from gomail.server.workers.overview import Overview


class Worker:
    """One worker: what it was told."""

    def __init__(self, number: int) -> None:
        self.number, self.pid, self.sessions = number, 100 + number, number
        self.serves = True
        self.told: list[tuple[object, ...]] = []

    def say(self, *said: object) -> None:
        """Hear something."""
        self.told.append(said)


class Crew:
    """Two workers; the test is what they say."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.workers = [Worker(1), Worker(2)]
        self.overhears: Any = None
        self.audience = Audience()
        self.heard: list[Plain] = []
        self.follower = Follower(Outflow(self.heard.append), Wanted())
        self.overview = Overview(self.clock, self, self.audience)  # type: ignore[arg-type]  # short ones

    def ask(self) -> list[tuple[Plain, list[Plain], list[Plain]]]:
        """Ask, and give a list that will have the answer."""
        answers: list[tuple[Plain, list[Plain], list[Plain]]] = []
        Deferred.fromCoroutine(self.overview.ask()).addCallback(answers.append)
        return answers

    def end(self, worker: Worker) -> None:
        """End one."""
        self.workers.remove(worker)
        self.overhears(worker, words.ENDED)
