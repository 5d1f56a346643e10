"""What Linux's kernel has many of, asked for by netlink(7): the request, and its answer."""

import socket
import struct
from collections.abc import Iterator

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, number, port
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr: length, type
_ERROR, _DONE = 2, 3
_REQUEST_ALL = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_PACKET = 1 << 18  # octets: more than the kernel puts into one

Message = tuple[int, bytes]  # its type, and what is in it


def dump(protocol: int, kind: int, request: bytes) -> Iterator[Message]:
    """
    Ask the kernel for all that it has of something.

    Args:
        protocol: of netlink: whom to ask.
        kind: the type of the request.
        request: what follows its header.

    Raises:
        OSError: the kernel does not tell, such as any but Linux.
    """
    if not hasattr(socket, "AF_NETLINK"):
        raise OSError("this system has no netlink")
    raw = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, raw, protocol) as kernel:
        length = _HEADER.size + len(request)
        kernel.sendall(_HEADER.pack(length, kind, _REQUEST_ALL, 1, 0) + request)
        more = True
        while more:
            found: list[Message] = []
            more = read_messages(kernel.recv(_PACKET), found)
            yield from found


def read_messages(octets: bytes, found: list[Message]) -> bool:
    """
    Add the messages in what the kernel sent to those that were found; tell whether more follows.

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
            raise OSError(-struct.unpack_from("=i", body)[0], "netlink")
        found.append((kind, body))
        at += max(_aligned(length), _HEADER.size)
    return True


def attributes_of(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Read the attributes of a message."""
    at = 0
    while at + _ATTRIBUTE.size <= len(octets):
        length, kind = _ATTRIBUTE.unpack_from(octets, at)
        yield kind, octets[at + _ATTRIBUTE.size : at + length]
        at += max(_aligned(length), _ATTRIBUTE.size)


def _aligned(length: int) -> int:
    """Give where the next one begins: at a multiple of four octets."""
    return (length + 3) & ~3
