"""PROXY headers for tests, written as proxies write them."""

import socket
from ipaddress import ip_address

from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address

from gomail.server.proxy.header import LONGEST_BLOCK, LONGEST_LINE

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
TCP4, TCP6, UNIX = 0x11, 0x21, 0x31


def line(client: str = "192.0.2.7", port: int = 40695, family: str = "TCP4") -> bytes:
    """Write version 1."""
    here = "192.0.2.25" if family == "TCP4" else "2001:db8::25"
    return f"PROXY {family} {client} {here} {port} 25\r\n".encode()


def block(command: int, family: int, data: bytes) -> bytes:
    """Write version 2."""
    return SIGNATURE + bytes([command, family]) + len(data).to_bytes(2, "big") + data


def named(client: str, port: int = 40695, tlvs: bytes = b"") -> bytes:
    """Write version 2 for a client by TCP."""
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    here = "2001:db8::25" if family == socket.AF_INET6 else "192.0.2.25"
    hosts = socket.inet_pton(family, client) + socket.inet_pton(family, here)
    ports = port.to_bytes(2, "big") + (25).to_bytes(2, "big")
    return block(PROXY, TCP6 if ":" in client else TCP4, hosts + ports + tlvs)


def tlv(kind: int, value: bytes) -> bytes:
    """Write a TLV."""
    return bytes([kind]) + len(value).to_bytes(2, "big") + value


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
