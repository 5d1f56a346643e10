"""
Packets of the milter protocol: a length of four octets, a command of one, and its data.

The length counts command and data. Texts in the data end with NUL, so none has a NUL within.
"""

import struct

LONGEST_PACKET = 1024 * 1024  # octets from a milter; replies and fields are far below
LONGEST_CHUNK = 65535  # octets of body in one command (MILTER_CHUNK_SIZE)
LONGEST_TEXT = 60000  # octets of one text; libmilter takes no command above 65,535

_LENGTH = struct.Struct("!I")

Packet = tuple[bytes, bytes]


class Nonsense(Exception):
    """A milter has said what the protocol does not know, or not now."""


def packet(command: bytes, data: bytes = b"") -> bytes:
    """Write a packet."""
    return _LENGTH.pack(1 + len(data)) + command + data


def texts(*values: bytes) -> bytes:
    """Write texts, each with its NUL; a NUL within becomes ``?``, and long ones are cut."""
    return b"".join(value[:LONGEST_TEXT].replace(b"\0", b"?") + b"\0" for value in values)


def read_texts(data: bytes, count: int) -> list[bytes]:
    """
    Read exactly so many texts, and nothing behind them.

    Raises:
        Nonsense: there are more, or fewer, or the last has no end.
    """
    values = data.split(b"\0")
    if len(values) != count + 1 or values[-1]:
        raise Nonsense(f"{count} texts were expected")
    return values[:-1]


class Packets:
    """Finds the packets in octets that come in any pieces."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        """Begin with nothing."""
        self._rest = bytearray()

    @property
    def half(self) -> bool:
        """Whether a packet has begun and not ended."""
        return bool(self._rest)

    def take(self, octets: bytes) -> list[Packet]:
        """
        Take the next octets, and give the packets that are complete with them.

        Raises:
            Nonsense: a length is none that a packet may have.
        """
        rest = self._rest
        rest += octets
        found: list[Packet] = []
        begin = 0
        while len(rest) - begin >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(rest, begin)
            if not 1 <= length <= LONGEST_PACKET:
                raise Nonsense(f"a packet of {length} octets")
            start = begin + _LENGTH.size
            if len(rest) < start + length:
                break
            found.append((bytes(rest[start : start + 1]), bytes(rest[start + 1 : start + length])))
            begin = start + length
        del rest[:begin]
        return found
