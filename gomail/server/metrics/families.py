"""
What is known of a server, as Prometheus has it: families of metrics, and the page that they make.

Names and units are Prometheus' own conventions. Which labels a family has, and what they may be,
stands here alone: each series is there from the start, and no client adds one.
"""

import platform
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Any, cast

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from gomail.health import State
from gomail.server.judgement import RULES
from gomail.server.metrics.answer import Answer, Give
from gomail.server.metrics.figures import buckets
from gomail.server.metrics.snapshot import Process, RefusalName, Snapshot
from gomail.server.workers.wellbeing import MISSING

OPENMETRICS = b"application/openmetrics-text"
OTHER = RefusalName("other", "permanent"), RefusalName("other", "temporary")
FRESH = 1.0  # seconds for which a page is told again: workers tell what they count once a second
_ABOUT = {
    "gomail": version("gomail"),
    "python": platform.python_version(),
    "twisted": version("twisted"),
}
Counts = Mapping[Any, float]  # by the values of the labels


class Families(Collector):
    """
    Collects them.

    Args:
        look: gives what is known at this moment.
    """

    def __init__(self, look: Callable[[], Snapshot]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        """Give all families."""
        seen = self._look()
        yield from _mail(seen)
        yield from _clients(seen)
        yield from _times(seen)
        yield from _health(seen)
        yield from _room(seen)
        yield from _processes(seen)


def page(look: Callable[[], Snapshot], clock: Callable[[], float]) -> Give:
    """
    Make what gives the page, in the one of two formats that an Accept field asks for.

    Nothing else of that field counts, so what is written for one is the same for all, and is told
    again for `FRESH` seconds, however often it is asked for.
    """
    registry = CollectorRegistry()
    registry.register(Families(look))
    formats: dict[bool, tuple[str, Callable[[CollectorRegistry], bytes]]] = {
        True: (f"{OPENMETRICS.decode()}; version=1.0.0; charset=utf-8", generate_openmetrics),
        False: ("text/plain; version=0.0.4; charset=utf-8", generate_latest),
    }
    written: dict[bool, tuple[float, Answer]] = {}

    def give(accept: bytes) -> Answer:
        wanted, now = OPENMETRICS in accept, clock()
        if wanted not in written or now - written[wanted][0] >= FRESH:
            kind, write = formats[wanted]
            written[wanted] = now, Answer(200, kind, write(registry))
        return written[wanted][1]

    return give


def _counter(name: str, about: str, labels: str, counts: Counts) -> Metric:
    """Make a family of counters."""
    family = CounterMetricFamily(f"gomail_{name}", about, labels=labels.split())
    for values, count in counts.items():
        family.add_metric(values, count)
    return family


def _gauge(name: str, about: str, labels: str, counts: Counts) -> Metric:
    """Make a family of gauges."""
    family = GaugeMetricFamily(f"gomail_{name}", about, labels=labels.split())
    for values, count in counts.items():
        family.add_metric(values, count)
    return family


def _one(value: float | None) -> Counts:
    """Give what has no labels, if it is known."""
    return {} if value is None else {(): value}


def _mail(seen: Snapshot) -> Iterator[Metric]:
    """Tell what became of messages."""
    counts, figures = seen.counts, seen.counts["figures"]
    yield _counter("messages", "Messages that were stored.", "", _one(counts["messages"]))
    about = "Octets of the content of stored messages, as it came."
    yield _counter("message_bytes", about, "", _one(counts["octets"]))
    about = "Content that began, and of which no message came."
    yield _counter("messages_dropped", about, "", _one(counts["dropped"]))
    about = "Messages that went into a junk folder, by who said so."
    junk = {("policy",): counts["junk"], ("milter",): counts["milters-junk"]}
    yield _counter("messages_junk", about, "by", junk)
    about = "Commands, messages and sessions that were refused, by the meaning of the reply."
    yield _counter("refusals", about, "reason kind", _refusals(seen))
    about = "Findings of the checks of stored and refused messages, by method and result."
    yield _counter("authentication_results", about, "method result", figures["results"])
    about = "Messages that were checked, by what the policy made of them."
    yield _counter("policy_actions", about, "action", figures["actions"])
    shadow = {
        (action,): sum(counts["shadow"].get(action, {}).values())
        for (action,) in figures["actions"]
    }
    about = "Messages of which a rule in the shadow would have made more, by what."
    yield _counter("policy_shadow_actions", about, "action", shadow)


def _refusals(seen: Snapshot) -> Counts:
    """Count refusals by what they mean."""
    found = {(each.reason, each.kind): 0 for each in (*seen.refusals.values(), *OTHER)}
    for reply, count in seen.counts["refusals"].items():
        each = seen.refusals.get(reply) or OTHER[reply.startswith("4")]
        found[each.reason, each.kind] += count
    return found


def _clients(seen: Snapshot) -> Iterator[Metric]:
    """Tell who comes."""
    counts, figures = seen.counts, seen.counts["figures"]
    versions = dict(figures["versions"])
    plain = counts["ended"] - sum(versions.values())
    about = "Sessions that have ended, by the version of TLS."
    yield _counter("sessions", about, "tls", {("none",): plain, **versions})
    about = "Sessions from addresses of the world outside."
    yield _counter("sessions_public", about, "", _one(counts["public"]))
    about = "Connections that were taken, by the listener."
    found = {(each,): figures["connections"].get((each,), 0) for each in seen.listeners}
    yield _counter("connections", about, "listener", found)
    found = {(each,): _sum(seen, "open", each) for each in seen.listeners}
    yield _gauge("sessions_open", "Sessions that are open, by the listener.", "listener", found)
    yield _gauge("sessions_limit", "Sessions that may be open.", "", _one(seen.sessions.most))
    about = "TLS handshakes behind STARTTLS, by whose server the client calls itself, and outcome."
    yield _counter("tls_handshakes", about, "provider outcome", figures["handshakes"])


def _sum(seen: Snapshot, name: str, key: str) -> float:
    """Add up what processes have measured."""
    return cast("float", sum(each[name].get(key, 0) for each in seen.gauges))


def _times(seen: Snapshot) -> Iterator[Metric]:
    """Tell how long things take."""
    figures = seen.counts["figures"]
    about = "Seconds from the end of a message until it was durable, and its sender heard 250."
    yield _histogram("message_store_seconds", about, figures["stored"])
    about = "Seconds that a batch of messages took to become durable (fsync)."
    yield _histogram("batch_seconds", about, figures["batches"])
    about = "Seconds by which the reactor was late, at most, in the last ten seconds."
    yield _gauge("reactor_lag_seconds", about, "", _one(_worst(seen, "lag")))


def _histogram(name: str, about: str, counted: list[float]) -> Metric:
    """Make a histogram."""
    family = HistogramMetricFamily(f"gomail_{name}", about)
    family.add_metric((), *buckets(counted))
    return family


def _worst(seen: Snapshot, name: str) -> float | None:
    """Give the highest that any process has measured."""
    return max((each[name] for each in seen.gauges), default=None)


def _health(seen: Snapshot) -> Iterator[Metric]:
    """Tell how the server fares."""
    health = seen.health
    states = {(str(state),): float(state == health.state) for state in State}
    yield _gauge("health_state", "How the server fares: 1 at its state.", "state", states)
    words = (*(rule.word for rule in RULES), MISSING)
    reasons = {(word,): float(word in health.words) for word in words}
    yield _gauge("health_reason", "Why: 1 at each reason that holds.", "reason", reasons)
    yield _gauge("workers", "Processes that are to serve.", "", _one(seen.workers.most))
    yield _gauge("workers_serving", "Processes that serve.", "", _one(seen.workers.used))
    about = "Workers that have ended, and were followed by others."
    yield _counter("workers_ended", about, "", _one(seen.ended))
    about = "When the server began, in seconds since 1970; a handover begins anew."
    yield _gauge("start_time_seconds", about, "", _one(seen.started))
    yield InfoMetricFamily("gomail_build", "What runs: always 1.", value=_ABOUT)


def _room(seen: Snapshot) -> Iterator[Metric]:
    """Tell what is left."""
    free = [each["free"] for each in seen.gauges if each["free"] is not None]
    about = "Octets that may be written to the disk of the Maildirs."
    yield _gauge("disk_free_bytes", about, "", _one(min(free, default=None)))
    about = "Octets of them that stay free: with less, no mail is taken."
    yield _gauge("disk_reserve_bytes", about, "", _one(_worst(seen, "reserve")))
    ends: dict[tuple[str, ...], float] = {}
    for each in seen.gauges:
        for place, end in enumerate(each["certificates"], 1):
            ends[str(place),] = min(end, ends.get((str(place),), end))
    about = "Until when a certificate holds, in seconds since 1970, by its place in the settings."
    yield _gauge("certificate_end_timestamp_seconds", about, "certificate", ends)


def _processes(seen: Snapshot) -> Iterator[Metric]:
    """Tell what processes use."""

    def told(value: Callable[[Process], Any]) -> Counts:
        found = {(each.role, each.worker): value(each) for each in seen.processes}
        return {labels: count for labels, count in found.items() if count is not None}

    labels = "process worker"
    about = "Memory that is a process' own just now."
    yield _gauge("process_resident_memory_bytes", about, labels, told(lambda each: each.resident))
    about = "Time that a process has had a processor."
    yield _counter("process_cpu_seconds", about, labels, told(lambda each: each.seconds))
    known = told(lambda each: each.descriptors)
    about = "Files and sockets that a process has open."
    used = {labels: cast("Any", share).used for labels, share in known.items()}
    yield _gauge("process_open_fds", about, labels, used)
    most = {labels: cast("Any", share).most for labels, share in known.items()}
    yield _gauge("process_max_fds", "Files and sockets that it may have open.", labels, most)
