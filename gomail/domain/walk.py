"""
The way down from the root to the zone that a name is in, by asking each zone's servers directly.

So nothing is heard from a cache, and nothing gets into one. Each step asks for the servers of the
next label alone (RFC 9156), which also finds the cut between two zones on the same servers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from gomail.domain.answers import Answer, Outcome, Question, Server, Zone
from gomail.domain.wire import Asker, NoAnswer, named, read

_DEEPEST = 6  # names of servers that are found by names of servers …
_TRIED = 5  # servers of a zone that are asked one after another


class Unfound(Exception):
    """It can't be found out which zone a name is in; the text says why."""


class NoSuchName(Exception):
    """
    A part of a name is not there.

    Attributes:
        name: that part.
        zone: whose servers say so.
    """

    def __init__(self, name: str, zone: Zone) -> None:
        super().__init__(name)
        self.name, self.zone = name, zone


@dataclass(frozen=True, slots=True)
class _Cut:
    """A delegation, as a server tells it: names of servers, and addresses that came along."""

    names: tuple[str, ...]
    glue: tuple[Server, ...]


class Walk:
    """
    Finds zones; what it has found it does not ask for again.

    Args:
        asker: asks a server.
        roots: servers of the root, by whose port all others are asked.
    """

    def __init__(self, asker: Asker, roots: Iterable[Server]) -> None:
        self._asker = asker
        self._roots = tuple(roots)
        self._port = self._roots[0].port
        self._zones: dict[str, Zone] = {}
        self._known: dict[str, asyncio.Task[Zone]] = {}
        self.unasked: set[str] = set()
        self._families: frozenset[bool] = frozenset()

    async def begin(self) -> None:
        """
        Find out by which of IPv6 and IPv4 servers can be asked from here.

        Raises:
            Unfound: by none, or whoever answers is no server of the root.
        """
        soa = Question("", "SOA")
        few = [
            server
            for six in (False, True)
            for server in [each for each in self._roots if (":" in each.ip) == six][:3]
        ]
        answers = await asyncio.gather(*(self._asker.authority(each, soa) for each in few))
        lame = [
            each for each, said in zip(few, answers, strict=True) if said.outcome is Outcome.LAME
        ]
        if lame:
            raise Unfound(
                f"{lame[0]} answers for the root without authority: somebody between here and "
                "there answers DNS in its place, such as a router or a provider, so the servers of "
                "the domain can't be heard from here; ask from another network"
            )
        heard = [each for each, said in zip(few, answers, strict=True) if said.told]
        if not heard:
            raise Unfound("no server of the root answers: DNS can't be asked from here")
        self._families = frozenset(":" in each.ip for each in heard)
        self._zones[""] = Zone("", servers=self._askable(self._roots))

    async def zone(self, name: str, path: tuple[str, ...] = ()) -> Zone:
        """
        Give the zone that a name is in.

        Who is on the way to another name's servers, which *path* has, waits for nobody else on a
        way: two of them might wait for each other.

        Raises:
            NoSuchName: it is not there.
            Unfound: nobody can tell.
        """
        if path:
            return await self._find(name, path)
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = asyncio.create_task(self._find(name, path))
        return await asyncio.shield(known)

    async def addresses(self, name: str, path: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Give the addresses of a host; none where there are none, or nobody can tell."""
        if name in path or len(path) > _DEEPEST:
            return ()
        try:
            zone = await self.zone(name, (*path, name))
        except (NoSuchName, Unfound):
            return ()
        return await self._addresses(zone.servers, name)

    async def _addresses(self, servers: tuple[Server, ...], name: str) -> tuple[str, ...]:
        """Ask servers for the addresses of a host, until one knows them."""
        found: list[str] = []
        for kind in ("A", "AAAA"):
            for server in servers[:_TRIED]:
                said = await self._asker.authority(server, Question(name, kind))
                if said.told:
                    found += said.records
                    break
        return tuple(found)

    async def _find(self, name: str, path: tuple[str, ...]) -> Zone:
        """Go down from the root; zones that were found before are not asked for again."""
        labels = name.split(".")
        zone = self._zones[""]
        for count in range(1, len(labels) + 1):
            part = ".".join(labels[-count:])
            zone = self._zones.get(part) or await self._step(zone, part, name, path)
        return zone

    async def _step(self, zone: Zone, name: str, whole: str, path: tuple[str, ...]) -> Zone:
        """Give the zone that begins at a part of a name, or else the one that it is in."""
        cut = await self._cut(zone, name, whole)
        if cut is None:
            return zone
        servers, lost = await self._reach(cut, zone, name, path)
        below = Zone(name, zone.name, zone.servers, cut.names, servers, lost)
        if not (path and lost):  # what is lost on the way to its own servers may be found otherwise
            self._zones[name] = below
        return below

    async def _cut(self, zone: Zone, name: str, whole: str) -> _Cut | None:
        """Ask the servers of a zone, until one knows, whether another begins at a name."""
        question = Question(name, "NS")
        why = "it has no server that can be asked"
        for server in zone.servers[:_TRIED]:
            try:
                message = await self._asker.exchange(server, question)
            except NoAnswer as error:
                why = f"{server}: {error}"
                continue
            cut = delegation(message, name, zone.name, self._port)
            if cut is not None:
                return cut
            if message.flags & dns.flags.AA and message.rcode() == dns.rcode.NXDOMAIN:
                if name == whole or await self._is_missing(server, whole):
                    raise NoSuchName(name, zone)
                return None
            if message.flags & dns.flags.AA and message.rcode() == dns.rcode.NOERROR:
                return None
            why = f"{server} answers {dns.rcode.to_text(message.rcode())} without authority"
        raise Unfound(f"no server of {zone.name or 'the root'} tells about {name}; {why}")

    async def _is_missing(self, server: Server, name: str) -> bool:
        """
        Tell whether a name is not there, where a part of it is said not to be.

        Some servers say so of names that have nothing themselves, but something below them (RFC
        8020 §2; RFC 9156 §2.3).
        """
        try:
            message = await self._asker.exchange(server, Question(name, "NS"))
        except NoAnswer:
            return True
        return message.rcode() == dns.rcode.NXDOMAIN

    async def _reach(
        self, cut: _Cut, above: Zone, zone: str, path: tuple[str, ...]
    ) -> tuple[tuple[Server, ...], tuple[str, ...]]:
        """Give the addresses of a zone's servers, and the names that have none."""
        servers: list[Server] = []
        lost = []
        for name in cut.names:
            ips = [each.ip for each in cut.glue if each.name == name]
            if ips:
                found = tuple(ips)
            elif f".{name}".endswith(f".{zone}"):
                # Nobody else can know; those above do if they are the zone's own servers as well.
                found = await self._addresses(above.servers, name)
            else:
                found = await self.addresses(name, path)
            servers += [Server(name, ip, self._port) for ip in found]
            if not found:
                lost.append(name)
        return self._askable(servers), tuple(lost)

    def _askable(self, servers: Iterable[Server]) -> tuple[Server, ...]:
        """Give those that can be asked from here, and remember the others."""
        servers = tuple(servers)
        self.unasked |= {str(each) for each in servers if (":" in each.ip) not in self._families}
        return tuple(each for each in servers if (":" in each.ip) in self._families)

    async def delegations(self, zone: Zone) -> dict[Server, Answer]:
        """Ask each server above a zone for the names of its servers."""
        question = Question(zone.name, "NS")

        async def ask(server: Server) -> Answer:
            try:
                message = await self._asker.exchange(server, question)
            except NoAnswer as error:
                return Answer(Outcome.SILENT, detail=str(error))
            cut = delegation(message, zone.name, zone.above, self._port)
            return read(message, question) if cut is None else Answer(Outcome.FOUND, cut.names)

        return await ask_all(zone.above_servers, ask)


async def ask_all(
    servers: Iterable[Server], ask: Callable[[Server], Awaitable[Answer]]
) -> dict[Server, Answer]:
    """Ask servers at the same time."""
    servers = tuple(servers)
    answers = await asyncio.gather(*map(ask, servers))
    return dict(zip(servers, answers, strict=True))


def delegation(message: dns.message.Message, name: str, above: str, port: int) -> _Cut | None:
    """
    Read a delegation: from the authority section, or, of a server of both zones, from the answer.

    Addresses count only if they are the zone's above to tell.
    """
    for rrset in (*message.answer, *message.authority):
        if rrset.rdtype == dns.rdatatype.NS and named(rrset.name) == name:
            names = tuple(sorted(named(each.target) for each in rrset))
            suffix = dns.name.from_text(above or ".")
            glue = tuple(
                Server(named(extra.name), each.address, port)
                for extra in message.additional
                if extra.rdtype in {dns.rdatatype.A, dns.rdatatype.AAAA}
                and extra.name.is_subdomain(suffix)
                for each in extra
            )
            return _Cut(names, glue)
    return None
