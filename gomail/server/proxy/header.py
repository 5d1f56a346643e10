"""
The header of the PROXY protocol, in both of its versions, out of octets that come in any pieces.

The specification is HAProxy's (proxy-protocol.txt, 2020/03/05). No more than `LONGEST` octets are
ever waited for. What is named is taken by the letter: who reads leniently what a proxy says reads
what a client may have made it say. TLVs are passed over, CRC32C among them: TCP has a checksum of
its own.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError
from ipaddress import IPv4Address as IPv4
from ipaddress import IPv6Address as IPv6

from twisted.internet.address import IPv4Address, IPv6Address

LONGEST_LINE = 107  # octets of version 1, with CRLF (§2.1)
LONGEST_BLOCK = 4096  # octets behind the fixed part of version 2; TLS facts take some hundred
_FIXED = 16
LONGEST = _FIXED + LONGEST_BLOCK

_WORD = b"PROXY "
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_LOCAL, _PROXY = 0x20, 0x21  # version 2, and the command
_NO_FAMILY, _TCP4, _TCP6, _UNIX_STREAM = 0x00, 0x11, 0x21, 0x31
_OCTETS_OF_ADDRESSES = {_NO_FAMILY: 0, _TCP4: 12, _TCP6: 36, _UNIX_STREAM: 216}
_PORT = re.compile(rb"(?:0|[1-9][0-9]{0,4})\Z")
_LAST_PORT = 65535


class MalformedHeader(ValueError):
    """What comes is no PROXY header; the text says how it can be told, for the log."""


@dataclass(frozen=True, slots=True)
class Header:
    """
    A header.

    Attributes:
        size: its octets; what follows them is the client's.
        source: the client's address; None where the proxy speaks for itself (LOCAL), or for
            somebody without an IP address (UNKNOWN, a unix socket).
    """

    size: int
    source: IPv4Address | IPv6Address | None = None


def read_header(octets: bytes) -> Header | None:
    """
    Read the header at the beginning of *octets*; None while more than they are is needed.

    Raises:
        MalformedHeader: there is none.
    """
    if octets.startswith(_SIGNATURE):
        return _read_block(octets)
    if octets.startswith(_WORD):
        return _read_line(octets)
    if _SIGNATURE.startswith(octets) or _WORD.startswith(octets):
        return None
    raise MalformedHeader("it has neither signature")


def _read_line(octets: bytes) -> Header | None:
    """Read version 1: ``PROXY TCP4 192.0.2.1 192.0.2.25 40695 25``."""
    line, end, _ = octets[:LONGEST_LINE].partition(b"\r\n")
    if not end:
        if len(octets) >= LONGEST_LINE:
            raise MalformedHeader(f"its line has more than {LONGEST_LINE} octets")
        return None
    size = len(line) + len(end)
    match line.split(b" "):
        case [_, b"UNKNOWN", *_]:  # whatever follows the word is not looked at (§2.1)
            return Header(size)
        case [_, b"TCP4" | b"TCP6" as family, source, destination, port, destination_port]:
            if not (_is_port(port) and _is_port(destination_port)):
                raise MalformedHeader("a port is no number from 0 to 65535")
            host = _host(family, source)
            _host(family, destination)
            kind = IPv4Address if family == b"TCP4" else IPv6Address
            return Header(size, kind("TCP", host, int(port)))
    raise MalformedHeader("its line is neither TCP4, TCP6 nor UNKNOWN")


def _is_port(text: bytes) -> bool:
    """Tell whether a text is a port."""
    return bool(_PORT.match(text)) and int(text) <= _LAST_PORT


def _host(family: bytes, text: bytes) -> str:
    """Read an address of that family."""
    written = text.decode("ascii", "replace")
    try:
        if "%" not in written:  # a zone means something on the proxy's machine alone
            return str(IPv4(written) if family == b"TCP4" else IPv6(written))
    except AddressValueError:
        pass
    raise MalformedHeader(f"an address is none of {family.decode()}")


def _read_block(octets: bytes) -> Header | None:
    """Read version 2: a fixed part, the addresses, and TLVs."""
    if len(octets) < _FIXED:
        return None
    command, family = octets[12], octets[13]
    length = int.from_bytes(octets[14:16], "big")
    size = _FIXED + length
    if command not in {_LOCAL, _PROXY}:
        raise MalformedHeader(f"0x{command:02x} is no command of version 2")
    if length > LONGEST_BLOCK:
        raise MalformedHeader(f"it has more than {LONGEST} octets")
    if command == _PROXY:
        if family not in _OCTETS_OF_ADDRESSES:
            raise MalformedHeader(f"0x{family:02x} is no stream over IP or a unix socket")
        if length < _OCTETS_OF_ADDRESSES[family]:
            raise MalformedHeader("it is too short for its addresses")
    if len(octets) < size:
        return None
    return Header(size, _source(family, octets) if command == _PROXY else None)


def _source(family: int, octets: bytes) -> IPv4Address | IPv6Address | None:
    """Give the address and port of the client, if it has any."""
    if family == _TCP4:
        port = int.from_bytes(octets[24:26], "big")
        return IPv4Address("TCP", str(IPv4(octets[16:20])), port)
    if family == _TCP6:
        port = int.from_bytes(octets[48:50], "big")
        return IPv6Address("TCP", str(IPv6(octets[16:32])), port)
    return None
