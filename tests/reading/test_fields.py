"""Header fields for reading, and file names made safe."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.reading.fields import decode_field, name_file


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("What hath god\r\n wrought", "What hath god wrought"),
        ("a\n\t b\r\nc", "a b c"),
        ("=?utf-8?Q?caf=C3=A9?= au lait", "café au lait"),
        ("=?ISO-8859-1?B?Y2Fm6Q==?=", "café"),
        ("=?utf-8?q?caf=C3?=\n =?utf-8?q?=A9?=", "café"),
        ("=?utf-8?q?a_b?= =?iso-8859-1?q?=E9?=", "a bé"),
        ("=?utf-8?q?two words?=", "two words"),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("=?x-nope?q?caf=E9?=", "café"),
        ("=?utf-8?x?no?=", "=?utf-8?x?no?="),
        ("caf\udce9", "café"),
        ("caf\udcc3\udca9", "café"),
        ("caf\ud800", "caf\ufffd"),
        ("", ""),
    ],
)
def test_field_is_unfolded_and_decoded(raw: str, text: str) -> None:
    """Folds and encoded words (RFC 2047) become the text that they stand for."""
    assert decode_field(raw) == text


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd\0", "passwd_"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("..%2f..%2fetc%2fpasswd%00", "_2f.._2fetc_2fpasswd_00"),
        ("／etc／passwd", "passwd"),  # noqa: RUF001 - NFKD makes slashes of them
        ("Résumé 2022.pdf", "Resume 2022.pdf"),
        ("-rf", "rf"),
        (".bashrc", "bashrc"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("photo\u202egpj.exe", "photo_gpj.exe"),
        ("a" * 300 + ".pdf", "a" * 96 + ".pdf"),
        ("a." + "b" * 300, "a." + "b" * 98),
    ],
)
def test_w4_file_name_is_rebuilt(raw: str, name: str) -> None:
    """A name loses its directory and all but letters, digits, dot, dash, space and underscore."""
    assert name_file(raw) == name


@given(st.text())
def test_w4_any_file_name_is_safe(raw: str) -> None:
    """No name leads elsewhere, hides, looks like an option, or is empty."""
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}", name_file(raw))


@given(st.text(st.characters(exclude_categories=())))
def test_no_field_raises(raw: str) -> None:
    """Any octets decode to something, and so does what a charset has made surrogates of."""
    assert isinstance(decode_field(raw), str)


@given(st.lists(st.sampled_from(["=?", "utf-8", "?q?", "?b?", "=C3", "?=", " ", "\n ", "x", "*"])))
def test_no_pieces_of_encoded_words_raise(pieces: list[str]) -> None:
    """Encoded words broken in any way stand as they came."""
    assert isinstance(decode_field("".join(pieces)), str)
