"""CR CR LF made CR LF, however it comes."""

from hypothesis import given
from hypothesis import strategies as st

from gomail.smtp.mending import Mender


def mended(packets: list[bytes]) -> bytes:
    """Mend octets packet by packet; CRs that are held back at the very end stay out."""
    mender = Mender()
    return b"".join(mender.feed(packet) for packet in packets)


def test_crcrlf_becomes_crlf() -> None:
    """What PHP sends through a sendmail that adds CRs is read as it was meant."""
    assert mended([b"HELO x\r\r\nQUIT\r\r\n"]) == b"HELO x\r\nQUIT\r\n"


def test_everything_else_stays() -> None:
    """A bare CR or LF, and a CRLF, are what they are."""
    wire = b"a\rb\nc\r\nd\r\re\n\r\n"
    assert mended([wire]) == wire


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\r\n", b"x"]), max_size=12).map(b"".join)
)
def test_cuts_make_no_difference(wire: bytes) -> None:
    """Octet by octet or at once: the same."""
    whole = mended([wire, b"."])
    assert whole == (wire + b".").replace(b"\r\r\n", b"\r\n")
    assert mended([*(bytes([octet]) for octet in wire), b"", b"."]) == whole


def test_e10_flood_of_cr_takes_no_memory() -> None:
    """Two are held back at most: more never belong to a line end."""
    mender = Mender()
    came = b"".join(mender.feed(b"\r" * 65536) for _ in range(16))
    assert len(came) == 16 * 65536 - 2
    assert mender.feed(b"\n") == b"\r\n"
