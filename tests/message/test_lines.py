"""Line ends: what is stored does not depend on how the network cut it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.message.lines import LineEnds

PIECES = st.lists(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\0", b"."])).map(b"".join)
)


def convert(pieces: list[bytes]) -> tuple[bytes, int]:
    """Convert octets that come in *pieces*; give what is stored, and the count of bare LF."""
    lines = LineEnds()
    stored = b"".join([*map(lines.convert, pieces), lines.end()])
    return stored, lines.bare


@settings(deadline=None)
@given(PIECES)
def test_any_segmentation_gives_what_the_reference_gives(pieces: list[bytes]) -> None:
    """CRLF is stored as LF, and nothing else is changed, wherever the packets were cut."""
    octets = b"".join(pieces)
    bare = len(re.findall(rb"(?<!\r)\n", octets))
    assert convert(pieces) == (re.sub(rb"\r\n", b"\n", octets), bare)


@pytest.mark.parametrize(
    ("octets", "stored", "bare"),
    [
        (b"a\r\nb\r\n", b"a\nb\n", 0),
        (b"a\nb\r\n", b"a\nb\n", 1),
        (b"a\rb\r\n", b"a\rb\n", 0),
        (b"a\r\r\n", b"a\r\n", 0),
        (b"\0\r\n", b"\0\n", 0),
        (b"a\r", b"a\r", 0),
        (b"a\r\r", b"a\r\r", 0),
        (b"a\r\r\n\n\r", b"a\r\n\n\r", 1),
        (b"", b"", 0),
    ],
)
def test_bare_cr_and_nul_stay_as_they_came(octets: bytes, stored: bytes, bare: int) -> None:
    """Only CRLF is a line end on the wire; a bare LF is stored as one, and counted."""
    assert convert([octets]) == (stored, bare)
    assert convert([octets[i : i + 1] for i in range(len(octets))]) == (stored, bare)


def test_end_gives_what_was_held_back_once() -> None:
    """A CR that ends the content is kept, once."""
    lines = LineEnds()
    assert lines.convert(b"a\r") == b"a"
    assert lines.end() == b"\r"
    assert lines.end() == b""
