"""
What monitoring is told of a server, for each way to run: alone, or as a parent and its workers.

A process that serves counts by a `Ledger` where metrics are wanted, and by a `Tally` where not. The
page is the first process's: it was bound before rights were dropped, as all ports were. The library
that writes it is an extra, and is imported where there is a page.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gomail import reply
from gomail.checks.policy import replies
from gomail.compose import Server
from gomail.config import Configuration
from gomail.health import Share
from gomail.parent import Workers
from gomail.reply import Reply
from gomail.server.control.plain import Plain
from gomail.server.control.tally import Tally, together, written
from gomail.server.metrics.ledger import Ledger
from gomail.server.metrics.probes import Fares, probes
from gomail.server.metrics.snapshot import Process, RefusalName, Snapshot, processes
from gomail.server.ports import Port
from gomail.server.reactor import Reactor
from gomail.server.watch import count_descriptors
from gomail.server.workers.overview import Overview

if TYPE_CHECKING:
    from gomail.server.metrics.service import Page


def notes_on_metrics(port: Port | None) -> list[str]:
    """Say what is shown to whom, where others than this machine's programs can connect."""
    if port is None or port.socket is None or port.loopback:
        return []
    if port.socket.family == socket.AF_UNIX:
        return []
    shown = "how much mail comes, when, and how the server fares, and no address or name"
    return [f"metrics: whoever can connect to {port} sees {shown}"]


def known_replies(configuration: Configuration) -> dict[str, RefusalName]:
    """Give all replies of ours with which something is refused, as they are written."""
    return {written(each.octets): name for each, name in _replies(configuration)}


def _replies(configuration: Configuration) -> Iterator[tuple[Reply, RefusalName]]:
    """Give them with their names: those of docs/refusals.md, and those of rules."""
    for name, each in vars(reply).items():
        if isinstance(each, Reply) and not each.positive:
            yield each, _named(name.lower().replace("_", "-"), each)
    for name, each in replies(configuration.policy.own):
        yield each, _named(name, each)


def _named(name: str, refusal: Reply) -> RefusalName:
    """Name a reply."""
    return RefusalName(name, "temporary" if refusal.code < 500 else "permanent")


def make_tally(configuration: Configuration) -> Tally:
    """Make what counts in a process that serves."""
    proxies = [network for each in configuration.listeners for network in each.proxy_networks]
    known = frozenset(each.octets for each, _ in _replies(configuration))
    kind = Tally if configuration.metrics.listen is None else Ledger
    return kind(proxies, known)


def report(tally: Tally, server: Server) -> Plain:
    """Give what a process that serves has counted; and measured, where metrics are wanted."""
    counts = tally.plain()
    if isinstance(tally, Ledger):
        connections = {(name,): count for name, count in server.connections.items()}
        counts["figures"] = {**tally.figures(), "connections": connections}
        counts["gauges"] = _gauges(server)
    return counts


def count_batches(tally: Tally, server: Server) -> None:
    """Have batches counted, too, where metrics are wanted."""
    if isinstance(tally, Ledger):
        server.committer.record.listeners = (tally.batch,)


def _gauges(server: Server) -> Plain:
    """Give what a process that serves has measured of itself."""
    measured = server.watch.measured
    sessions: dict[str, int] = {}
    for listener, factory in zip(server.configuration.listeners, server.factories, strict=True):
        sessions[listener.place] = sessions.get(listener.place, 0) + factory.sessions
    keeper = server.certificates
    pairs = () if keeper is None else keeper.served.pairs
    descriptors = measured.descriptors
    return {
        "lag": measured.lag,
        "free": measured.disk.free,
        "reserve": measured.disk.reserve,
        "descriptors": None if descriptors is None else tuple(descriptors),
        "open": sessions,
        "certificates": [pair.ends.timestamp() for pair in pairs],
    }


