"""The header of the PROXY protocol: read to the letter, in whatever pieces it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.server.proxy.header import LONGEST, Header, MalformedHeader, read_header
from tests.server.proxy.headers import HEADERS, MALFORMED, any_header, line, near_headers


@pytest.mark.parametrize(("octets", "source"), HEADERS.values(), ids=HEADERS)
def test_header_is_read(octets: bytes, source: object) -> None:
    """Who is named, and where the client's own octets begin, whatever they are."""
    assert read_header(octets) == Header(len(octets), source)  # type: ignore[arg-type]
    for rest in (b"E", b"\r\n", octets, b"\0" * 10_000):
        assert read_header(octets + rest) == read_header(octets)


@pytest.mark.parametrize("octets", [octets for octets, _ in HEADERS.values()], ids=list(HEADERS))
def test_header_that_is_cut_anywhere_is_waited_for(octets: bytes) -> None:
    """Nothing is made of a part of it."""
    assert len(octets) <= LONGEST
    for size in range(len(octets)):
        assert read_header(octets[:size]) is None


@pytest.mark.parametrize("octets", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_header_is_told(octets: bytes) -> None:
    """With a reason that can be written down; and it does not become one by more octets."""
    for rest in (b"", b"\r\n", line()):
        with pytest.raises(MalformedHeader) as raised:
            read_header(octets + rest)
        assert str(raised.value).isascii()


@pytest.mark.parametrize(
    "octets", [MALFORMED[name] for name in MALFORMED if not name.startswith("v")]
)
def test_what_begins_otherwise_is_told_at_once(octets: bytes) -> None:
    """Nobody waits for the end of a line that can't be a header's."""
    with pytest.raises(MalformedHeader, match="neither signature"):
        read_header(octets[:6])


@given(near_headers | st.binary(max_size=5000) | st.builds(bytes.__add__, any_header, st.binary()))
def test_any_octets_are_a_header_or_none_or_too_few(octets: bytes) -> None:
    """Never another exception, and never more waited for than the bound; a prefix tells no less."""
    try:
        header = read_header(octets)
    except MalformedHeader:
        return
    if header is None:
        assert len(octets) < LONGEST
    else:
        assert header.size <= len(octets)
        assert header == read_header(octets[: header.size])
