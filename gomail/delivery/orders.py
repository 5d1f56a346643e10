"""
What a server and its delivery agent say to each other: orders one way, outcomes the other.

Each is a value of Python's own kinds, marshalled behind its length (4 octets, the highest first).
Both ends are the same program in the same Python with the same rights, and nobody else has a hand
in the pipes between them.
"""

import marshal
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

_LENGTH = struct.Struct("!I")
READY = "ready"  # the agent's first word


class Order(NamedTuple):
    """
    One message to store.

    Attributes:
        number: what its outcome is told by.
        until: when nobody waits for it any more, by the monotonic clock, which is the machine's.
        hostname: ours, for the names of files.
        group: the numeric group that shares the Maildirs, or None.
        filings: path and trace fields of each copy.
        content: the octets below them.
    """

    number: int
    until: float
    hostname: str
    group: int | None
    filings: tuple[tuple[str, bytes], ...]
    content: bytes | bytearray


class Outcome(NamedTuple):
    """
    What came of an order.

    Attributes:
        number: that of the order.
        stored: the names in ``new/``, in the order of its filings, where all is durable.
        error: else what the disk said: number and words.
        at: the path of the Maildir where it was said.
    """

    number: int
    stored: tuple[str, ...]
    error: tuple[int, str] | None
    at: str


def framed(value: Any) -> bytes:  # noqa: ANN401 -- whatever can be marshalled
    """Write a value as one frame."""
    octets = marshal.dumps(value)
    return _LENGTH.pack(len(octets)) + octets


class Frames:
    """Finds the values in octets that come in any pieces."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        """Begin with nothing."""
        self._rest = b""

    def feed(self, octets: bytes) -> list[object]:
        """Take the next octets, and give the values that are complete with them."""
        self._rest += octets
        return list(self._values())

    def _values(self) -> Iterator[object]:
        """Take out what is complete."""
        octets, begin = memoryview(self._rest), 0
        while len(octets) - begin >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(octets, begin)
            end = begin + _LENGTH.size + length
            if len(octets) < end:
                break
            yield marshal.loads(octets[begin + _LENGTH.size : end])  # noqa: S302 -- from ourselves
            begin = end
        self._rest = self._rest[begin:]
