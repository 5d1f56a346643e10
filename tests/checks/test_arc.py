"""ARC: chains that were made, and that were tampered with; the suite has the others."""

from collections.abc import Callable

import pytest

from gomail.checks.arc import MOST_SETS
from gomail.checks.header import MOST_FIELDS
from gomail.checks.records import Outcome
from gomail.finding import Finding, Property
from tests.checks.sealing import KEY, SEALER, sealed
from tests.checks.signing import BODY, HEADER, NOW, Zone, ed25519, record, rsa, verify

Zones = dict[str, str | list[str] | Outcome]
ZONE = Zone({KEY: record(rsa())})
GOOD = Finding("arc", "pass", (Property("header", "d", SEALER),))


def chain(length: int) -> bytes:
    """Make a message that so many have passed on."""
    message = HEADER + b"\n" + BODY
    for instance in range(1, length + 1):
        message = sealed(message, instance)
    return message


def arc(message: bytes, zone: Zone = ZONE) -> Finding:
    """Give what is found of the chain."""
    return verify(message, zone, now=NOW)[-1]


@pytest.mark.parametrize("length", [1, 2, 5])
def test_chain_holds(length: int) -> None:
    """However long; and whose newest seal it is, is told."""
    assert arc(chain(length)) == GOOD


def test_p6_chain_of_fifty_holds_and_one_of_more_fails() -> None:
    """RFC 8617 §4.2.1."""
    fifty = chain(MOST_SETS)
    assert arc(fifty) == GOOD
    assert arc(sealed(fifty, MOST_SETS + 1)).reason == "too many header fields"
    without_first = sealed(chain(1), MOST_SETS + 1)
    assert arc(without_first).reason == "a field of the chain has no place in it"


def test_chain_may_be_of_ed25519() -> None:
    """RFC 8463 is for ARC, too."""
    zone = Zone({KEY: record(ed25519())})
    assert arc(sealed(HEADER + b"\n" + BODY, 1, algorithm="ed25519-sha256"), zone) == GOOD


def test_text_behind_the_oldest_signature_does_not_matter() -> None:
    """A list that changes the subject, and seals what it has made of it (§5.2, step 4)."""
    changed = chain(1).replace(b"Subject: A", b"Subject: [list] A")
    assert arc(changed).result == "fail"
    assert arc(sealed(changed, 2)) == GOOD


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Replace the first of something that is there."""

    def change(message: bytes) -> bytes:
        assert old in message
        return message.replace(old, new, 1)

    return change


SEAL_TWICE = b"ARC-Seal: i=2; cv=pass; a=rsa-sha256; d=list.example; s=s; b=eA==\n"
BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "body-changed": (replaced(b"Ann,", b"Ann!"), "the body has changed since the newest signature"),
    "field-changed": (
        replaced(b"To: ann", b"To: bob"),
        "the newest signature of the message is wrong",
    ),
    "newest-results-changed": (replaced(b"spf=pass", b"spf=fail"), "seal 2 is wrong"),
    "oldest-results-changed": (replaced(b"i=1 ; list", b"i=1 ; evil"), "seal 1 is wrong"),
    "i=1000000000": (
        replaced(b"i=2 ;", b"i=1000000000 ;"),
        "a field of the chain has no place in it",
    ),
    "i=0": (replaced(b"i=2 ;", b"i=0 ;"), "a field of the chain has no place in it"),
    "i=+2": (replaced(b"i=2 ;", b"i=+2 ;"), "a field of the chain has no place in it"),
    "i=arabic": (replaced(b"i=2 ;", "i=٢ ;".encode()), "a field of the chain has no place in it"),
    "i-missing": (replaced(b"i=2 ;", b"x=2 ;"), "a field of the chain has no place in it"),
    "results-without-i": (replaced(b"i=2 ;", b""), "a field of the chain is malformed"),
    "results-not-utf-8": (replaced(b"i=2 ;", b"i=\xff;"), "a field of the chain is malformed"),
    "instance-twice": (
        lambda message: SEAL_TWICE + message,
        "two fields have the same place in the chain",
    ),
    "set-incomplete": (
        replaced(b"ARC-Authentication-Results: i=2", b"X: i=2"),
        "a set of the chain is incomplete",
    ),
    "set-missing": (
        lambda message: message.replace(b"i=1", b"i=3"),
        "sets of the chain are missing",
    ),
    "cv=fail": (replaced(b"cv=pass", b"cv=fail"), "the chain was broken before"),
    "cv=none-above": (replaced(b"cv=pass", b"cv=none"), "a seal gives an impossible state"),
    "cv=pass-below": (replaced(b"cv=none", b"cv=pass"), "a seal gives an impossible state"),
    "cv-missing": (replaced(b"cv=none", b"cx=none"), "a seal gives an impossible state"),
    "seal-with-h": (replaced(b"cv=none", b"cv=none; h=from"), "a seal says what it covers"),
    "seal-of-sha1": (
        replaced(b"i=2; a=rsa-sha256", b"i=2; a=rsa-sha1"),
        "rsa-sha1 is not secure (RFC 8301)",
    ),
    "signature-covers-seals": (replaced(b"h=from", b"h=arc-seal"), "the signature covers a seal"),
    "signature-with-l": (
        replaced(b"h=from", b"l=1; h=from"),
        "the newest signature does not cover the whole body",
    ),
    "oldest-signature-without-h": (
        lambda message: message.replace(b"h=from", b"x=from"),
        "the signature does not say what it covers",
    ),
    "too-many-fields": (
        replaced(b"To:", b"A: b\n" * MOST_FIELDS + b"To:"),
        "too many header fields",
    ),
    "oversized": (
        replaced(b"cv=none", b"cv=none; n=" + b"x" * 9000),
        "a field of the chain is malformed",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_p6_broken_chain_fails(name: str) -> None:
    """And is told why, in words of ours."""
    change, reason = BROKEN[name]
    finding = arc(change(chain(2)))
    assert (finding.result, finding.reason) == ("fail", reason)


@pytest.mark.parametrize("name", [name for name in BROKEN if "changed" not in name])
def test_p6_chain_that_is_no_chain_asks_for_no_keys(name: str) -> None:
    """Fifty keys are asked for only where all depends on them."""
    zone = Zone({})
    arc(BROKEN[name][0](chain(2)), zone)
    assert zone.asked == []


@pytest.mark.parametrize(
    ("records", "result", "reason"),
    [
        ({}, "fail", "there is no key"),
        ({KEY: Outcome.FAILED}, "temperror", "DNS did not say the key"),
        ({KEY: record(ed25519())}, "fail", "the newest signature of the message is wrong"),
        ({KEY: record(rsa(2048))}, "fail", "the newest signature of the message is wrong"),
    ],
    ids=["missing", "failed", "other-kind", "other-key"],
)
def test_key_decides(records: Zones, result: str, reason: str) -> None:
    """No answer is no fail, and never a pass."""
    finding = arc(chain(2), Zone(records))
    assert (finding.result, finding.reason) == (result, reason)


def test_keys_are_asked_for_once() -> None:
    """Each, whoever needs it."""
    zone = Zone({KEY: record(rsa())})
    assert arc(chain(5), zone) == GOOD
    assert zone.asked == [KEY]


def test_signature_of_the_message_may_be_simple() -> None:
    """Then it is covered as it stands, not as the seal has it."""
    simple = chain(1).replace(b"c=relaxed/relaxed", b"c=simple/simple")
    assert arc(simple).reason == "the body has changed since the newest signature"
