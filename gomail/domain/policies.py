"""What is wrong with the optional records: TLSA, SPF, DMARC."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate

from gomail.domain.answers import Outcome, Question, View
from gomail.domain.finding import Finding, Known, Severity, record
from gomail.domain.hosts import own_hosts

_TRUST_ANCHOR, _OWN = 2, 3  # usages that count for mail (RFC 7672 §3.1)
_SPF = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_DMARC = re.compile(r"v\s*=\s*DMARC1\s*(?:;|\Z)", re.IGNORECASE)
_DIGESTS = {1: hashlib.sha256, 2: hashlib.sha512}


class Association(NamedTuple):
    """
    A TLSA record (RFC 6698 §2.1).

    Attributes:
        usage: which certificate it is about: 3, the server's own; 2, one that vouches for it.
        selector: 0, the certificate; 1, its public key.
        matching: 0, itself; 1, its SHA-256; 2, its SHA-512.
        octets: what it has to be.
    """

    usage: int
    selector: int
    matching: int
    octets: bytes

    @property
    def usable(self) -> bool:
        """Whether senders of mail can do anything with it."""
        digest = _DIGESTS.get(self.matching)
        fits = bool(self.octets) if digest is None else len(self.octets) == digest().digest_size
        known = self.usage in {_TRUST_ANCHOR, _OWN} and self.selector in {0, 1}
        return known and fits and self.matching in {0, *_DIGESTS}

    def matches(self, chain: Sequence[Certificate]) -> bool:
        """Tell whether a server with this chain is the one that is meant."""
        meant = chain[:1] if self.usage == _OWN else chain[1:]
        return any(self.octets == _data(each, self.selector, self.matching) for each in meant)


def read_association(text: str) -> Association:
    """Read a TLSA record as a master file has it."""
    usage, selector, matching, *words = text.split()
    return Association(int(usage), int(selector), int(matching), bytes.fromhex("".join(words)))


def associations(view: View, known: Known) -> Iterator[Finding]:
    """Find TLSA records that can match no certificate, or not the one that is served."""
    for host in dict.fromkeys(own_hosts(view, known)):
        name = f"_25._tcp.{host}"
        texts = view.records(name, "TLSA")
        found = [(text, read_association(text)) for text in texts]
        usable = [(text, each) for text, each in found if each.usable]
        unusable = [text for text, each in found if not each.usable]
        unusable += _unreadable(view, name)
        if found and not view.records(view.zones[host].name, "DS"):
            yield _unsigned(name, view.zones[host].name, texts)
            continue
        if unusable:
            yield _unusable(name, unusable, known)
        ours = host == known.host and known.chain
        if usable and ours and not any(each.matches(known.chain) for _, each in usable):
            yield Finding(
                "tlsa-mismatch",
                Severity.ERROR,
                f"TLSA of {host} names another certificate than the one that is served: who looks "
                "at it sends nothing (RFC 7672 §2.2)",
                tuple(f"{name} TLSA {text}" for text, _ in usable),
                "replace these by:",
                (_written(name, known),),
            )


def _unsigned(name: str, zone: str, texts: Sequence[str]) -> Finding:
    """Say that nobody minds the records (RFC 7672 §2.2)."""
    return Finding(
        "tlsa-unsigned",
        Severity.NOTE,
        f"{zone} is not signed, so TLSA says nothing to anybody; mail comes all the same",
        tuple(f"{name} TLSA {text}" for text in texts),
        "sign the zone and have its registrar publish the DS, or remove the record",
    )


def _unreadable(view: View, name: str) -> list[str]:
    """Give what is said by servers whose records have no length that is right."""
    said = view.answers.get(Question(name, "TLSA"), {})
    return sorted({each.detail for each in said.values() if each.outcome is Outcome.UNREADABLE})


def _unusable(name: str, texts: Sequence[str], known: Known) -> Finding:
    """Say which records nobody can use."""
    return Finding(
        "tlsa-unusable",
        Severity.WARNING,
        "a TLSA record can match no certificate: for mail its usage is 2 or 3 (RFC 7672 §3.1), and "
        "SHA-256 has 64 digits, SHA-512 128",
        tuple(f"{name} TLSA {text}" for text in texts),
        "replace it by:",
        (_written(name, known),),
    )


def _written(name: str, known: Known) -> str:
    """Write the record that would be right."""
    if not known.chain:
        return record(name, "TLSA", "3 1 1 THE-SHA-256-OF-THE-PUBLIC-KEY")
    return record(name, "TLSA", f"{_OWN} 1 1 {_data(known.chain[0], 1, 1).hex()}")


def _data(certificate: Certificate, selector: int, matching: int) -> bytes:
    """Give what a record would have to be for a certificate."""
    if selector:
        key = certificate.public_key()
        octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        octets = certificate.public_bytes(Encoding.DER)
    digest = _DIGESTS.get(matching)
    return octets if digest is None else digest(octets).digest()


def senders(view: View) -> Iterator[Finding]:
    """Find policies about who may send in the domain's name that cancel each other out."""
    for name, begin, code, rule in (
        (view.domain, _SPF, "spf-twice", "SPF (RFC 7208 §4.5)"),
        (f"_dmarc.{view.domain}", _DMARC, "dmarc-twice", "DMARC (RFC 9989 §4.10)"),
    ):
        texts = [each for each in view.records(name, "TXT") if begin.match(each)]
        if len(texts) > 1:
            yield Finding(
                code,
                Severity.NOTE,
                f"{name} has several records of {rule}, so none of them counts; mail for "
                f"{view.domain} comes all the same",
                tuple(f"{name} TXT {each}" for each in texts),
                "keep one of them, such as:",
                (record(name, "TXT", f'"{texts[0]}"'),),
            )
