"""
What DMARC says of a message (RFC 9989 §5.3): is it the author's domain's, and if not, what then.

What DNS fails to tell, and signatures and SPF whose own DNS failed, make temperror where they could
have made a pass: a domain's policy is not held against a message that might be its own.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gomail.address import comparable_domain
from gomail.checks.dmarc.record import NOTHING, POLICIES, Policies, Record, milder
from gomail.checks.dmarc.walk import Found, UnansweredError, Walks, organization_among
from gomail.checks.records import Outcome, Resolver
from gomail.finding import (
    FAIL,
    NONE,
    PASS,
    PERMERROR,
    TEMPERROR,
    Finding,
    Property,
)

_MOST_AUTHORS = 5  # domains; each one's policy is asked for


class Evaluation(NamedTuple):
    """
    What DMARC says.

    Attributes:
        finding: its result, with ``header.from`` and, where one is known, ``policy.dmarc``.
        asked: what the author's domain wants done with the message: ``none``, ``quarantine`` or
            ``reject``; ``none`` unless it fails.
    """

    finding: Finding
    asked: str = NOTHING


class _Identifiers(NamedTuple):
    """The domains that a message is authenticated by, or would be if DNS had answered."""

    signed: Sequence[str]
    sent: Sequence[str]


async def evaluate(
    authors: Sequence[str],
    spf: Sequence[Finding],
    dkim: Sequence[Finding],
    resolver: Resolver,
    *,
    why_none: str = "",
) -> Evaluation:
    """
    Evaluate DMARC for a message.

    Args:
        authors: the domains in From, as they are written there; of each address one.
        spf: what SPF says; only of MAIL FROM counts (``smtp.mailfrom``, RFC 9989 §4.4.2).
        dkim: what DKIM says of each signature (``header.d``); whoever verifies limits them.
        resolver: asks DNS.
        why_none: why there are no authors, where there are none.

    Several domains in From are never a pass, whoever has signed: permerror, with the strictest
    policy among those that it is not a pass for. RFC 9989 §5.3.1 leaves DMARC undefined there.
    """
    domains = list(dict.fromkeys(map(_domain, authors)))
    if not all(domains) or not domains:
        return _nobodys(domains, why_none or "From has no author's domain")
    walks = Walks(resolver)
    passed, unknown = (
        _Identifiers(
            _domains(dkim, result, "header", "d"), _domains(spf, result, "smtp", "mailfrom")
        )
        for result in (PASS, TEMPERROR)
    )
    found = [
        await _evaluate(domain, passed, unknown, walks, resolver)
        for domain in domains[:_MOST_AUTHORS]
    ]
    if len(domains) == 1:
        return found[0]
    asked = max((each.asked for each in found), key=POLICIES.index)
    properties = (*_from(domains[:_MOST_AUTHORS]), Property("policy", "dmarc", asked))
    return Evaluation(Finding("dmarc", PERMERROR, properties, "From has several domains"), asked)


def _nobodys(domains: Iterable[str], reason: str) -> Evaluation:
    """Say of a message that nobody can tell whose it is."""
    return Evaluation(Finding("dmarc", PERMERROR, _from(filter(None, domains)), reason))


async def _evaluate(
    author: str, passed: _Identifiers, unknown: _Identifiers, walks: Walks, resolver: Resolver
) -> Evaluation:
    """Evaluate it for one author's domain."""
    properties = _from([author])
    temporary = Evaluation(Finding("dmarc", TEMPERROR, properties, "DNS does not tell enough"))
    try:
        published = await _published(author, walks)
        if published is None or published.record.policies is None:
            return Evaluation(Finding("dmarc", NONE, properties, "the domain has no policy"))
        if await _is_aligned(author, passed, published.record, walks):
            return Evaluation(Finding("dmarc", PASS, properties))
        if await _is_aligned(author, unknown, published.record, walks):
            return temporary
        policy = await _asked(author, published.domain, published.record.policies, resolver)
    except UnansweredError:
        return temporary
    if published.record.testing:
        policy = milder(policy)
    properties += (Property("policy", "dmarc", policy),)
    reason = "neither SPF nor DKIM passes for the domain in From"
    return Evaluation(Finding("dmarc", FAIL, properties, reason), policy)


async def _published(author: str, walks: Walks) -> Found | None:
    """
    Find the policy for an author's domain (RFC 9989 §4.10.1).

    It is its own, else its organizational domain's, else that of the public suffix above.
    """
    own = await walks.record(author)
    if own is not None:
        return Found(author, own)
    found = await walks.found(author)
    organization = organization_among(author, found)
    for each in found:
        if each.domain == organization or each.record.psd == "y":
            return each
    return None


async def _is_aligned(author: str, identifiers: _Identifiers, record: Record, walks: Walks) -> bool:
    """
    Tell whether one of the identifiers is the author's (RFC 9989 §4.10.2, alignment).

    Raises:
        UnansweredError: none is, but DNS does not tell of each.
    """
    relaxed: list[str] = []
    for domains, strict in (
        (identifiers.signed, record.strict_dkim),
        (identifiers.sent, record.strict_spf),
    ):
        if author in domains:
            return True
        relaxed += [] if strict else [each for each in domains if _may_share(each, author)]
    if not relaxed:
        return False
    organization = await walks.organization(author)
    unanswered = None
    for domain in relaxed:
        # An organizational domain is the domain, or above it: for others no walk is needed.
        if domain != organization and not domain.endswith("." + organization):
            continue
        try:
            if await walks.organization(domain) == organization:
                return True
        except UnansweredError as error:
            unanswered = error
    if unanswered:
        raise unanswered
    return False


async def _asked(author: str, domain: str, policies: Policies, resolver: Resolver) -> str:
    """Tell which of a *domain*'s policies is asked for (RFC 9989 §4.7, ``p``, ``sp``, ``np``)."""
    if domain == author:
        return policies.own
    if policies.below == policies.missing or await _exists(author, resolver):
        return policies.below
    return policies.missing


async def _exists(domain: str, resolver: Resolver) -> bool:
    """
    Tell whether there is such a domain in DNS (RFC 9989 §A.4).

    The answer for an alias is that of its target, which may be missing though the alias is there
    (RFC 6604 §3), so that is asked for too.
    """
    for kind in ("A", "CNAME"):
        answer = await resolver.lookup(domain, kind)
        if answer.outcome is Outcome.FAILED:
            raise UnansweredError
        if answer.outcome is not Outcome.MISSING:
            return True
    return False


def _may_share(domain: str, author: str) -> bool:
    """Tell whether two domains could have an organizational domain in common."""
    return domain.rpartition(".")[2] == author.rpartition(".")[2]


def _domains(findings: Iterable[Finding], result: str, type_: str, name: str) -> list[str]:
    """Give the domains that have this result, by one of their properties; each once."""
    values = [
        each.value.rpartition("@")[2]
        for finding in findings
        if finding.result == result
        for each in finding.properties
        if (each.type, each.name) == (type_, name)
    ]
    return list(dict.fromkeys(filter(None, map(_domain, values))))


def _domain(text: str) -> str:
    """Give a domain as DNS knows it; nothing if it can't be one."""
    try:
        return comparable_domain(text.strip())
    except ValueError:
        return ""


def _from(domains: Iterable[str]) -> tuple[Property, ...]:
    """Give authors' domains as evidence."""
    return tuple(Property("header", "from", domain) for domain in domains)
