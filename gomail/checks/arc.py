"""
ARC (RFC 8617): what those who passed a message on have found, sealed by each of them.

A chain that holds says who they were, and not that they are honest. Each seal covers all that were
before it; of the signatures of the message only the newest has to hold, since the others may have
been broken by what was sealed after them (§5.2).
"""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from gomail.checks.dkim.body import Digest, Wish
from gomail.checks.dkim.canonical import RELAXED, Canonical, relaxed, without_signature
from gomail.checks.dkim.key import read_key
from gomail.checks.dkim.signature import Seal, Signature, read_message_signature, read_seal
from gomail.checks.dkim.taglist import Unusable, read_tags
from gomail.checks.header import Field, Header
from gomail.checks.records import Records
from gomail.finding import FAIL, NONE, PASS, TEMPERROR, Finding, Property

MOST_SETS = 50  # §4.2.1

_RESULTS = "arc-authentication-results"
_MESSAGE = "arc-message-signature"
_SEAL = "arc-seal"
_NAMES = (_RESULTS, _MESSAGE, _SEAL)
_INSTANCE = re.compile(r"[0-9]{1,2}\Z")


class Link(NamedTuple):
    """
    What one of them has added (§4.2).

    Attributes:
        fields: its authentication results, its signature of the message, and its seal.
        seal: what the seal says.
    """

    fields: tuple[Field, Field, Field]
    seal: Seal


class Chain(NamedTuple):
    """
    All of it.

    Attributes:
        links: the oldest first.
        message: the newest signature of the message.
    """

    links: tuple[Link, ...]
    message: Signature

    @property
    def key_names(self) -> set[str]:
        """The keys that are needed."""
        return {self.message.seal.key_name, *(link.seal.key_name for link in self.links)}


def read_chain(header: Header) -> Chain | Finding:
    """Read the chain of a message; a finding is all there is if it has none, or a broken one."""
    fields = [(name, field) for name in _NAMES for field in header.named(name)]
    if not fields:
        return Finding("arc", NONE)
    try:
        if header.cut or len(fields) > MOST_SETS * len(_NAMES):
            raise ValueError("too many header fields")  # noqa: TRY301 -- one way out for all
        return _read(fields)
    except Unusable as unusable:
        return Finding("arc", FAIL, (), unusable.reason)
    except ValueError as error:
        return Finding("arc", FAIL, (), str(error))


def judge_chain(
    chain: Chain,
    canonical: Canonical,
    keys: Mapping[str, Records],
    bodies: Mapping[Wish, Digest],
) -> Finding:
    """
    Verify a chain; it waits for nothing, and may run in a thread.

    Args:
        chain: as `read_chain` gave it.
        canonical: the header.
        keys: what DNS said of the names that the chain needs.
        bodies: the hash that the chain wishes for, at least.
    """
    newest = chain.links[-1]
    sealer = (Property("header", "d", newest.seal.domain),)
    message = chain.message
    digest = canonical.digest(message.way, message.names, newest.fields[1])
    try:
        if bodies[message.body].octets != message.body_hash:
            return Finding("arc", FAIL, sealer, "the body has changed since the newest signature")
        if not _verify(message.seal, digest, keys):
            return Finding("arc", FAIL, sealer, "the newest signature of the message is wrong")
        # From the oldest on, since each covers all before it: a field is hashed once.
        running = hashlib.sha256()
        for at, link in enumerate(chain.links, 1):
            results, signature, seal = link.fields
            running.update(canonical.field(RELAXED, results) + canonical.field(RELAXED, signature))
            covered = running.copy()
            covered.update(relaxed(without_signature(seal.octets)))
            if not _verify(link.seal, covered.digest(), keys):
                return Finding("arc", FAIL, sealer, f"seal {at} is wrong")
            running.update(canonical.field(RELAXED, seal))
    except Unusable as unusable:
        # RFC 8617 knows no temperror; but no answer says nothing of the chain (RFC 8601 §2.7.1).
        result = TEMPERROR if unusable.result == TEMPERROR else FAIL
        return Finding("arc", result, sealer, unusable.reason)
    return Finding("arc", PASS, sealer)


def _verify(seal: Seal, digest: bytes, keys: Mapping[str, Records]) -> bool:
    key = read_key(keys[seal.key_name])
    return key.kind == seal.kind and key.has_signed(digest, seal.octets)


def _read(fields: list[tuple[str, Field]]) -> Chain:
    """Read complete sets (§5.2, steps 1 and 2); raise ValueError or Unusable for others."""
    sets: dict[int, dict[str, tuple[Field, dict[str, str]]]] = {}
    for name, field in fields:
        try:
            tags = read_tags(field.value) if name != _RESULTS else _results_tags(field)
        except ValueError:
            raise ValueError("a field of the chain is malformed") from None
        instance = tags.get("i", "")
        number = int(instance) if _INSTANCE.match(instance) else 0
        if not 1 <= number <= MOST_SETS:
            raise ValueError("a field of the chain has no place in it")
        if sets.setdefault(number, {}).setdefault(name, (field, tags))[0] is not field:
            raise ValueError("two fields have the same place in the chain")
    if sorted(sets) != list(range(1, len(sets) + 1)):
        raise ValueError("sets of the chain are missing")
    links = tuple(_read_link(number, sets[number]) for number in sorted(sets))
    # Older signatures needn't hold, but have to be ones (§5.2, step 2).
    signatures = [read_message_signature(sets[number][_MESSAGE][1]) for number in sorted(sets)]
    if signatures[-1].body.length is not None:
        raise ValueError("the newest signature does not cover the whole body")
    return Chain(links, signatures[-1])


def _read_link(number: int, parts: dict[str, tuple[Field, dict[str, str]]]) -> Link:
    if len(parts) != len(_NAMES):
        raise ValueError("a set of the chain is incomplete")
    tags = parts[_SEAL][1]
    if "h" in tags:  # §4.1.3
        raise ValueError("a seal says what it covers")
    status = tags.get("cv", "").lower()
    if status == FAIL:
        raise ValueError("the chain was broken before")
    if status != (NONE if number == 1 else PASS):
        raise ValueError("a seal gives an impossible state")
    results, message, seal = (parts[name][0] for name in _NAMES)
    return Link((results, message, seal), read_seal(tags))


def _results_tags(field: Field) -> dict[str, str]:
    """Read the instance, which comes first in ARC-Authentication-Results (§4.1.1)."""
    return read_tags(field.value.partition(b";")[0])
