"""DKIM: what holds, what does not, and what must not count though it holds."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.checks.dkim.signature import MOST_NAMES
from gomail.checks.header import MOST_FIELDS
from gomail.checks.records import Outcome
from gomail.checks.signatures import MOST_SIGNATURES
from gomail.finding import Finding, Property
from tests.checks.signing import (
    BODY,
    DOMAIN,
    HEADER,
    KEY_NAME,
    Zone,
    canonical_body,
    ed25519,
    record,
    rsa,
    signed,
    verdict,
    verify,
)

BOTH = Zone({KEY_NAME: record(rsa()), f"ed._domainkey.{DOMAIN}": record(ed25519())})
WAYS = ["simple", "relaxed", "simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"]
GOOD = ("pass", "")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("algorithm", "selector"), [("rsa-sha256", "sel"), ("ed25519-sha256", "ed")]
)
def test_signature_holds(way: str, algorithm: str, selector: str) -> None:
    """In each way and with each kind of key (RFC 6376, RFC 8463)."""
    assert verdict(signed(c=way, a=algorithm, s=selector), BOTH) == GOOD


def test_finding_says_whose_signature_it_is() -> None:
    """As RFC 8601 §2.7.1 and RFC 6008 §4 have it."""
    message = signed()
    shown = message.partition(b"b=")[2][:8].decode()
    finding, arc = verify(message)
    assert finding == Finding(
        "dkim",
        "pass",
        (
            Property("header", "d", DOMAIN),
            Property("header", "s", "sel"),
            Property("header", "a", "rsa-sha256"),
            Property("header", "b", shown),
        ),
    )
    assert arc == Finding("arc", "none")


def test_message_without_signature_has_none() -> None:
    """And one finding that says so; a message of nothing, too."""
    for message in (HEADER + b"\n" + BODY, b"", b"\n\nx"):
        assert verify(message, Zone({})) == (Finding("dkim", "none"), Finding("arc", "none"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"Ann,", b"Ann!", "the body has changed"),
        (b"Joe <", b"Jim <", "the signature is wrong"),
        (b"To: ann", b"To: Ann", "the signature is wrong"),
        (b"d=example.org", b"D=x; d=example.org", "the signature is wrong"),
    ],
)
def test_changed_message_fails(old: bytes, new: bytes, reason: str) -> None:
    """In its body, a field that is covered, or the signature itself."""
    message = signed()
    assert old in message
    assert verdict(message.replace(old, new, 1)) == ("fail", reason)


@pytest.mark.parametrize(("name", "counts"), [("from", False), ("to", False), ("x-new", True)])
@pytest.mark.parametrize("oversigned", [False, True], ids=["signed", "oversigned"])
def test_p4_field_that_is_added_on_top(name: str, *, counts: bool, oversigned: bool) -> None:
    """A second field is seen if it was signed once more than it was there (§8.15); else not."""
    h = "from:to:subject:date" + (":from:to" if oversigned else "")
    message = f"{name}: new@evil.example\n".encode() + signed(h=h)
    assert verdict(message)[0] == ("pass" if counts or not oversigned else "fail")


def test_field_that_is_added_below_is_taken_first() -> None:
    """So the signature fails, oversigned or not (§5.4.2)."""
    message = signed().replace(b"\n\n", b"\nFrom: new@evil.example\n\n", 1)
    assert verdict(message) == ("fail", "the signature is wrong")


def test_p4_length_beyond_the_body_by_one_octet_fails() -> None:
    """And one that is exact holds, but does not count: anybody may append (§8.2)."""
    size = len(canonical_body(BODY, "relaxed"))
    exact = signed(l=f"{size}")
    assert verdict(exact)[0] == "policy"
    assert verdict(exact + b"appended\n")[0] == "policy"
    assert verdict(signed(l=f"{size + 1}"))[0] == "fail"


@pytest.mark.parametrize("body", [b"", b"\n", b"\n\n", b"x", b"x \n \n"])
@pytest.mark.parametrize("way", ["relaxed/simple", "relaxed/relaxed"])
def test_odd_bodies_hold(body: bytes, way: str) -> None:
    """An empty one, and one without a last line end."""
    assert verdict(signed(body=body, c=way)) == GOOD


@pytest.mark.parametrize(
    ("records", "result"),
    [
        (Outcome.FAILED, ("temperror", "DNS did not say the key")),
        (Outcome.MISSING, ("permerror", "there is no key")),
        (record(rsa()) + "; t=y", ("neutral", "the domain is only testing DKIM")),
        (record(rsa()) + "; t=s", GOOD),
        (record(ed25519()), ("permerror", "the key is of another kind")),
        ([record(rsa()), "v=spf1 -all"], GOOD),
        ([record(rsa()), record(ed25519())], ("permerror", "there are several keys")),
        (record(rsa(2048)), ("fail", "the signature is wrong")),
    ],
    ids=["failed", "missing", "testing", "exact", "other-kind", "spf-beside", "two", "other-key"],
)
def test_key_decides(records: str | list[str] | Outcome, result: tuple[str, str]) -> None:
    """As its domain has it in DNS."""
    assert verdict(signed(), Zone({KEY_NAME: records})) == result


def test_ed25519_key_does_not_verify_rsa() -> None:
    """A signature of the wrong size is wrong, not an error."""
    message = signed(a="ed25519-sha256", s="ed", b=base64.b64encode(b"x" * 128).decode())
    assert verdict(message, BOTH) == ("fail", "the signature is wrong")


def test_key_of_a_domain_without_subdomains_is_exact() -> None:
    """t=s (§3.6.1)."""
    zone = Zone({KEY_NAME: record(rsa()) + "; t=s"})
    assert verdict(signed(i="@a.example.org"), zone) == (
        "permerror",
        "the key is not for subdomains",
    )
    assert verdict(signed(i="@example.org"), zone) == GOOD


def test_p4_testing_domain_is_neutral_even_if_the_signature_fails() -> None:
    """As if there were none."""
    zone = Zone({KEY_NAME: record(rsa()) + "; t=y"})
    assert verdict(signed() + b"more\n", zone)[0] == "neutral"


def test_domain_may_be_international() -> None:
    """RFC 8616 §4: d= in U-labels, the key under A-labels."""
    zone = Zone({"sel._domainkey.xn--bcher-kva.example": record(rsa())})
    finding, _ = verify(signed(d="bücher.example", i="@x.bücher.example"), zone)
    assert finding.result == "pass"
    assert Property("header", "d", "xn--bcher-kva.example") in finding.properties


@pytest.mark.parametrize(
    "field",
    [b"DKIM-Signature: \xff=1", b"DKIM-Signature:", b"DKIM-Signature: ;;;", b"dkim-signature"],
)
def test_p4_nonsense_is_neutral_or_nothing(field: bytes) -> None:
    """And nothing of it gets into the finding."""
    finding, _ = verify(field + b"\n" + HEADER + b"\n" + BODY)
    assert finding.result in {"neutral", "none"}
    assert finding.properties == ()


@pytest.mark.parametrize(
    "line",
    [b"na\xefve: x", b"X-Latin: \xe9t\xe9", b"nonsense", b"Bare: a\rb", b"From me Mon Jun 16"],
    ids=["8-bit-name", "8-bit-value", "no-colon", "bare-cr", "mbox"],
)
def test_odd_line_does_not_matter(line: bytes) -> None:
    """Where it is not covered; it ends neither the header nor the check."""
    message = signed().replace(HEADER, line + b"\n" + HEADER, 1)
    assert verdict(message) == GOOD


@pytest.mark.parametrize("way", ["simple", "relaxed"])
@pytest.mark.parametrize("line", [b"X-Odd: \xe9t\xe9", b"X-Odd: a\rb \r", b"x-oDD :\n\t\n \n a "])
def test_odd_line_is_octets_like_others(line: bytes, way: str) -> None:
    """Where it is covered."""
    assert verdict(signed(line + b"\n" + HEADER, h="from:x-odd", c=way)) == GOOD


def test_folded_first_line_is_no_error() -> None:
    """It belongs to no field, and is what a reader may take for one."""
    assert verdict(b" nonsense\n" + signed()) == GOOD


def test_signatures_are_told_one_by_one() -> None:
    """In their order; those that share a key and a way ask and hash once."""
    block = signed(b="eA==").replace(HEADER + b"\n" + BODY, b"")
    zone = Zone({KEY_NAME: record(rsa())})
    first, second, _ = verify(block + signed(), zone)
    assert (first.result, second.result) == ("fail", "pass")
    assert zone.asked == [KEY_NAME]


def test_p4_only_the_first_signatures_are_looked_at() -> None:
    """Eight; and it is said that there were more (OpenDKIM #271)."""
    message = b"DKIM-Signature: v=1\n" * (MOST_SIGNATURES - 1) + signed()
    assert [finding.result for finding in verify(message)[:-1]] == [*["neutral"] * 7, "pass"]
    message = b"DKIM-Signature: v=1\n" + message
    *eight, more, _ = verify(message)
    assert {finding.result for finding in eight} == {"neutral"}
    assert more == Finding("dkim", "policy", (), "too many signatures")


def test_p4_too_many_fields_are_not_searched() -> None:
    """20,000 of them, and a signature that covers 256 names."""
    h = "from" + ":absent" * (MOST_NAMES - 1)
    message = signed(h=h).replace(b"\n\n", b"\n" + b"A: b\n" * 20_000 + b"\n", 1)
    assert verdict(message) == ("policy", "too many header fields")
    assert verdict(signed(HEADER + b"A: b\n" * (MOST_FIELDS - 5), h=h)) == GOOD


@given(st.binary(max_size=200))
def test_p4_no_octets_of_a_signature_escape(octets: bytes) -> None:
    """Whatever stands in one, there is a finding, in words of ours."""
    field = b"DKIM-Signature: " + octets.replace(b"\n", b"\n ")
    *dkim, _ = verify(field + b"\n" + HEADER + b"\n" + BODY)
    assert dkim
    assert all(finding.result in {"neutral", "none"} for finding in dkim)
    assert all(len(finding.reason) <= 100 and finding.reason.isascii() for finding in dkim)


@given(
    st.sampled_from(["v", "a", "c", "d", "s", "h", "bh", "i", "l", "q", "t", "x"]),
    st.text(st.characters(codec="utf-8"), max_size=40),
)
def test_no_text_of_a_tag_escapes(tag: str, text: str) -> None:
    """Nor does any text in one of its tags."""
    tags = {"a": "rsa-sha256", "b": "eA==", "bh": "eA==", "d": "example.org", "h": "from"}
    tags.update({"v": "1", "s": "sel", tag: text.replace("\n", "\n ")})
    field = "DKIM-Signature: " + "; ".join(f"{name}={value}" for name, value in tags.items())
    *dkim, _ = verify(field.encode() + b"\n" + HEADER + b"\n" + BODY)
    assert {finding.result for finding in dkim} <= {"fail", "neutral", "permerror", "policy"}


def test_body_hash_is_that_of_the_rfc() -> None:
    """The reference that signs here has the empty body's hash of RFC 6376 §3.4.4."""
    assert base64.b64encode(hashlib.sha256(canonical_body(b"", "relaxed")).digest()) == (
        b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    )
