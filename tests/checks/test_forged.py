"""Authentication-Results of others, under our name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.checks.forged import forged
from gomail.checks.results import authentication_results

OURS = "mx.example.org"
BEFORE = b"Received: from a\n\tby b\n"
AFTER = b"Authentication-Results: other.example; dkim=pass\nFrom: joe@example.org\n"


def left(block: bytes, name: str = OURS) -> bytes:
    """Take out what is forged."""
    kept, at = b"", 0
    for start, end in forged(block, name):
        kept += block[at:start]
        at = end
    return kept + block[at:]


@pytest.mark.parametrize(
    "field",
    [
        b"Authentication-Results: mx.example.org; dkim=pass",
        b"authentication-RESULTS: MX.Example.ORG; dkim=pass",
        b"Authentication-Results:mx.example.org;",
        b"Authentication-Results : mx.example.org",
        b"Authentication-Results\n : mx.example.org; dkim=pass",
        b"Authentication-Results\0: mx.example.org; dkim=pass",
        b"Authentication-Results:\n mx.example.org;\n\tdkim=pass\n\t header.d=bank.example",
        b"Authentication-Results: (a \\) (nested) comment) mx.example.org (x); dkim=pass",
        b"Authentication-Results: mx.example.org 1; dkim=pass",
        b"Authentication-Results: mx.example.org(x)1; dkim=pass",
        b'Authentication-Results: "mx.example.org" 1; dkim=pass',
        b'Authentication-Results: "\\m\\x.example.org"; dkim=pass',
        b'Authentication-Results: "mx".example."org"; dkim=pass',
        b"Authentication-Results: mx . example (x) . org; dkim=pass",
        b"Authentication-Results: mx.example.org.; dkim=pass",
        b"Authentication-Results: m\0x.example.org; dkim=pass",
        "Authentication-Results: \uff4d\uff58\u3002example\uff0eorg; dkim=pass".encode(),
        b"Authentication-Results: mx.example.org; " + b"x" * 5000,
        b"Authentication-Results:" + b" " * 5000 + b"mx.example.org",
        b"Authentication-Results: (" + b"x" * 200_000 + b")\n mx.example.org; dkim=pass",
        b"Authentication-Results: mx.example.org;" + b"\n dkim=pass header.d=a" * 10_000,
        b"Authentication-Results: mx.example.org/1; dkim=pass",
        b"Authentication-Results: mx.example.org=dkim=pass",
        b"Authentication-Results: mx.example.org, dkim=pass",
        b"Authentication-Results: mx.example.org:dkim=pass",
        b"Authentication-Results: mx . example.org@x; dkim=pass",
        b"Authentication-Results: (mx.example.org; dkim=pass",
        b'Authentication-Results: "mx.example.org; dkim=pass',
        b"Authentication-Results: ; dkim=pass",
        b"Authentication-Results:",
        b"Authentication-Results: ) mx.example.org; dkim=pass",
    ],
    ids=lambda field: field[22:60].decode(errors="replace").replace("\n", "|").replace("\0", "0"),
)
def test_forged_field_is_found(field: bytes) -> None:
    """Wherever it stands, and as often as it does; nothing else is."""
    field += b"\n"
    assert left(BEFORE + field + AFTER) == BEFORE + AFTER
    assert left(field * 2 + BEFORE + AFTER + field) == BEFORE + AFTER
    assert left(field.removesuffix(b"\n")) == b""


@pytest.mark.parametrize(
    "field",
    [
        b"Authentication-Results: mx.example.org.evil.example; dkim=pass",
        b"Authentication-Results: evil.mx.example.org; dkim=pass",
        b"Authentication-Results: example.org; dkim=pass",
        b"Authentication-Results: other.example mx.example.org; dkim=pass",
        b"Authentication-Results: other.example; dkim=pass (mx.example.org)",
        b"Authentication-Results: other.example (; mx.example.org; x); dkim=pass",
        b"Authentication-Results: spf=pass smtp.mailfrom=mx.example.org; dkim=pass",
        b"Authentication-Results: " + b"a " * 5000 + b"; mx.example.org",
        b"Authentication-Results: other/mx.example.org; dkim=pass",
        b"X-Authentication-Results: mx.example.org; dkim=pass",
        b"ARC-Authentication-Results: i=1; mx.example.org; dkim=pass",
        b"Subject: Authentication-Results: mx.example.org; dkim=pass",
        b"Subject: x\n Authentication-Results: mx.example.org; dkim=pass",
        b"Authentication-Results",
        b"\nAuthentication-Results: mx.example.org; dkim=pass",
    ],
    ids=lambda field: field[:60].decode().replace("\n", "|"),
)
def test_field_of_others_is_left(field: bytes) -> None:
    """Those may be trusted by a reader; and whoever signed them would see them missing."""
    block = BEFORE + field + b"\n"
    assert left(block) == block


@pytest.mark.parametrize(
    "field",
    [
        b"Authentication-Results: mx.example.org; dkim=pass",
        b"Authentication-Results:\r mx.example.org; dkim=pass",
        b"Authentication-Results: (x\n y) mx.example.org;\r\n dkim=pass",
    ],
)
def test_n4_field_behind_a_bare_cr_is_found(field: bytes) -> None:
    """Some readers end a line there; what stands before it and behind it is left."""
    for before in (b"Subject: x", b"Subject", b"Authentication-Results: other.example; spf=pass"):
        assert left(before + b"\r" + field + b"\n" + AFTER) == before + b"\n" + AFTER
        assert left(before + b"\r" + field + b"\rX: y\r\n") == before + b"\rX: y\r\n"
    other = b"Subject: x\rAuthentication-Results: other.example; spf=pass\r\n"
    assert left(other + AFTER) == other + AFTER


def test_name_may_be_international() -> None:
    """In A-labels, or in U-labels."""
    for written in ("xn--bcher-kva.example", "bücher.example", "BÜCHER.example"):
        block = f"Authentication-Results: {written}; dkim=pass\n".encode()
        assert left(block, "xn--bcher-kva.example") == b""
        assert left(block) == block


def test_name_need_be_no_domain() -> None:
    """RFC 8601 §2.5."""
    assert left(b"Authentication-Results: (x) My_Own$Name; none\n", "my_own$name") == b""
    assert left(b'Authentication-Results: "my name"; none\n', "my name") == b""


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=50))
def test_our_own_field_is_found(name: str) -> None:
    """Whatever name somebody gives the server."""
    assert left(authentication_results(name, []), name) == b""
