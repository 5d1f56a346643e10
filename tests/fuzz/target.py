"""
What is fuzzed: functions that take any octets, and raise where something is wrong with gomail.

Each compares what gomail makes of its input with what a slow and plain reader makes of it. The
octets of an input begin with how they are had: a choice of ways, and how the network cuts the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle
from typing import NamedTuple

NAMES = (
    "bounces",
    "configuration",
    "content",
    "control",
    "grammar",
    "headers",
    "orders",
    "proxy",
    "reading",
    "sessions",
)
LONGEST = 4096  # octets of an input, unless its target says otherwise
_MOST_LENGTHS = 8


@dataclass(frozen=True, slots=True)
class Target:
    """
    One thing that takes a stranger's octets.

    Attributes:
        check: raises if something is wrong with what becomes of them.
        words: what is in many inputs.
        seeds: inputs to begin with.
        longest: octets of an input; short ones are checked more often.
    """

    check: Callable[[bytes], None]
    words: tuple[bytes, ...]
    seeds: tuple[bytes, ...]
    longest: int = LONGEST


def find(name: str) -> Target:
    """Import a target, and with it the part of gomail that it is for."""
    target: Target = import_module(f"tests.fuzz.targets.{name}").TARGET
    return target


class Case(NamedTuple):
    """
    One input.

    Attributes:
        ways: a number from 0 to 255, in which each bit is a choice.
        lengths: of the pieces in which the octets come, over and over; all at once without any.
        octets: the rest.
    """

    ways: int
    lengths: bytes
    octets: bytes

    def way(self, bit: int) -> bool:
        """Tell what is chosen by a *bit*."""
        return bool(self.ways >> bit & 1)

    def written(self) -> bytes:
        """Write the case, so that `read_case` reads it."""
        return bytes([self.ways, len(self.lengths)]) + self.lengths + self.octets


def read_case(octets: bytes) -> Case:
    """Read an input; what it lacks is 0, or nothing."""
    ways = octets[0] if octets else 0
    count = octets[1] % (_MOST_LENGTHS + 1) if len(octets) > 1 else 0
    return Case(ways, octets[2 : 2 + count], octets[2 + count :])


def pieces(octets: bytes, lengths: bytes) -> list[bytes]:
    """Cut *octets* into pieces of these *lengths*, none of them empty."""
    if not lengths:
        return [octets] if octets else []
    start, cut = 0, list[bytes]()
    for length in cycle(lengths):
        if start >= len(octets):
            return cut
        cut.append(octets[start : start + (length or 1)])
        start += length or 1
    return cut
