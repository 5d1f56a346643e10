"""TLSA records, and the certificates that they mean."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gomail.certificates.own import make_own
from gomail.domain.policies import Association, read_association

CHAIN = (
    *make_own("mx.a.example", datetime.now(UTC)).chain,
    *make_own("ca", datetime.now(UTC)).chain,
)
WHOLE = [each.public_bytes(Encoding.DER) for each in CHAIN]
KEYS = [
    each.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for each in CHAIN
]


def test_record_is_read_as_it_is_written() -> None:
    """Its digits may have blanks among them."""
    assert read_association("3 1 1 abcd 01") == Association(3, 1, 1, b"\xab\xcd\x01")


@pytest.mark.parametrize(
    ("selector", "octets"), [(0, WHOLE), (1, KEYS)], ids=["certificate", "key"]
)
@pytest.mark.parametrize(
    ("matching", "digest"),
    [
        (0, bytes),
        (1, lambda octets: hashlib.sha256(octets).digest()),
        (2, lambda octets: hashlib.sha512(octets).digest()),
    ],
)
def test_certificate_is_matched(
    selector: int, octets: list[bytes], matching: int, digest: Callable[[bytes], bytes]
) -> None:
    """Usage 3 means the first of the chain, and usage 2 one that vouches for it."""
    own, above = (Association(3, selector, matching, digest(each)) for each in octets)
    assert own.usable
    assert own.matches(CHAIN)
    assert not above.matches(CHAIN)
    assert above._replace(usage=2).matches(CHAIN)
    assert not own._replace(usage=2).matches(CHAIN)


@pytest.mark.parametrize(
    "text",
    [
        "1 1 1 " + "00" * 32,
        "0 0 1 " + "00" * 32,
        "3 2 1 " + "00" * 32,
        "3 1 3 00",
        "3 1 2 " + "00" * 32,
        "3 1 0",
    ],
)
def test_record_that_is_of_no_use(text: str) -> None:
    """By its usage, its selector, its matching type or its length."""
    assert not read_association(text).usable
