"""
What processes of ours say to each other by pipes: values of Python's own kinds, one by one.

Each is marshalled behind its length (4 octets, the highest first). Both ends are the same program
in the same Python with the same rights, and nobody else has a hand in the pipes between them.
"""

import marshal
import struct
from collections.abc import Iterator
from typing import Any

_LENGTH = struct.Struct("!I")


def framed(value: Any) -> bytes:  # noqa: ANN401 -- whatever can be marshalled
    """Write a value as one frame."""
    octets = marshal.dumps(value)
    return _LENGTH.pack(len(octets)) + octets


class Frames:
    """Finds the values in octets that come in any pieces."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        """Begin with nothing."""
        self._rest = bytearray()  # grows in place, however many pieces a frame has

    def feed(self, octets: bytes | memoryview) -> list[object]:
        """Take the next octets, and give the values that are complete with them."""
        self._rest += octets
        return list(self._values())

    def _values(self) -> Iterator[object]:
        """Take out what is complete."""
        begin = 0
        with memoryview(self._rest) as octets:
            while len(octets) - begin >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(octets, begin)
                end = begin + _LENGTH.size + length
                if len(octets) < end:
                    break
                with octets[begin + _LENGTH.size : end] as frame:
                    value = marshal.loads(frame)  # noqa: S302 -- from ourselves
                yield value
                begin = end
        del self._rest[:begin]
