"""
The addresses of this machine's interfaces, as Linux's kernel tells them (rtnetlink(7)).

Python has no call for that. The kernel also tells which IPv6 addresses stay, and which are changed
every day so that nobody is known by them (RFC 8981).
"""

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from gomail.machine.dump import Message, attributes_of, dump

_MESSAGE = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix, flags, scope, interface
_ROUTE, _NEW_ADDRESS, _GET_ADDRESS = 0, 20, 22
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
    told = dump(_ROUTE, _GET_ADDRESS, _MESSAGE.pack(0, 0, 0, 0, 0))
    return tuple(each for each in read_addresses(told) if not ip_address(each.ip).is_loopback)


def read_addresses(messages: Iterable[Message]) -> Iterator[Address]:
    """Read the addresses in what the kernel has said."""
    for kind, body in messages:
        if kind == _NEW_ADDRESS:
            yield from _read_address(body)


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
