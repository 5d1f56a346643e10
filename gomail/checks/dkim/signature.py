"""
What a signature says of itself: DKIM-Signature (RFC 6376 §3.5), and ARC's two (RFC 8617 §4.1).

Nothing is verified here, but what can't be verified, or is not worth it, is known.
"""

import base64
import re
from typing import NamedTuple

from gomail.checks.dkim.body import Wish
from gomail.checks.dkim.canonical import RELAXED, SIMPLE, WAYS
from gomail.checks.dkim.taglist import Unusable, without_folds
from gomail.checks.names import LONGEST, domain_name, is_within
from gomail.finding import NEUTRAL, PERMERROR, POLICY

RSA = "rsa"
ED25519 = "ed25519"
KINDS = {"rsa-sha256": RSA, "ed25519-sha256": ED25519}  # RFC 8301 §3.1, RFC 8463 §3

MOST_NAMES = 256  # in h=
# Seconds by which clocks may differ. Some have the wrong zone; and what is signed too early harms
# nobody, while what has expired may be sent again by anybody.
EARLY = 86400
LATE = 300

_NAME = re.compile(r"[!-9;-~]+\Z")
_LENGTH = re.compile(r"[0-9]{1,76}\Z")
_TIME = re.compile(r"[0-9]{1,12}\Z")


class Seal(NamedTuple):
    """
    What a signature is made with.

    Attributes:
        kind: of its key, ``rsa`` or ``ed25519``.
        domain: whose key it is, in A-labels.
        key_name: where the key stands in DNS.
        octets: the signature.
    """

    kind: str
    domain: str
    key_name: str
    octets: bytes


class Signature(NamedTuple):
    """
    A signature of a message.

    Attributes:
        seal: what it is made with.
        way: the canonicalisation of the header fields, ``simple`` or ``relaxed``.
        names: of the fields that it covers, in lower case.
        body: the hash that is needed.
        body_hash: … and what it ought to be.
        identity: the domain of ``i``, in A-labels.
    """

    seal: Seal
    way: str
    names: tuple[str, ...]
    body: Wish
    body_hash: bytes
    identity: str


def read_signature(tags: dict[str, str], now: float) -> Signature:
    """
    Read a DKIM-Signature.

    Args:
        tags: its tags.
        now: in seconds since the epoch.

    Raises:
        Unusable: neutral for what is malformed, permerror for what RFC 6376 §6.1.1 wants ignored,
            policy for what is valid, and not accepted any more.
    """
    if tags.get("v") != "1":
        raise Unusable(NEUTRAL, "unknown version of the signature")
    signature = _read(tags, default=SIMPLE)
    if "from" not in signature.names:
        raise Unusable(PERMERROR, "the signature does not cover From")
    if "dns/txt" not in [method.strip() for method in tags.get("q", "dns/txt").split(":")]:
        raise Unusable(NEUTRAL, "unknown way to the key")
    _check_times(tags, now)
    return signature


def read_message_signature(tags: dict[str, str]) -> Signature:
    """
    Read an ARC-Message-Signature; its canonicalisation is relaxed if it has none.

    Raises:
        Unusable: it can't be verified.
    """
    signature = _read({**tags, "i": ""}, default=RELAXED)
    if "arc-seal" in signature.names:  # RFC 8617 §4.1.2
        raise Unusable(NEUTRAL, "the signature covers a seal")
    return signature


def read_seal(tags: dict[str, str]) -> Seal:
    """
    Read what all signatures have.

    Raises:
        Unusable: neutral for what is malformed, policy for rsa-sha1.
    """
    algorithm, selector = tags.get("a", ""), tags.get("s", "")
    if algorithm == "rsa-sha1":
        raise Unusable(POLICY, "rsa-sha1 is not secure (RFC 8301)")
    if algorithm not in KINDS:
        raise Unusable(NEUTRAL, "unknown algorithm")
    domain, key_name = domain_name(tags.get("d", "")), domain_name(selector)
    if domain is None or key_name is None:
        raise Unusable(NEUTRAL, "no domain or no selector")
    key_name = f"{key_name}._domainkey.{domain}"
    if len(key_name) > LONGEST:
        raise Unusable(NEUTRAL, "the name of the key is too long")
    return Seal(KINDS[algorithm], domain, key_name, _base64(tags.get("b", "")))


def _read(tags: dict[str, str], default: str) -> Signature:
    """Read what DKIM-Signature and ARC-Message-Signature have in common."""
    seal = read_seal(tags)
    header_way, _, body_way = tags.get("c", f"{default}/{default}").partition("/")
    body_way = body_way or SIMPLE
    if header_way not in WAYS or body_way not in WAYS:
        raise Unusable(NEUTRAL, "unknown canonicalisation")
    length = tags.get("l")
    if length is not None and not _LENGTH.match(length):
        raise Unusable(NEUTRAL, "the length is no number")
    body = Wish(body_way, None if length is None else int(length))
    body_hash = _base64(tags.get("bh", ""))
    return Signature(seal, header_way, _names(tags), body, body_hash, _identity(tags, seal.domain))


def _names(tags: dict[str, str]) -> tuple[str, ...]:
    if "h" not in tags:
        raise Unusable(NEUTRAL, "the signature does not say what it covers")
    # An empty name is no name by the grammar, and is found in practice: it covers nothing.
    names = tuple(filter(None, (name.strip().lower() for name in tags["h"].split(":"))))
    if len(names) > MOST_NAMES:
        raise Unusable(NEUTRAL, "the signature covers too many fields")
    if not all(map(_NAME.match, names)):
        raise Unusable(NEUTRAL, "no list of fields")
    return names


def _identity(tags: dict[str, str], domain: str) -> str:
    """Read the domain of the user or agent on whose behalf it was signed (§3.5, ``i``)."""
    identity = tags.get("i")
    if not identity:
        return domain
    _, at, name = identity.rpartition("@")
    identity = domain_name(name) if at else None
    if identity is None or not is_within(identity, domain):
        raise Unusable(PERMERROR, "the identity is not of the signing domain")
    return identity


def _check_times(tags: dict[str, str], now: float) -> None:
    """Read when it was made, and until when it is good; neither has to be said."""
    made, until = tags.get("t", "0"), tags.get("x", "9" * 12)
    if not _TIME.match(made) or not _TIME.match(until) or int(until) < int(made):
        raise Unusable(NEUTRAL, "the times are none")
    if int(made) > now + EARLY:
        raise Unusable(POLICY, "the signature is of the future")
    if int(until) < now - LATE:
        raise Unusable(POLICY, "the signature has expired")


def _base64(value: str) -> bytes:
    try:
        octets = base64.b64decode(without_folds(value), validate=True)
    except ValueError:
        octets = b""
    if not octets:
        raise Unusable(NEUTRAL, "no signature or no hash in base64")
    return octets
