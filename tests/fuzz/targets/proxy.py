"""PROXY headers: read as proxy-protocol.txt (2020/03/05) has them, however they are cut."""

import socket
from typing import NamedTuple

from gomail.server.proxy.header import (
    LONGEST,
    LONGEST_BLOCK,
    LONGEST_LINE,
    MalformedHeader,
    read_header,
)
from tests.fuzz.target import Case, Target, read_case
from tests.server.proxy.headers import LOCAL, PROXY, SIGNATURE, TCP4, UNIX, block, line, named, tlv

ADDRESSES = {0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216}


class Named(NamedTuple):
    """What a header says: its size, and the client's address (in octets) and port."""

    size: int
    host: bytes | None = None
    port: int = 0


def check(octets: bytes) -> None:
    """Read the octets as they come, and as a whole."""
    case = read_case(octets)
    final: Named | str | None = None
    for size in sizes(case):
        found = read(case.octets[:size])
        assert found == reference(case.octets[:size])
        assert final is None or found == final, (found, final)  # more octets change nothing
        final = found
    if final is None:
        assert len(case.octets) < LONGEST


def sizes(case: Case) -> list[int]:
    """Give how many octets there are after each piece; without lengths, after each octet."""
    if not case.lengths:
        return list(range(min(len(case.octets), 300) + 1))
    reached = [0]
    while reached[-1] < len(case.octets):
        reached.append(reached[-1] + (case.lengths[len(reached) % len(case.lengths)] or 1))
    return reached


def read(octets: bytes) -> Named | str | None:
    """Read a header; "malformed" where there is none, None where more of it must come."""
    try:
        header = read_header(octets)
    except MalformedHeader as malformed:
        said = str(malformed)
        return "malformed" if said.isascii() and said.isprintable() else said
    if header is None:
        return None
    if header.source is None:
        return Named(header.size)
    assert header.source.type == "TCP"
    family = socket.AF_INET6 if ":" in header.source.host else socket.AF_INET
    return Named(header.size, socket.inet_pton(family, header.source.host), header.source.port)


def reference(octets: bytes) -> Named | str | None:
    """Read a header by the letter of the specification."""
    if octets[:12] == SIGNATURE:
        return reference_block(octets)
    if octets[:6] == b"PROXY ":
        return reference_line(octets)
    begun = octets in (SIGNATURE[: len(octets)], b"PROXY "[: len(octets)])
    return None if begun else "malformed"


def reference_line(octets: bytes) -> Named | str | None:
    """Read version 1."""
    end = octets.find(b"\r\n")
    if end < 0 or end + 2 > LONGEST_LINE:
        return None if len(octets) < LONGEST_LINE else "malformed"
    words = octets[:end].split(b" ")
    if words[1] == b"UNKNOWN":
        return Named(end + 2)
    if len(words) != 6 or words[1] not in {b"TCP4", b"TCP6"}:
        return "malformed"
    family = socket.AF_INET if words[1] == b"TCP4" else socket.AF_INET6
    try:
        source, _ = (socket.inet_pton(family, word.decode("ascii")) for word in words[2:4])
        port, _ = map(port_of, words[4:])
    except (OSError, ValueError):
        return "malformed"
    return Named(end + 2, source, port)


def port_of(word: bytes) -> int:
    """Read a port, which has no zero in front."""
    if not word or any(octet not in b"0123456789" for octet in word) or len(word) > 5:
        raise ValueError
    if str(int(word)).encode() != word or int(word) > 65535:
        raise ValueError
    return int(word)


def reference_block(octets: bytes) -> Named | str | None:
    """Read version 2."""
    if len(octets) < 16:
        return None
    command, family, length = octets[12], octets[13], octets[14] * 256 + octets[15]
    short = family not in ADDRESSES or length < ADDRESSES[family]
    if command not in {LOCAL, PROXY} or length > LONGEST_BLOCK or (command == PROXY and short):
        return "malformed"
    if len(octets) < 16 + length:
        return None
    if command == LOCAL or family not in {0x11, 0x21}:
        return Named(16 + length)
    address = 4 if family == TCP4 else 16
    port = octets[16 + 2 * address] * 256 + octets[17 + 2 * address]
    return Named(16 + length, octets[16 : 16 + address], port)


TARGET = Target(
    check,
    words=(
        SIGNATURE, b"PROXY ", b"TCP4 ", b"TCP6 ", b"UNKNOWN", b"192.0.2.7 ", b"2001:db8::7 ",
        b"\r\n", b"40695 ", b"25\r\n", b"65535", b"65536", b"0", b" ", b"\r", b"\n",
        b"::ffff:192.0.2.7 ", b"fe80::1%eth0", b"192.0.02.7", b"\x21\x11\0\x0c",
        b"\x21\x21\0\x24", b"\x20\0\0\0", b"\x21\x31", b"\x01\0\x02h2", bytes(12), bytes(36),
        b"EHLO client.example\r\n", b"x" * 60,
    ),
    seeds=(
        *(Case(0, b"", header + b"EHLO a\r\n").written() for header in (
            line(), line("2001:db8::7", family="TCP6"), b"PROXY UNKNOWN x\r\n", named("192.0.2.7"),
            named("2001:db8::7", tlvs=tlv(4, b"x" * 30)), block(LOCAL, 0, b""),
            block(PROXY, 0, b"x"), b"EHLO a\r\n", line(port=65536), line(port=-1),
        )),
        Case(0, b"\x40", block(PROXY, UNIX, bytes(216))).written(),
        Case(0, b"\xff", named("192.0.2.7", tlvs=tlv(4, bytes(3000)))).written(),
    ),
)  # fmt: skip
