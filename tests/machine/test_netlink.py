"""What the kernel says of addresses, in its own octets."""

import socket
import struct
import sys
from ipaddress import ip_address

import pytest

from gomail.machine.dump import Message, read_messages
from gomail.machine.netlink import Address, addresses, read_addresses

LOOPBACK = "lo" if sys.platform == "linux" else "lo0"
INDEX = socket.if_nametoindex(LOOPBACK)


def attribute(kind: int, octets: bytes) -> bytes:
    """Write an attribute."""
    return struct.pack("=HH", 4 + len(octets), kind) + octets + b"\0" * (-len(octets) % 4)


def message(kind: int, body: bytes) -> bytes:
    """Write a message."""
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body


def address(ip: str, flags: int, *others: bytes, index: int = INDEX) -> bytes:
    """Write a message about an address."""
    octets = ip_address(ip).packed
    family = socket.AF_INET6 if len(octets) == 16 else socket.AF_INET
    body = struct.pack("=BBBBI", family, 64, flags & 0xFF, 0, index)
    return message(
        20, body + attribute(1, octets) + attribute(8, struct.pack("=I", flags)) + b"".join(others)
    )


def read(*packets: bytes) -> list[Address]:
    """Give the addresses in packets that come one by one."""
    found: list[Message] = []
    for each in packets:
        assert read_messages(each, found)
    assert not read_messages(message(3, bytes(4)), found)
    return list(read_addresses(found))


@pytest.mark.parametrize(
    ("ip", "flags", "stable", "passing"),
    [
        ("5.9.1.1", 0x80, True, False),
        ("5.9.1.1", 0x81, True, False),  # the second one of its interface
        ("5.9.1.1", 0x200, False, False),  # by DHCP
        ("2a01:4f8::1", 0x80, True, False),
        ("2a01:4f8::1", 0x300, False, False),  # made from the router's prefix
        ("2a01:4f8::1", 0x01, False, True),  # RFC 8981
        ("2a01:4f8::1", 0x20, False, True),  # deprecated
        ("2a01:4f8::1", 0xC0, True, True),  # tentative
        ("2a01:4f8::1", 0x88, True, True),  # somebody else has it
    ],
)
def test_flags_tell_what_stays(ip: str, flags: int, stable: bool, passing: bool) -> None:  # noqa: FBT001 -- by the table
    """By IPv6; with IPv4 one of them has another meaning."""
    assert read(address(ip, flags)) == [Address(ip, LOOPBACK, stable, passing)]


def test_own_end_of_a_link_is_meant() -> None:
    """Of a point-to-point link the kernel names both."""
    own = attribute(2, ip_address("5.9.1.7").packed)
    assert [each.ip for each in read(address("5.9.1.8", 0x80, own))] == ["5.9.1.7"]


def test_what_is_no_address_is_passed_over() -> None:
    """Another family, another message, or an interface that has gone meanwhile."""
    other = message(20, struct.pack("=BBBBI", 7, 0, 0, 0, INDEX) + attribute(1, b"abcd"))
    gone = address("5.9.1.1", 0x80, index=0x7FFFFFF0)
    assert read(other, gone, message(16, bytes(16))) == []
    assert [each.ip for each in read(address("5.9.1.1", 0x80) + address("5.9.1.2", 0x80))] == [
        "5.9.1.1",
        "5.9.1.2",
    ]


def test_refusal_of_the_kernel_is_an_error() -> None:
    """With its number, whatever it was asked for."""
    with pytest.raises(PermissionError):
        read_messages(message(2, struct.pack("=i", -1) + bytes(16)), [])


def test_other_systems_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have other ways, or none."""
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    with pytest.raises(OSError, match="no netlink"):
        addresses()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_this_machine_is_asked() -> None:
    """What comes is its own addresses, but for those that are for itself."""
    for each in addresses():
        assert not ip_address(each.ip).is_loopback
        assert socket.if_nametoindex(each.interface)
