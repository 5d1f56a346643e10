"""Header fields as they are signed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.checks.dkim.canonical import Canonical, compress, relaxed, simple, without_signature
from gomail.checks.header import Header
from tests.checks.signing import canonical_field


def test_rfc_6376_example_is_relaxed() -> None:
    """§3.4.5, the first two examples."""
    header = Header(b"A: X\nB : Y\t\n\tZ  \n")
    assert [relaxed(field.octets) for field in header.fields] == [b"a:X", b"b:Y Z"]
    assert [simple(field.octets) for field in header.fields] == [b"A: X", b"B : Y\t\r\n\tZ  "]


@given(st.text(" \t\nab:", min_size=1))
def test_field_is_made_canonical_as_the_rfc_says(text: str) -> None:
    """Line by line, it comes to the same."""
    octets = b"A:" + text.replace("\n", "\n ").encode()
    assert relaxed(octets) == canonical_field(octets, "relaxed")
    assert simple(octets) == canonical_field(octets, "simple")


@given(st.text(" \ta\r"))
def test_white_space_is_compressed(text: str) -> None:
    """Each run becomes one space; a bare CR is none."""
    import re

    assert compress(text.encode()) == re.sub(rb"[ \t]+", b" ", text.encode())


@pytest.mark.parametrize(
    ("octets", "emptied"),
    [
        (b"S: a=1; b=xyz", b"S: a=1; b="),
        (b"S: b=xyz; a=1", b"S: b=; a=1"),
        (b"S: a=1;\n\tb =\n x y\n z \n;c=2;", b"S: a=1;\n\tb =;c=2;"),
        (b"S: bh=b=; b=x=", b"S: bh=b=; b="),
        (b"S: a=1", b"S: a=1"),
        (b"S: b", b"S: b"),
        (b"S:b=x", b"S:b="),
    ],
)
def test_signature_is_taken_out_of_its_field(octets: bytes, emptied: bytes) -> None:
    """With the white space around it, and nothing else (RFC 6376 §3.7)."""
    assert without_signature(octets) == emptied


def test_fields_are_selected_from_the_bottom() -> None:
    """§5.4.2: each once; a name without a field covers nothing; lines without a name never."""
    header = Header(b"A: 1\nB: 2\na: 3\nnonsense\nS: b=x\n")
    canonical = Canonical(header)
    covered = b"a:3\r\nb:2\r\na:1\r\n" + b"s:b="
    digest = canonical.digest("relaxed", ["a", "c", "b", "a", "a"], header.fields[-1])
    assert digest == hashlib.sha256(covered).digest()
