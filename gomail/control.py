"""
What is answered by the control socket, and who counts for it, for each way to run.

A server alone and a worker count for themselves; a parent asks its workers, and counts what it
tells of itself. The socket is the first process's: it is served where it was bound.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import islice
from typing import Any

from twisted.internet.defer import Deferred

from gomail.compose import Server
from gomail.config import Configuration, render
from gomail.events import Event, Listener, Listeners
from gomail.health import Health
from gomail.metrics import make_tally, report
from gomail.parent import Workers
from gomail.server.aside import aside
from gomail.server.control.audience import Audience, Follower, Outflow
from gomail.server.control.plain import Plain, of_client
from gomail.server.control.service import Control, Questions
from gomail.server.control.wanted import Wanted
from gomail.server.log import stamp
from gomail.server.ports import Port
from gomail.server.reactor import Reactor
from gomail.server.workers import words
from gomail.server.workers.overview import Overview
from gomail.server.workers.parent import Parent

MOST_CLIENTS = 100  # sessions that are listed, of each process
LONGEST_SETTINGS = 4 * 1024 * 1024  # signs of a configuration, written as TOML


class Account:
    """
    What one process keeps for those who ask.

    Args:
        configuration: of the server.
        lines: who is told each line of a dialogue anyhow.

    Attributes:
        tally: counts.
        audience: those who follow.
    """

    def __init__(self, configuration: Configuration, lines: Iterable[Listener] = ()) -> None:
        self.tally = make_tally(configuration)
        self.audience = Audience(lines)

    @property
    def listeners(self) -> Listeners:
        """
        Who is to be told of events, beside the log.

        It is one for both, as each event of each session comes by: a call less for each.
        """
        counts, audience, followers = self.tally.counts, self.audience, self.audience.followers

        def hear(event: Event) -> None:
            count = counts.get(type(event))
            if count is not None:
                count(event)
            if followers:
                audience(event)

        return (hear,)

    def worker(self, line: Parent, server: Server) -> None:
        """Report to the parent of one of several workers, and pass on to it what happens."""
        followers = self.audience.followers  # the parent is the only one

        def follow(wanted: bool) -> None:  # noqa: FBT001 -- as it was said
            for follower in list(followers):
                self.audience.leave(follower)
                line.release()
            if wanted:  # with nothing left of one that was paused
                follower = Follower(Outflow(lambda told: line.say(words.EVENT, told)), Wanted())
                line.produce(follower.hear)
                self.audience.join(follower)

        line.report = lambda: (
            server.sessions,
            server.watch.health.plain(),
            report(self.tally, server),
        )
        line.others[words.STATUS] = lambda: line.say(
            words.STATUS, report(self.tally, server), clients_of(server)
        )
        line.others[words.FOLLOW] = follow


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where a server's configuration is from.

    Attributes:
        words: of the command line.
        state: its state folder; None where it has none.
        log: where it writes its log, for people; a path, if that is a file.
    """

    words: Sequence[str] = ()
    state: str | None = None
    log: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """
    Answers to `status` and `configuration`.

    Attributes:
        reactor: keeps the time.
        configuration: gives it as it is in force.
        origin: where that is from.
        ports: what is listened on.
        checks: how it is found out who sent a message, for people.
        metrics: where monitoring is told, if anywhere.
        began: when that was, by the reactor's clock, and the world's.
    """

    reactor: Reactor
    configuration: Callable[[], Configuration]
    origin: Origin
    ports: Sequence[Port]
    checks: str
    metrics: str | None = None
    began: tuple[float, float] = field(default_factory=lambda: (time.monotonic(), time.time()))

    def alone(self, server: Server, account: Account) -> Plain:
        """Answer for a server alone."""
        counts, clients = account.tally.plain(), clients_of(server)
        return self._whole(counts, server.watch.health, server.sessions, clients, [])

    async def parent(self, workers: Workers, overview: Overview) -> Plain:
        """Answer for a parent and its workers."""
        counts, clients, rows = await overview.ask()
        crew = workers.crew
        return self._whole(counts, crew.wellbeing.health, crew.sessions, clients, rows)

    async def settings(self) -> Plain:
        """Answer with the whole configuration, which is written aside: it may be large."""
        configuration = self.configuration()
        state = configuration.state or self.origin.state
        text = await aside(self.reactor, render, replace(configuration, state=state))
        if len(text) > LONGEST_SETTINGS:
            most = f"{LONGEST_SETTINGS // 1024**2} MiB"
            return {"error": f"the configuration is longer than {most}; name it by --config"}
        return {**self._myself(configuration), "settings": text}

    def _myself(self, configuration: Configuration) -> Plain:
        """Say which server this is."""
        return {
            "version": version("gomail"),
            "pid": os.getpid(),
            "hostname": configuration.hostname,
            "configuration": configuration.source,
            "options": list(self.origin.words),
            "log": self.origin.log,
            "listeners": [str(port) for port in self.ports],
        }

    def _whole(
        self, counts: Plain, health: Health, sessions: int, clients: list[Plain], rows: list[Plain]
    ) -> Plain:
        """Put the answer together."""
        configuration = self.configuration()
        monotonic, world = self.began
        counts = {name: each for name, each in counts.items() if name != "figures"}
        return {
            **self._myself(configuration),
            "started": stamp(world),
            "uptime": round(time.monotonic() - monotonic, 3),
            "metrics": self.metrics,
            "workers": rows,
            "health": {
                "state": str(health.state),
                "reasons": {reason.word: reason.text for reason in health.reasons},
            },
            "sessions": {
                "open": sessions,
                "most": configuration.limits.sessions,
                "ended": counts.pop("ended"),
                "public": counts.pop("public"),
            },
            **counts,
            "checks": self.checks,
            "milters": [each.endpoint for each in configuration.milters],
            "clients": clients[:MOST_CLIENTS],
        }


def serve_alone(
    answers: Answers, port: Port | None, server: Server, account: Account
) -> Control | None:
    """Make what serves the socket of a server alone, if it has one."""
    if port is None:
        return None
    questions = {"status": lambda: answers.alone(server, account), **_of_settings(answers)}
    return Control(answers.reactor, port, questions, account.audience)


def serve_parent(
    answers: Answers, port: Port | None, workers: Workers, account: Account, overview: Overview
) -> Control | None:
    """Make what serves the socket of a parent, if it has one."""
    if port is None:
        return None

    def answer() -> Deferred[Any]:
        return Deferred.fromCoroutine(answers.parent(workers, overview))

    questions = {"status": answer, **_of_settings(answers)}
    return Control(answers.reactor, port, questions, account.audience)


def _of_settings(answers: Answers) -> Questions:
    """Answer for the settings, whoever runs by them."""
    return {"configuration": lambda: Deferred.fromCoroutine(answers.settings())}


def clients_of(server: Server) -> list[Plain]:
    """Give who has a session open, a hundred at most."""
    clients = (client for factory in server.factories for client in factory.clients)
    return [of_client(client) for client in islice(clients, MOST_CLIENTS)]
