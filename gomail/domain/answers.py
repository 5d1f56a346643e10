"""
What DNS said of a domain, and who said it: plain values, which are judged elsewhere.

Names are text in lower case without a final dot; the root is the empty name. Records are text as in
a master file, with such names: ``10 mx.example.org`` is a value of MX.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class Outcome(Enum):
    """What came of a question."""

    FOUND = "found"
    EMPTY = "empty"  # the name is there, but no such record
    MISSING = "missing"  # the name is not there (NXDOMAIN)
    LAME = "lame"  # the server has no authority over the name
    SILENT = "silent"  # nothing came back
    UNREADABLE = "unreadable"  # what came back breaks the rules of its kind
    FAILED = "failed"  # a resolver could not find out
    BOGUS = "bogus"  # … because the signatures don't hold (RFC 4035 §4.3)


TOLD = frozenset({Outcome.FOUND, Outcome.EMPTY, Outcome.MISSING})


class Question(NamedTuple):
    """A name, and a kind of record."""

    name: str
    kind: str


class Server(NamedTuple):
    """One address of a server: its name, its address as text, and its port."""

    name: str
    ip: str
    port: int = 53

    def __str__(self) -> str:
        """Write it for people."""
        port = "" if self.port == 53 else f" port {self.port}"
        return f"{self.name} ({self.ip}{port})" if self.name else f"{self.ip}{port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What one server said.

    Attributes:
        outcome: what came of the question.
        records: the records that were found, sorted.
        seconds: for which that may be kept; of a cache, what is left of them.
        alias: where the name leads, if it is no name of its own but a CNAME.
        detail: why there is no answer.
    """

    outcome: Outcome
    records: tuple[str, ...] = ()
    seconds: int = 0
    alias: str | None = None
    detail: str = ""

    @property
    def told(self) -> bool:
        """Whether the server knew what there is."""
        return self.outcome in TOLD

    def __str__(self) -> str:
        """Write it for people."""
        if self.outcome is Outcome.FOUND:
            return ", ".join(self.records)
        words = {Outcome.EMPTY: "no such record", Outcome.MISSING: "no such name"}
        return words.get(self.outcome) or self.detail


@dataclass(frozen=True, slots=True)
class Zone:
    """
    A zone, as the zone above it delegates it.

    Attributes:
        name: where it begins.
        above: the name of the zone that delegates it.
        above_servers: the servers of that zone.
        delegated: names of its servers, as they are told there.
        servers: their addresses, as far as they can be asked from here.
        lost: those names that have no address.
    """

    name: str
    above: str = ""
    above_servers: tuple[Server, ...] = ()
    delegated: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """
    All that was seen of a domain.

    Attributes:
        domain: what mail is for.
        zone: where its records are; of a domain that is not there, the zone that says so.
        missing: the part of the domain that is not there, if one is not.
        delegations: what each server above said of the zone's servers.
        answers: what each server of a name's zone said.
        cached: what each resolver said, of those questions only that all servers answer alike.
        zones: the zone of each name that was asked about.
        unasked: addresses of servers that can't be asked from here, since there is no IPv6, or no
            IPv4.
    """

    domain: str
    zone: Zone
    missing: str | None = None
    delegations: Mapping[Server, Answer] = field(default_factory=dict)
    answers: Mapping[Question, Mapping[Server, Answer]] = field(default_factory=dict)
    cached: Mapping[Question, Mapping[Server, Answer]] = field(default_factory=dict)
    zones: Mapping[str, Zone] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()

    def told(self, name: str, kind: str) -> tuple[Answer, ...]:
        """Give what those servers said that know, those with the newest zone first."""
        said = self.answers.get(Question(name, kind), {})
        zone = self.zones.get(name, self.zone)
        ranked = sorted(said, key=lambda each: self._serial(zone, each), reverse=True)
        return tuple(said[each] for each in ranked if said[each].told)

    def answer(self, name: str, kind: str) -> Answer | None:
        """Give what holds: the word of a server with the newest zone; None where no one knows."""
        return next(iter(self.told(name, kind)), None)

    def records(self, name: str, kind: str) -> tuple[str, ...]:
        """Give the records that hold."""
        answer = self.answer(name, kind)
        return () if answer is None else answer.records

    def agreed(self, name: str, kind: str) -> bool:
        """Tell whether all servers that know say the same, and at least one does."""
        return len({(each.outcome, each.records) for each in self.told(name, kind)}) == 1

    def _serial(self, zone: Zone, server: Server) -> int:
        """Give the serial number of the zone that a server has; 0 where that was not told."""
        soa = self.answers.get(Question(zone.name, "SOA"), {}).get(server)
        return int(soa.records[0]) if soa is not None and soa.records else 0


def exchangers(records: Iterable[str]) -> tuple[tuple[int, str], ...]:
    """Read MX records: preference and host, the most preferred first."""
    pairs = (record.split(" ", 1) for record in records)
    return tuple(sorted((int(preference), host) for preference, host in pairs))
