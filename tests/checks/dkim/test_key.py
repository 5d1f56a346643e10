"""Keys: which are good, and what they may cost."""

import base64

import pytest
from cryptography.hazmat.primitives.serialization import PublicFormat

from gomail.checks.dkim.key import MOST_RECORDS, read_key
from gomail.checks.dkim.taglist import MOST_TAGS, Unusable
from gomail.checks.records import Outcome, Records
from tests.checks.signing import ed25519, record, rsa


def found(*texts: str) -> Records:
    """Give these records."""
    return Records(Outcome.FOUND, tuple(text.encode() for text in texts))


def der(number: int) -> bytes:
    """Write an INTEGER."""
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def tlv(tag: int, octets: bytes) -> bytes:
    """Write a value with its tag and its length (X.690 §8.1)."""
    size = len(octets)
    if size < 128:
        return bytes([tag, size]) + octets
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + octets


def numbers(modulus: int, exponent: int) -> str:
    """Write a record with these numbers."""
    octets = tlv(0x30, der(modulus) + der(exponent))
    return f"v=DKIM1; p={base64.b64encode(octets).decode()}"


GOOD = record(rsa())
TOO_MUCH = "the records of the key are too many or too long"
MODULUS = rsa().public_key().public_numbers().n


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("v=DKIM1; ", ""),
        GOOD.replace("k=rsa; ", ""),
        GOOD + ";",
        GOOD + "; n=whatever; z=unknown",
        GOOD + "; s=email:other; h=sha1 : sha256; t=x",
        GOOD.replace("p=", "p= ").replace("AQAB", "AQ AB"),
        record(rsa(), PublicFormat.PKCS1),
        numbers(MODULUS, 3),
        numbers((1 << 4095) | 1, 65537),
        numbers((1 << 1023) | 1, (1 << 64) - 1),
    ],
    # The key is another in each process of a test run, and names must be the same in all.
    ids=[
        "whole",
        "no-v",
        "no-k",
        "semicolon",
        "unknown",
        "words",
        "blanks",
        "pkcs1",
        "three",
        "longest",
        "exponent",
    ],
)
def test_rsa_key_is_read(text: str) -> None:
    """In both of its forms, and up to 4096 bits."""
    key = read_key(found(text))
    assert (key.kind, key.testing, key.exact) == ("rsa", False, False)


def test_ed25519_key_is_read() -> None:
    """As its 32 octets (RFC 8463 §4.2)."""
    assert read_key(found(record(ed25519()))).kind == "ed25519"


def test_flags_are_read() -> None:
    """Of a domain that is testing, and of one without subdomains."""
    key = read_key(found(GOOD + "; t=s : y"))
    assert key.testing
    assert key.exact


@pytest.mark.parametrize(
    ("records", "result", "reason"),
    [
        (Records(Outcome.FAILED), "temperror", "DNS did not say the key"),
        (Records(Outcome.MISSING), "permerror", "there is no key"),
        (Records(Outcome.EMPTY), "permerror", "there is no key"),
        (found("v=spf1 -all"), "permerror", "there is no key"),
        (found("nonsense"), "permerror", "there is no key"),
        (found("p=x; v=DKIM1"), "permerror", "there is no key"),
        (found("v=DKIM2; p=x"), "permerror", "there is no key"),
        (found(GOOD + "; x=" + "y" * 8192), "permerror", TOO_MUCH),
        (found(GOOD, "x=" + "y" * 4000, "x=" + "z" * 4000), "permerror", TOO_MUCH),
        (Records(Outcome.FOUND, (b"\xff",)), "permerror", "there is no key"),
        (found(GOOD, record(ed25519())), "permerror", "there are several keys"),
        (
            found(GOOD, *(f"a={number}" for number in range(MOST_RECORDS))),
            "permerror",
            TOO_MUCH,
        ),
        (
            found(GOOD + "".join(f"; a{at}=" for at in range(MOST_TAGS))),
            "permerror",
            "there is no key",
        ),
        (found("v=DKIM1; p="), "permerror", "the key was revoked"),
        (found(GOOD + "; h=sha1"), "permerror", "the key is for another hash"),
        (found(GOOD + "; s=other"), "permerror", "the key is not for mail"),
        (found("v=DKIM1; k=dsa; p=eA=="), "permerror", "the key is none"),
        (found("v=DKIM1; p=eA=="), "permerror", "the key is none"),
        (found("v=DKIM1; p=***"), "permerror", "the key is none"),
        (found("v=DKIM1; k=ed25519; p=eA=="), "permerror", "the key is none"),
        (found(GOOD.replace("k=rsa", "k=ed25519")), "permerror", "the key is none"),
        (found(numbers(0, 3)), "permerror", "the key is none"),
        (found(numbers(MODULUS, 1)), "permerror", "the key is none"),
        (found(numbers(MODULUS, 2)), "permerror", "the key is none"),
        (found(numbers(MODULUS, 4)), "permerror", "the key is none"),
        (found(numbers((1 << 1022) | 1, 3)), "policy", "the key is too short (RFC 8301)"),
        (found(numbers((1 << 4096) | 1, 3)), "policy", "the key is too long"),
        (found(numbers(MODULUS, (1 << 64) + 1)), "policy", "the key is too long"),
        (found(numbers((1 << 4095) | 1, (1 << 4094) | 1)), "policy", "the key is too long"),
    ],
    ids=[
        "no-answer",
        "no-name",
        "no-record",
        "other-record",
        "no-tag-list",
        "version-behind",
        "other-version",
        "oversized-record",
        "oversized-records",
        "no-text",
        "two-records",
        "records-beyond-number",
        "tags-beyond-number",
        "revoked",
        "other-hash",
        "other-service",
        "other-kind",
        "bad-der",
        "bad-base64",
        "ed25519-of-one-octet",
        "kind-mismatch",
        "modulus-0",
        "exponent-1",
        "exponent-2",
        "exponent-4",
        "1023-bits",
        "4097-bits",
        "exponent-of-65-bits",
        "exponent-as-long-as-the-modulus",
    ],
)
def test_p4_key_is_refused(records: Records, result: str, reason: str) -> None:
    """Before anything is computed with it."""
    with pytest.raises(Unusable) as unusable:
        read_key(records)
    assert (unusable.value.result, unusable.value.reason) == (result, reason)


def test_p4_key_of_another_algorithm_is_refused() -> None:
    """An EC key in the same wrapping, say."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding

    public = generate_private_key(SECP256R1()).public_key()
    octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(Unusable, match="the key is none"):
        read_key(found(f"p={base64.b64encode(octets).decode()}"))


def test_records_beside_the_key_do_not_matter() -> None:
    """A wildcard brings what a domain says about everything, within bounds."""
    others = (f"v=spf1 ip4:192.0.2.{number} -all" for number in range(MOST_RECORDS - 1))
    assert read_key(found(GOOD, *others)).kind == "rsa"


def test_record_given_twice_is_one() -> None:
    """Some servers of DNS do that."""
    assert read_key(found(GOOD, GOOD)).kind == "rsa"
