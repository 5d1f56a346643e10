"""The header of the PROXY protocol: read to the letter, in whatever pieces it comes."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address

from gomail.server.proxy.header import (
    LONGEST,
    LONGEST_BLOCK,
    LONGEST_LINE,
    Header,
    MalformedHeader,
    read_header,
)
from tests.server.proxy.headers import (
    LOCAL,
    PROXY,
    SIGNATURE,
    TCP4,
    TCP6,
    UNIX,
    block,
    line,
    named,
    tlv,
)

V4 = IPv4Address("TCP", "192.0.2.7", 40695)
V6 = IPv6Address("TCP", "2001:db8::7", 40695)
MANY_TLVS = tlv(1, b"h2") + tlv(2, b"mx.example.org") + tlv(3, b"\0\0\0\0") + tlv(0x20, b"x" * 300)

HEADERS = {
    "v1 IPv4": (line(), V4),
    "v1 IPv6": (line("2001:DB8:0::7", family="TCP6"), V6),
    "v1 mapped": (
        line("::ffff:192.0.2.7", 1, "TCP6"),
        IPv6Address("TCP", str(ip_address("::ffff:c000:207")), 1),  # in digits from Python 3.13 on
    ),
    "v1 least": (b"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", IPv4Address("TCP", "0.0.0.0", 0)),
    "v1 longest": (
        b"PROXY TCP6 " + b" ".join([b"ffff:f:f:f:f:f:255.255.255.255"] * 2) + b" 65535 65535\r\n",
        IPv6Address("TCP", "ffff:f:f:f:f:f:ffff:ffff", 65535),
    ),
    "v1 unknown": (b"PROXY UNKNOWN\r\n", None),
    "v1 unknown with more": (b"PROXY UNKNOWN \r\xff\n TCP4 1.2.3.4\r\n", None),
    "v1 unknown, longest": (b"PROXY UNKNOWN".ljust(LONGEST_LINE - 2) + b"\r\n", None),
    "v2 IPv4": (named("192.0.2.7"), V4),
    "v2 IPv6": (named("2001:db8::7"), V6),
    "v2 TLVs": (named("192.0.2.7", tlvs=MANY_TLVS), V4),
    "v2 TLVs that are none": (named("2001:db8::7", tlvs=b"\x04\xff\xff"), V6),
    "v2 longest": (named("192.0.2.7", tlvs=tlv(4, bytes(LONGEST_BLOCK - 12 - 3))), V4),
    "v2 local": (block(LOCAL, 0, b""), None),
    "v2 local of any family": (block(LOCAL, 0xFF, b"whatever"), None),
    "v2 local with addresses": (block(LOCAL, TCP4, bytes(12)), None),
    "v2 without family": (block(PROXY, 0, tlv(5, b"id")), None),
    "v2 unix": (block(PROXY, UNIX, b"/run/a".ljust(108, b"\xff") + bytes(108)), None),
}

MALFORMED = {
    "EHLO": b"EHLO client.example\r\n",
    "TLS": b"\x16\x03\x01\x02\x00",
    "empty line": b"\r\nEHLO",
    "small letters": b"proxy TCP4 192.0.2.7 192.0.2.25 1 2\r\n",
    "v1 without words": b"PROXY \r\n",
    "v1 word": b"PROXY UDP4 192.0.2.7 192.0.2.25 1 2\r\n",
    "v1 unknown, glued": b"PROXY UNKNOWNS\r\n",
    "v1 LF": b"PROXY TCP4 192.0.2.7 192.0.2.25 1 2\n".ljust(LONGEST_LINE),
    "v1 too few": b"PROXY TCP4 192.0.2.7 192.0.2.25 1\r\n",
    "v1 too many": b"PROXY TCP4 192.0.2.7 192.0.2.25 1 2 3\r\n",
    "v1 two spaces": b"PROXY TCP4  192.0.2.7 192.0.2.25 1 2\r\n",
    "v1 space at the end": b"PROXY TCP4 192.0.2.7 192.0.2.25 1 2 \r\n",
    "v1 port too big": line(port=65536),
    "v1 port negative": b"PROXY TCP4 192.0.2.7 192.0.2.25 -1 2\r\n",
    "v1 port with zero": b"PROXY TCP4 192.0.2.7 192.0.2.25 01 2\r\n",
    "v1 port as Python has it": b"PROXY TCP4 192.0.2.7 192.0.2.25 1_0 2\r\n",
    "v1 other port": b"PROXY TCP4 192.0.2.7 192.0.2.25 1 +2\r\n",
    "v1 IPv6 as IPv4": line("2001:db8::7"),
    "v1 IPv4 as IPv6": line("192.0.2.7", family="TCP6"),
    "v1 other address": b"PROXY TCP4 192.0.2.7 elsewhere 1 2\r\n",
    "v1 zone": line("fe80::1%eth0", family="TCP6"),
    "v1 octal": line("192.0.02.7"),
    "v1 not ASCII": b"PROXY TCP4 192.0.2.\xb2 192.0.2.25 1 2\r\n",
    "v1 too long": b"PROXY UNKNOWN".ljust(LONGEST_LINE) + b"\r\n",
    "v1 CR at the bound": b"PROXY UNKNOWN".ljust(LONGEST_LINE - 1) + b"\r\n",
    "v2 version 1": block(0x11, TCP4, bytes(12)),
    "v2 version 3": block(0x31, TCP4, bytes(12)),
    "v2 command": block(0x22, TCP4, bytes(12)),
    "v2 UDP": block(PROXY, 0x12, bytes(12)),
    "v2 UDP over IPv6": block(PROXY, 0x22, bytes(36)),
    "v2 datagrams of unix sockets": block(PROXY, 0x32, bytes(216)),
    "v2 IPv4 of no protocol": block(PROXY, 0x10, bytes(12)),
    "v2 stream of no family": block(PROXY, 0x01, bytes(12)),
    "v2 family": block(PROXY, 0x41, bytes(216)),
    "v2 IPv4 too short": block(PROXY, TCP4, bytes(11)),
    "v2 IPv6 too short": block(PROXY, TCP6, bytes(35)),
    "v2 unix too short": block(PROXY, UNIX, bytes(215)),
    "v2 too long": block(LOCAL, 0, bytes(LONGEST_BLOCK + 1)),
    "v2 far too long": SIGNATURE + b"\x21\x11\xff\xff",
}

any_header = st.sampled_from([octets for octets, _ in HEADERS.values()])
near_headers = st.builds(
    lambda header, at, other: header[: at % len(header)] + other,
    any_header,
    st.integers(0),
    st.binary(max_size=300),
)


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
