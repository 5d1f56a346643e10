"""
The addresses of this machine's interfaces, as Linux's kernel tells them (rtnetlink(7)).

Python has no call for that. The kernel also tells which IPv6 addresses stay, and which are changed
every day so that nobody is known by them (RFC 8981).
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, number, port
_MESSAGE = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix, flags, scope, interface
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr: length, type
_NEW_ADDRESS, _GET_ADDRESS, _ERROR, _DONE = 20, 22, 2, 3
_REQUEST_ALL = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_PEER, _LOCAL, _FLAGS = 1, 2, 8  # IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS
_TEMPORARY, _DUPLICATE, _DEPRECATED, _TENTATIVE, _PERMANENT = 0x01, 0x08, 0x20, 0x40, 0x80
_FAMILIES = {socket.AF_INET: 4, socket.AF_INET6: 16}  # and their length in octets


@dataclass(frozen=True, slots=True)
class Address:
    """
    An address of an interface.

    Attributes:
        ip: as text.
        interface: the name of the interface.
        stable: whether somebody has set it; one that was made up from what a router says stays as
            long as the router says the same.
        passing: whether it is changed from time to time, or is on its way in or out.
    """

    ip: str
    interface: str
    stable: bool
    passing: bool = False


def addresses() -> tuple[Address, ...]:
    """
    Give all addresses of this machine, but for those of the machine to itself.

    Raises:
        OSError: they can't be found out, such as on anything but Linux.
    """
    if not hasattr(socket, "AF_NETLINK"):
        raise OSError("this system does not tell its addresses")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as kernel:
        length = _HEADER.size + _MESSAGE.size
        request = _HEADER.pack(length, _GET_ADDRESS, _REQUEST_ALL, 1, 0)
        kernel.sendall(request + _MESSAGE.pack(0, 0, 0, 0, 0))
        found: list[Address] = []
        while read_addresses(kernel.recv(1 << 18), found):
            pass
    return tuple(each for each in found if not ip_address(each.ip).is_loopback)


def read_addresses(octets: bytes, found: list[Address]) -> bool:
    """
    Add the addresses in what the kernel sent to those that were found; tell whether more follows.

    Raises:
        OSError: the kernel says that something is wrong.
    """
    at = 0
    while at + _HEADER.size <= len(octets):
        length, kind, _, _, _ = _HEADER.unpack_from(octets, at)
        body = octets[at + _HEADER.size : at + length]
        if kind == _DONE:
            return False
        if kind == _ERROR:
            raise OSError(-int.from_bytes(body[:4], "little", signed=True), "netlink")
        if kind == _NEW_ADDRESS:
            found += _read_address(body)
        at += max((length + 3) & ~3, _HEADER.size)
    return True


def _read_address(body: bytes) -> Iterator[Address]:
    """Read an address, if it is of a family that mail goes by."""
    family, _, flags, _, index = _MESSAGE.unpack_from(body)
    length = _FAMILIES.get(family)
    values = dict(attributes_of(body[_MESSAGE.size :]))
    octets = values.get(_LOCAL, values.get(_PEER, b""))  # of two ends the first is ours
    if length is None or len(octets) != length:
        return
    if _FLAGS in values:
        flags = struct.unpack("=I", values[_FLAGS])[0]
    # IFA_F_TEMPORARY is IFA_F_SECONDARY with IPv4, where it says nothing.
    fleeting = _DEPRECATED | _TENTATIVE | _DUPLICATE | (_TEMPORARY if length == 16 else 0)
    try:
        name = socket.if_indextoname(index)
    except OSError:  # it is gone by now
        return
    ip = str(ip_address(octets))
    yield Address(ip, name, stable=bool(flags & _PERMANENT), passing=bool(flags & fleeting))


def attributes_of(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Read the attributes of a message."""
    at = 0
    while at + _ATTRIBUTE.size <= len(octets):
        length, kind = _ATTRIBUTE.unpack_from(octets, at)
        yield kind, octets[at + _ATTRIBUTE.size : at + length]
        at += max((length + 3) & ~3, _ATTRIBUTE.size)
