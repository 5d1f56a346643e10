"""Octets → text, by the charset that a stranger has named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.reading.charset import decode


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        (b"caf\xc3\xa9", "UTF-8", "café"),
        (b"caf\xe9", "iso-8859-1", "café"),
        (b"\x93quoted\x94", "ISO-8859-1", "“quoted”"),
        (b"caf\xe9", "x-windows-1252", "café"),
        (b"caf\xc3\xa9", "utf-8*fr", "café"),
        (b"caf\xc3\xa9", "us-ascii", "café"),
        (b"caf\xe9", None, "café"),
        (b"\xa4\xe9", "gb2312", "ら"),
        (b"\x1b$B$i\x1b(B", "iso-2022-jp", "ら"),
    ],
)
def test_charset_of_mail_is_read(octets: bytes, charset: str | None, text: str) -> None:
    """A charset is read as browsers read it, and nothing is said about it."""
    assert decode(octets, charset) == (text, None)


@pytest.mark.parametrize(
    "charset",
    ["x-nope", "punycode", "idna", "undefined", "mbcs", "hex", "é", "a" * 60, "a\0b", "", " "],
)
def test_e8_unknown_charset_falls_back(charset: str) -> None:
    """A charset that is none is read as UTF-8 or windows-1252, and that is said."""
    text, problem = decode(b"caf\xe9", charset)
    assert text == "café"
    assert problem is None if not charset else "unknown charset" in str(problem)


def test_octets_outside_the_charset_are_replaced() -> None:
    """What is not in the charset shows as a replacement character, and that is said."""
    assert decode(b"a\xff", "utf-8") == ("a\ufffd", "some octets are not in charset utf-8")


@given(st.binary(), st.none() | st.text() | st.sampled_from(["utf-7", "hz", "utf-16", "cp037"]))
def test_no_octets_and_no_charset_raise(octets: bytes, charset: str | None) -> None:
    """Any octets in any charset come out as text."""
    text, _ = decode(octets, charset)
    assert isinstance(text, str)