@dataclass(frozen=True, slots=True)
class _Alone:
    """
    A server alone, as its page looks at it.

    Attributes:
        server: the one.
        ledger: counts for it.
        began: when that was, in seconds since 1970.
    """

    server: Server
    ledger: Ledger
    began: float

    def look(self) -> Snapshot:
        """See what is known of it."""
        server, counts = self.server, report(self.ledger, self.server)
        limits, gauges = server.configuration.limits, counts["gauges"]
        return Snapshot(
            counts,
            [gauges],
            server.watch.health,
            Share(server.sessions, limits.sessions),
            Share(1, 1),
            0,
            [*processes("server", "", os.getpid(), _share(gauges))],
            self.began,
            known_replies(server.configuration),
            _places(server.configuration),
        )

    def fares(self) -> Fares:
        """See how it fares."""
        return Fares(self.server.watch.health, alive=self.server.watch.alive)


@dataclass(frozen=True, slots=True)
class _Crewed:
    """
    A parent and its workers, as their page looks at them.

    Attributes:
        workers: they.
        overview: what they have counted.
        began: when that was, in seconds since 1970.
    """

    workers: Workers
    overview: Overview
    began: float

    def look(self) -> Snapshot:
        """See what is known of them: as of their last sign of life, so nobody is waited for."""
        configuration, crew = self.workers.configuration, self.workers.crew
        told = self.overview.counts
        return Snapshot(
            together([_NOTHING, self.overview.past, *told.values()], self.overview.known),
            [each["gauges"] for each in told.values() if "gauges" in each],
            crew.wellbeing.health,
            Share(crew.sessions, configuration.limits.sessions),
            Share(crew.wellbeing.serving, crew.wellbeing.wanted),
            self.overview.ended,
            [*self._processes()],
            self.began,
            known_replies(configuration),
            _places(configuration),
        )

    def _processes(self) -> Iterator[Process]:
        """Look at all processes; those that a worker starts are its own."""
        there = {each.pid: each for each in self.workers.crew.workers if each.pid is not None}
        yield from processes("parent", "", os.getpid(), count_descriptors(), [*there])
        for pid, worker in there.items():
            gauges = self.overview.counts.get(worker, {}).get("gauges", {})
            yield from processes("worker", str(worker.number), pid, _share(gauges))

    def fares(self) -> Fares:
        """See how they fare; until one of them has served, nothing is wrong with that."""
        crew = self.workers.crew
        starting = not crew.ready.called
        return Fares(
            crew.wellbeing.health,
            alive=starting or crew.wellbeing.alive,
            serving=crew.wellbeing.open,
        )


_NOTHING: Plain = {**Tally().plain(), "figures": {**Ledger().figures(), "connections": {}}}


def page_alone(reactor: Reactor, port: Port | None, server: Server, tally: Tally) -> "Page | None":
    """Make the page of a server alone, if it has one."""
    if port is None or not isinstance(tally, Ledger):
        return None
    alone = _Alone(server, tally, time.time())
    return _page(reactor, port, alone.look, alone.fares)


def page_of_parent(
    reactor: Reactor, port: Port | None, workers: Workers, overview: Overview
) -> "Page | None":
    """Make the page of a parent, if it has one."""
    if port is None:
        return None
    crewed = _Crewed(workers, overview, time.time())
    return _page(reactor, port, crewed.look, crewed.fares)


def _page(
    reactor: Reactor, port: Port, look: Callable[[], Snapshot], fares: Callable[[], Fares]
) -> "Page":
    """Make a page."""
    from gomail.server.metrics import families  # noqa: PLC0415 -- an extra
    from gomail.server.metrics.service import Page  # noqa: PLC0415 -- needed by nobody else

    def stopping() -> Fares:
        return fares()._replace(stopping=served.stopping)

    answers = {b"/metrics": families.page(look, reactor.seconds), **probes(stopping)}
    served = Page(reactor, port, answers)
    return served


def _share(gauges: Mapping[str, Any]) -> Share | None:
    """Give how many files a process has open, if it has told."""
    descriptors = gauges.get("descriptors")
    return None if descriptors is None else Share(*descriptors)


def _places(configuration: Configuration) -> tuple[str, ...]:
    """Name the listeners as they are configured."""
    return tuple(dict.fromkeys(each.place for each in configuration.listeners))
