"""
DMARC policy records (RFC 9989 §4.7), read.

They are tag-lists as DKIM has them (RFC 6376 §3.2): names are case-sensitive, and a list that has a
tag twice is none. Unknown tags, and what is no tag at all, are passed over.
"""

import re
from typing import NamedTuple

NOTHING = "none"
QUARANTINE = "quarantine"
REJECT = "reject"
POLICIES = (NOTHING, QUARANTINE, REJECT)  # from the mildest on

# RFC 9989 §4.8: the first tag; its value is case-sensitive.
_VERSION = re.compile(rb"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[\w.~:/?#\[\]@$&'()*+;=-]|%[0-9A-Fa-f]{2})*", re.ASCII
)
_OLD_SIZE = re.compile(r"![0-9]+[kmgtKMGT]?\Z")  # RFC 7489 §6.2; ignored now


class Policies(NamedTuple):
    """What is asked for mail of the domain, of others below it, and of those that are missing."""

    own: str
    below: str
    missing: str


class Record(NamedTuple):
    """
    A policy record.

    Attributes:
        policies: None if the record asks for nothing that is understood (RFC 9989 §4.10.1).
        strict_dkim: whether the signing domain must be that in From.
        strict_spf: whether the domain of MAIL FROM must be.
        testing: whether one level less is meant (tag ``t``).
        psd: ``y`` for a public suffix, ``n`` for a domain that is its own, else ``u``.
    """

    policies: Policies | None
    strict_dkim: bool = False
    strict_spf: bool = False
    testing: bool = False
    psd: str = "u"


def is_dmarc(octets: bytes) -> bool:
    """Tell whether a TXT record says that it is a DMARC record, whatever else is in it."""
    return _VERSION.match(octets.strip()) is not None


def read_record(octets: bytes) -> Record | None:
    """Read a TXT record that says so; None if it isn't one all the same."""
    tags: dict[str, str] = {}
    for number, part in enumerate(octets.decode("latin-1").split(";")):
        name, equals, value = (each.strip(" \t\r\n") for each in part.partition("="))
        if number == 0:
            name = "v"
        if not equals:
            continue
        if name in tags:
            return None
        tags[name] = value
    folded = {name: value.lower() for name, value in tags.items()}
    return Record(
        _policies(folded, tags.get("rua", "")),
        strict_dkim=folded.get("adkim") == "s",
        strict_spf=folded.get("aspf") == "s",
        testing=folded.get("t") == "y",
        psd=folded["psd"] if folded.get("psd") in {"y", "n"} else "u",
    )


def milder(policy: str) -> str:
    """Give the policy one level below (RFC 9989 §4.7, tag ``t``)."""
    return POLICIES[max(0, POLICIES.index(policy) - 1)]


def _policies(tags: dict[str, str], reports: str) -> Policies | None:
    """
    Tell what is asked for.

    What isn't understood is ``none`` from a domain that wants reports, and no DMARC else (RFC 9989
    §4.10.1).
    """
    own = tags.get("p", "")
    below = tags.get("sp", own)
    missing = tags.get("np", below)
    if all(policy in POLICIES for policy in (own, below, missing)):
        return Policies(own, below, missing)
    uris = (_OLD_SIZE.sub("", uri.strip()) for uri in reports.split(","))
    return Policies(NOTHING, NOTHING, NOTHING) if any(map(_URI.fullmatch, uris)) else None
