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
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.resolver
from dns.nameserver import Do53Nameserver
from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.checks.dns.cache import Cache, Question
from gomail.checks.dns.sockets import Sockets
from gomail.checks.dns.wire import read_name, values_of
from gomail.checks.records import Outcome, Records
from gomail.checks.servers import Server, read_server

_FAILED = Records(Outcome.FAILED)
_PAYLOAD = 1232  # octets that fit through any path in one piece, as all resolvers advertise
_TRIES = 3  # within the deadline, of a server that does not answer


class StubResolver:
    """
    Asks DNS; a `gomail.checks.records.Resolver`.

    Args:
        reactor: with UDP, TCP and time.
        servers: resolvers, as `gomail.checks.servers` reads them; without any, those of
            /etc/resolv.conf as it is now.
        seconds: for which an answer is waited, in all.
        at_once: how many questions may be under way, each of which has a socket; others wait
            within their deadline.
        cache: how many octets of memory answers may take.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,  # noqa: ANN401 -- zope has no type for several interfaces
        servers: Sequence[str] = (),
        *,
        seconds: float = 5.0,
        at_once: int = 100,
        cache: int = 8 * 1024 * 1024,
    ) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._turns = DeferredSemaphore(at_once)
        self._cache = Cache(cache, reactor.seconds)
        self._asked: dict[Question, _Asked] = {}
        asked = [read_server(text) for text in servers or system_servers()]
        self._dns = _stub(asked, seconds)
        self._nearby = all(ipaddress.ip_address(server.ip).is_loopback for server in asked)

    def lookup(self, name: str, kind: str) -> Deferred[Records]:
        """Ask for the records of a *kind* at a *name*; see `gomail.checks.records.Resolver`."""
        question = name.lower().removesuffix("."), kind
        known = self._cache.get(question)
        if known is not None:
            return succeed(known)
        asked = self._asked.get(question)
        if asked is not None:
            return asked.join()
        asked = self._asked[question] = _Asked(partial(self._asked.pop, question))
        waiting = asked.join()
        work = Deferred.fromCoroutine(self._ask(*question))
        work.addTimeout(self._seconds, self._reactor, onTimeoutCancel=lambda *_: _FAILED)
        work.addErrback(self._failed)
        work.addCallback(self._answered, question)
        asked.begin(work)
        return waiting

    async def _ask(self, name: str, kind: str) -> Records:
        """Ask the servers, when it is our turn."""
        question = read_name(name)
        if question is None:
            return Records(Outcome.MISSING)
        await self._turns.acquire()
        sockets = Sockets(self._reactor)
        try:
            answer = await self._dns.resolve(
                question, kind, raise_on_no_answer=False, search=False, backend=sockets
            )
        except dns.resolver.NXDOMAIN as missing:
            return self._records(missing.response(question), Outcome.MISSING)
        except (dns.exception.DNSException, OSError):
            return _FAILED
        finally:
            self._turns.release()
        if answer.rrset is None:
            return self._records(answer.response, Outcome.EMPTY)
        return self._records(answer.response, Outcome.FOUND, values_of(answer.rrset))

    def _records(
        self, response: dns.message.QueryMessage, outcome: Outcome, values: tuple[bytes, ...] = ()
    ) -> Records:
        """Give what a response says besides its records."""
        seconds = response.resolve_chaining().minimum_ttl
        authenticated = self._nearby and bool(response.flags & dns.flags.AD)
        return Records(outcome, values, seconds, authenticated)

    def _failed(self, failure: Failure) -> Records:
        """Give FAILED; an error of ours is told."""
        if not failure.check(CancelledError):
            self.log.failure("DNS could not be asked", failure)
        return _FAILED

    def _answered(self, records: Records, question: Question) -> None:
        """Keep the answer, and give it to all who wait for it."""
        self._cache.put(question, records)
        asked = self._asked.pop(question, None)
        if asked is not None:
            asked.answer(records)


class _Asked:
    """
    A question under way, and all who wait for its answer; when the last of them leaves it is ended.

    Args:
        forget: is called then, so that nobody joins any more.
    """

    def __init__(self, forget: partial["_Asked"]) -> None:
        self._forget = forget
        self._waiting: list[Deferred[Records]] = []
        self._work: Deferred[Any] | None = None

    def join(self) -> Deferred[Records]:
        """Give what fires with the answer; cancelling it leaves the others alone."""
        waiting: Deferred[Records] = Deferred(self._leave)
        self._waiting.append(waiting)
        return waiting

    def begin(self, work: Deferred[Any]) -> None:
        """Know what is to be ended."""
        self._work = work

    def answer(self, records: Records) -> None:
        """Give the answer to all."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(records)

    def _leave(self, waiting: Deferred[Records]) -> None:
        """Wait for nobody who has gone."""
        self._waiting.remove(waiting)
        if not self._waiting and self._work is not None:
            self._forget()
            self._work.cancel()


def system_servers(path: str = "/etc/resolv.conf") -> Sequence[str]:
    """
    Give the resolvers of this machine; without any it is itself one (resolv.conf(5)).

    What is no address there is passed over, as the C library does: mail waits for no resolver.
    """
    servers = []
    with suppress(OSError):
        for line in Path(path).read_text("latin-1").splitlines():
            word, *addresses = line.split() or [""]
            if word == "nameserver":
                with suppress(ValueError):
                    servers += [read_server(each).ip for each in addresses[:1]]
    return servers or ["127.0.0.1"]


def _stub(servers: Sequence[Server], seconds: float) -> dns.asyncresolver.Resolver:
    """Set dnspython's resolver up."""
    stub = dns.asyncresolver.Resolver(configure=False)
    stub.nameservers = [Do53Nameserver(*server) for server in servers]
    stub.timeout, stub.lifetime = seconds / _TRIES, seconds
    stub.use_edns(0, 0, _PAYLOAD)
    # RFC 6840 §5.7: with AD in the question, a resolver that validates may set it in the answer.
    stub.flags = dns.flags.RD | dns.flags.AD
    return stub
