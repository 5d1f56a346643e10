"""
A stub resolver: it asks the resolvers that this machine is set up with, or others.

It has what a check may expect: EDNS, TCP where an answer was cut off, a cache, one question for all
who ask the same, and a deadline. Whatever goes wrong, an answer comes, and it is FAILED: a server
is gone, slow, or lies (RFC 5452 §9.1: wrong id, wrong question, from elsewhere).

The resolver that it asks does the work: recursion, validation, most of caching. Its word that an
answer is authentic counts only if it runs on this machine, since the AD bit is no more than that
word (RFC 4035 §4.9.3).
"""

import ipaddress
from collections.abc import Sequence
from functools import partial
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.resolver
from dns.nameserver import Do53Nameserver
from twisted.internet.defer import Deferred, succeed

from gomail.checks.dns.cache import Cache, Question
from gomail.checks.dns.question import Asked
from gomail.checks.dns.sockets import Sockets
from gomail.checks.dns.system import RESOLV_CONF, System
from gomail.checks.dns.turns import Turns
from gomail.checks.dns.wire import read_name, values_of
from gomail.checks.records import Outcome, Records
from gomail.checks.servers import read_server

_FAILED = Records(Outcome.FAILED)
_PAYLOAD = 1232  # octets that fit through any path in one piece, as all resolvers advertise
AT_ONCE = 100  # questions
_TRIES = 3  # within the deadline, of a server that does not answer


class StubResolver:
    """
    Asks DNS; a `gomail.checks.records.Resolver`.

    Args:
        reactor: with UDP, TCP and time.
        servers: resolvers, as `gomail.checks.servers` reads them; without any, those of this
            machine, as they are when a question goes out.
        seconds: for which an answer is waited, in all.
        at_once: how many questions may be under way, each of which has a socket; others wait
            within their deadline, and clients have shares of them.
        cache: how many octets of memory answers may take.
        system: the file that names the resolvers of this machine.
    """

    def __init__(  # noqa: PLR0913 -- its bounds have defaults
        self,
        reactor: Any,  # noqa: ANN401 -- zope has no type for several interfaces
        servers: Sequence[str] = (),
        *,
        seconds: float = 5.0,
        at_once: int = AT_ONCE,
        cache: int = 8 * 1024 * 1024,
        system: str = RESOLV_CONF,
    ) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._turns = Turns(at_once)
        self._cache = Cache(cache, reactor.seconds)
        self._asked: dict[Question, Asked] = {}
        self._system = None if servers else System(system)
        self._servers = _Servers(servers, seconds)

    def share(self, client: str) -> "Share":
        """
        Give the resolver as a client may use it, whose questions never hold up those of others.

        Args:
            client: its address; all of a /64 of IPv6 are one.
        """
        return Share(self, _neighbourhood(client))

    def lookup(self, name: str, kind: str, client: str = "") -> Deferred[Records]:
        """
        Ask for the records of a *kind* at a *name*; see `gomail.checks.records.Resolver`.

        Args:
            name: in A-labels.
            kind: of records.
            client: who has a share of the questions under way.
        """
        question = name.lower().removesuffix("."), kind
        known = self._cache.get(question)
        if known is not None:
            return succeed(known)
        asked = self._asked.get(question)
        if asked is None:
            ask, over = partial(self._ask, *question), partial(self._over, question)
            asked = Asked(self._turns, self._reactor, self._seconds, ask, over)
            self._asked[question] = asked
        return asked.join(client)

    def _over(self, question: Question, asked: Asked, records: Records) -> None:
        """Have nobody join a question any more, and keep its answer."""
        if self._asked.get(question) is asked:
            del self._asked[question]
            self._cache.put(question, records)

    async def _ask(self, name: str, kind: str) -> Records:
        """Ask the servers."""
        question = read_name(name)
        if question is None:
            return Records(Outcome.MISSING)
        servers = self._current()
        try:
            answer = await servers.stub.resolve(
                question,
                kind,
                raise_on_no_answer=False,
                search=False,
                backend=Sockets(self._reactor),
            )
        except dns.resolver.NXDOMAIN as missing:
            return servers.records(missing.response(question), Outcome.MISSING)
        except (dns.exception.DNSException, OSError):
            return _FAILED
        if answer.rrset is None:
            return servers.records(answer.response, Outcome.EMPTY)
        return servers.records(answer.response, Outcome.FOUND, values_of(answer.rrset))

    def _current(self) -> "_Servers":
        """Give those whom we ask; where the machine has others now, their answers may differ."""
        changed = None if self._system is None else self._system.changed()
        if changed is not None:
            self._servers = _Servers(changed, self._seconds)
            self._cache.clear()
        return self._servers


class Share:
    """
    A resolver for one client; a `gomail.checks.records.Resolver`.

    Args:
        resolver: that all share.
        client: what tells the client from others.
    """

    __slots__ = ("_client", "_resolver")

    def __init__(self, resolver: StubResolver, client: str) -> None:
        self._resolver = resolver
        self._client = client

    def lookup(self, name: str, kind: str) -> Deferred[Records]:
        """Ask on behalf of the client."""
        return self._resolver.lookup(name, kind, self._client)


class _Servers:
    """
    Resolvers that are asked.

    Args:
        servers: as `gomail.checks.servers` reads them.
        seconds: for which all of them together are tried.
    """

    def __init__(self, servers: Sequence[str], seconds: float) -> None:
        read = [read_server(text) for text in servers]
        self._nearby = all(ipaddress.ip_address(server.ip).is_loopback for server in read)
        self.stub = stub = dns.asyncresolver.Resolver(configure=False)
        stub.nameservers = [Do53Nameserver(*server) for server in read]
        stub.timeout, stub.lifetime = seconds / _TRIES, seconds
        stub.use_edns(0, 0, _PAYLOAD)
        # RFC 6840 §5.7: with AD in the question, a resolver that validates may set it in the
        # answer.
        stub.flags = dns.flags.RD | dns.flags.AD

    def records(
        self, response: dns.message.QueryMessage, outcome: Outcome, values: tuple[bytes, ...] = ()
    ) -> Records:
        """Give what a response of theirs says."""
        seconds = response.resolve_chaining().minimum_ttl
        authenticated = self._nearby and bool(response.flags & dns.flags.AD)
        return Records(outcome, values, seconds, authenticated)


def _neighbourhood(client: str) -> str:
    """Give what a client can't change at will: its IPv4 address, or its /64 of IPv6."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return address.exploded[: len("2001:0db8:0000:0000")]
        address = address.ipv4_mapped
    return str(address)
