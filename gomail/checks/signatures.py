"""
All signatures of a message, DKIM's and ARC's, while it arrives.

Where the header ends, it is known which keys are needed and how the body is to be hashed. So DNS is
asked while the body streams by, and in the end nothing is left but to compare and to verify: a
plain function, since that may take a thread a few milliseconds.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from gomail.checks.arc import Chain, judge_chain, read_chain
from gomail.checks.custody import vouches
from gomail.checks.dkim.body import BodyHashes, Digest, Wish
from gomail.checks.dkim.canonical import Canonical
from gomail.checks.dkim.key import Key, read_key
from gomail.checks.dkim.signature import Signature, read_signature
from gomail.checks.dkim.taglist import Unusable, read_tags, without_folds
from gomail.checks.header import Field, Header
from gomail.checks.names import domain_name
from gomail.checks.records import Records
from gomail.finding import FAIL, NEUTRAL, NONE, PASS, PERMERROR, POLICY, Finding, Property

MOST_SIGNATURES = 8  # of DKIM's, that are looked at
SHOWN = 8  # signs of a signature that tell it from others (RFC 6008 §4)


class Claim(NamedTuple):
    """
    A DKIM-Signature that can be verified.

    Attributes:
        field: where it stands.
        signature: what it says.
        properties: what is told of it.
    """

    field: Field
    signature: Signature
    properties: tuple[Property, ...]


class Signatures:
    """
    The signatures of one message.

    Attributes:
        key_names: the names of the keys that are needed, each once.
    """

    __slots__ = ("_bodies", "_chain", "_claims", "_header", "key_names")

    def __init__(self, header: Header, now: float) -> None:
        """
        Begin behind the header.

        Args:
            header: the message's.
            now: in seconds since the epoch.
        """
        self._header = header
        self._claims = _claims(header, now)
        self._chain = read_chain(header)
        wishes = [claim.signature.body for claim in self._claims if isinstance(claim, Claim)]
        names = {
            claim.signature.seal.key_name for claim in self._claims if isinstance(claim, Claim)
        }
        if isinstance(self._chain, Chain):
            wishes.append(self._chain.message.body)
            names |= self._chain.key_names
        self.key_names = frozenset(names)
        self._bodies = BodyHashes(wishes)

    def take(self, octets: bytes) -> None:
        """Look at the next octets of the body, which begins behind the empty line."""
        self._bodies.take(octets)

    def judge(self, keys: Mapping[str, Records]) -> tuple[Finding, ...]:
        """
        Verify everything, once; it waits for nothing, and may run in a thread.

        Args:
            keys: what DNS said of each of `key_names`.

        Returns:
            a finding for each DKIM-Signature, or the one that there is none; and ARC's.
        """
        bodies = self._bodies.end()
        canonical = Canonical(self._header)
        dkim = [
            claim if isinstance(claim, Finding) else _judge(claim, canonical, keys, bodies)
            for claim in self._claims
        ]
        arc = self._chain
        if isinstance(arc, Chain):
            arc = judge_chain(arc, canonical, keys, bodies)
        return (*(dkim or [Finding("dkim", NONE)]), arc)

    def vouches(self, trusted: Collection[str]) -> bool:
        """Tell whether sealers who are trusted vouch for the author, provided that ARC passes."""
        return isinstance(self._chain, Chain) and vouches(self._chain, trusted)


def _claims(header: Header, now: float) -> list[Claim | Finding]:
    """Read the first signatures from the top."""
    fields = header.named("dkim-signature")
    if header.cut and fields:
        return [Finding("dkim", POLICY, (), "too many header fields")]
    claims = [_claim(field, now) for field in fields[:MOST_SIGNATURES]]
    if len(fields) > MOST_SIGNATURES:
        claims.append(Finding("dkim", POLICY, (), "too many signatures"))
    return claims


def _claim(field: Field, now: float) -> Claim | Finding:
    try:
        tags = read_tags(field.value)
    except ValueError as error:
        return Finding("dkim", NEUTRAL, (), f"the signature {_plain(error)}")
    properties = _properties(tags)
    try:
        return Claim(field, read_signature(tags, now), properties)
    except Unusable as unusable:
        return Finding("dkim", unusable.result, properties, unusable.reason)


def _plain(error: ValueError) -> str:
    """Give our own words of an error; those of a decoder show octets of the message."""
    return "is not in UTF-8" if isinstance(error, UnicodeError) else str(error)


def _properties(tags: Mapping[str, str]) -> tuple[Property, ...]:
    """Tell whose signature it is (RFC 8601 §2.7.1): nothing of it that is no name."""
    domain = domain_name(tags.get("d", ""))
    selector = domain_name(tags.get("s", ""))
    told = {
        "d": domain,
        "s": selector,
        "a": tags.get("a", "")[:20],
        "b": without_folds(tags.get("b", ""))[:SHOWN],
    }
    return tuple(Property("header", name, value) for name, value in told.items() if value)


def _judge(
    claim: Claim,
    canonical: Canonical,
    keys: Mapping[str, Records],
    bodies: Mapping[Wish, Digest],
) -> Finding:
    """Verify one signature."""
    signature = claim.signature
    seal = signature.seal
    try:
        key = read_key(keys[seal.key_name])
        if key.kind != seal.kind:
            raise Unusable(PERMERROR, "the key is of another kind")  # noqa: TRY301 -- one way out
        if key.exact and signature.identity != seal.domain:
            raise Unusable(PERMERROR, "the key is not for subdomains")  # noqa: TRY301 -- one way out
    except Unusable as unusable:
        return Finding("dkim", unusable.result, claim.properties, unusable.reason)
    result, reason = PASS, ""
    wrong = _what_is_wrong(claim, canonical, bodies[signature.body], key)
    result, reason = (FAIL, wrong) if wrong else (PASS, "")
    if key.testing:  # RFC 6376 §3.6.1: as if there were no signature, whatever it is like
        result, reason = NEUTRAL, "the domain is only testing DKIM"
    elif not wrong and signature.body.length is not None:  # §8.2: anybody may append to it
        result, reason = POLICY, "the signature does not cover whatever the body has"
    return Finding("dkim", result, claim.properties, reason)


def _what_is_wrong(claim: Claim, canonical: Canonical, body: Digest, key: Key) -> str:
    """Say why a signature does not hold; nothing if it does."""
    signature = claim.signature
    length = signature.body.length
    if length is not None and length > body.total:
        return "the signature covers more than the body has"
    if body.octets != signature.body_hash:
        return "the body has changed"
    digest = canonical.digest(signature.way, signature.names, claim.field)
    return "" if key.has_signed(digest, signature.seal.octets) else "the signature is wrong"
