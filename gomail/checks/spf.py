"""
SPF (RFC 7208): whether a domain lets the client send in its name.

spftrace evaluates; here are the identities that it is asked for, its DNS and its bounds: 10 terms
and 2 void lookups (RFC 7208 §4.6.4), questions in all, since ten ``mx`` could be a hundred, and
time. What a domain explains by ``exp`` is its own text, and goes nowhere.
"""

import asyncio
from collections.abc import Coroutine
from types import FunctionType, MethodType
from typing import TypeVar

import spftrace.session
from spftrace import BaseResolver, Evaluator, Limits
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gomail.address import Path, comparable_domain
from gomail.checks.records import Outcome, Resolver
from gomail.finding import NONE, PERMERROR, TEMPERROR, Finding, Property

T = TypeVar("T")

_LIMITS = Limits(time_limit=10, max_queries=40)
_RCODES = {Outcome.MISSING: "NXDOMAIN", Outcome.FAILED: "SERVFAIL"}
_REASONS = {
    TEMPERROR: "DNS does not tell the domain's policy",
    PERMERROR: "the domain's policy can not be evaluated",
    NONE: "the domain has no policy",
}


class SPF:
    """
    Asks domains whether they let a client send in their names.

    Args:
        resolver: asks DNS.
        clock: by which it is too late.
        receiver: our host name, for the macro ``%{r}`` (RFC 7208 §7.2).
    """

    def __init__(self, resolver: Resolver, clock: IReactorTime, receiver: str) -> None:
        self._resolver = _Answers(resolver)
        self._receiver = receiver
        self._query = _query_by(clock)

    async def helo(self, ip: str, name: str) -> Finding:
        """Check the HELO identity (RFC 7208 §2.3): what follows the client's HELO or EHLO."""
        return await self._check("helo", ip, "postmaster", name, name)

    async def mail(self, ip: str, helo: str, reverse_path: Path) -> Finding:
        """
        Check the MAIL FROM identity (RFC 7208 §2.4): HELO's postmaster, if the path is null.

        The property ``smtp.mailfrom`` is the domain alone: no local-part is repeated where it could
        pass for another result.
        """
        if reverse_path.address is None:
            return await self._check("mailfrom", ip, "postmaster", helo, helo)
        local_part, domain = reverse_path.address
        return await self._check("mailfrom", ip, local_part, domain, helo)

    async def _check(
        self, identity: str, ip: str, local_part: str, name: str, helo: str
    ) -> Finding:
        """Evaluate the policy of a domain by its *name*; an address literal has none."""
        domain = _domain(name)
        properties = (Property("smtp", identity, domain or name),)
        if not domain:
            return Finding("spf", NONE, properties, "that is no domain")
        evaluator = _Evaluator(self._resolver, self._receiver, self._query)
        # A name is what %{h} stands for, even where it is no domain.
        found = await evaluator.evaluate(
            ip.partition("%")[0], f"{local_part or 'postmaster'}@{domain}", _domain(helo) or helo
        )
        if evaluator.limits.exceeded:
            return Finding("spf", PERMERROR, properties, "the policy asks for too much of DNS")
        return Finding("spf", found.result, properties, _REASONS.get(found.result, ""))


def _domain(name: str) -> str:
    """Give a domain as DNS knows it; nothing if it can't: address literals, bad U-labels."""
    try:
        domain = comparable_domain(name.strip())
    except ValueError:
        return ""
    return domain if not domain.startswith("[") else ""


class _Answers(BaseResolver):
    """What DNS says, as spftrace wants to hear it."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def _lookup(self, name: str, rtype: str) -> tuple[str, list[str]]:
        """Ask; octets beyond ASCII become what no policy may have (RFC 7208 §3.1)."""
        records = await self._resolver.lookup(name, rtype)
        values = [value.decode("latin-1") for value in records.values]
        if rtype == "MX":
            values = [value.partition(" ")[2] for value in values]
        return _RCODES.get(records.outcome, "NOERROR"), values


class _Evaluator(Evaluator):
    """spftrace's evaluator, whose questions wait by our clock."""

    def __init__(self, resolver: BaseResolver, receiver: str, query: FunctionType) -> None:
        self._asking = query
        super().__init__(resolver, _LIMITS, receiver)

    def _begin(self) -> None:
        """Begin with nothing counted."""
        super()._begin()
        query = MethodType(self._asking, self.session)
        self.session.query = query  # type: ignore[method-assign]


def _query_by(clock: IReactorTime) -> FunctionType:
    """
    Give spftrace's own way to ask a question, for which ``asyncio.wait_for`` is ours.

    asyncio's wants a running loop of its own. The module stays as it is for everybody else who uses
    it: this is the same code, to which the name asyncio means something else.
    """
    original = spftrace.session.EvaluationSession.query
    names = {**original.__globals__, "asyncio": _Waiting(clock)}
    return FunctionType(original.__code__, names, "query", original.__defaults__)


class _Waiting:
    """What ``query`` takes from asyncio."""

    TimeoutError = asyncio.TimeoutError

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    async def wait_for(self, lookup: Coroutine[Deferred[object], object, T], timeout: float) -> T:  # noqa: ASYNC109 -- spftrace's
        """Wait, but not for ever; raise TimeoutError then."""
        waiting = Deferred.fromCoroutine(lookup)
        waiting.addTimeout(timeout, self._clock, onTimeoutCancel=_too_late)
        return await waiting


def _too_late(_: object, seconds: float) -> None:
    """Say in spftrace's way that it is too late."""
    raise TimeoutError(f"{seconds} s")
