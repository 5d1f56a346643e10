"""
Hashes of a body, as signatures have them (RFC 6376 §3.4.3, §3.4.4 and §3.7), while it streams by.

It comes with LF and in pieces, and is hashed with CRLF. A call takes as long as its piece is big,
and nothing of the body is kept: neither lines nor the empty ones that may be its end.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gomail.checks.dkim.canonical import RELAXED, SIMPLE, compress


class Wish(NamedTuple):
    """
    A hash that a signature needs.

    Attributes:
        way: the canonicalisation, ``simple`` or ``relaxed``.
        length: how many octets of what is canonical it covers; all without one.
    """

    way: str
    length: int | None = None


class Digest(NamedTuple):
    """
    A hash, by SHA-256.

    Attributes:
        octets: its 32 octets.
        total: how many octets the canonical body has; a signature can't cover more.
    """

    octets: bytes
    total: int


class BodyHashes:
    """All hashes of one body; it is made canonical once a way, not once a signature."""

    __slots__ = ("_bodies", "_hashes")

    def __init__(self, wishes: Iterable[Wish]) -> None:
        """Begin; what is not wished for costs nothing."""
        self._hashes = {wish: _Hash(wish) for wish in wishes}
        ways: dict[str, list[_Hash]] = {}
        for wish, one in self._hashes.items():
            ways.setdefault(wish.way, []).append(one)
        self._bodies = [_BODIES[way](hashes) for way, hashes in ways.items()]

    def take(self, octets: bytes) -> None:
        """Hash the next piece."""
        for body in self._bodies:
            body.take(octets)

    def end(self) -> dict[Wish, Digest]:
        """Give what was wished for; nothing may come behind it."""
        return {wish: one.end() for wish, one in self._hashes.items()}


class _Hash:
    """
    One hash, and what it was before the line ends that came last.

    Those may be followed by more, or be the empty lines that don't count: so they are hashed at
    once, and the copy is for the case that nothing follows.
    """

    __slots__ = ("_copy", "_fed", "_running", "_total", "_wish")

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._running = hashlib.sha256()
        self._copy = self._running.copy()
        self._fed = 0  # octets that were canonical so far
        self._total = 0  # those of them before the line ends that came last

    def take(self, text: bytes, line_ends: bytes) -> None:
        """Hash what ends in no line end, and the line ends behind it."""
        if text:
            self._feed(self._running, text)
            self._copy = self._running.copy()
            self._total = self._fed
        self._feed(self._running, line_ends)

    def end(self) -> Digest:
        """Give the hash of what is canonical: with one line end, or, relaxed, with nothing."""
        if self._total or self._wish.way != RELAXED:
            self._fed = self._total
            self._feed(self._copy, b"\r\n")
            self._total = self._fed
        return Digest(self._copy.digest(), self._total)

    def _feed(self, running: "hashlib._Hash", octets: bytes) -> None:
        """Hash the part of *octets* that is covered."""
        length = self._wish.length
        if length is None or self._fed + len(octets) <= length:
            running.update(octets)
        elif self._fed < length:
            running.update(octets[: length - self._fed])
        self._fed += len(octets)


class _Simple:
    """A body as it is, but for empty lines at its end (§3.4.3)."""

    __slots__ = ("_hashes",)

    def __init__(self, hashes: Sequence[_Hash]) -> None:
        self._hashes = hashes

    def take(self, octets: bytes) -> None:
        text = octets.rstrip(b"\n")
        line_ends = b"\r\n" * (len(octets) - len(text))
        text = text.replace(b"\n", b"\r\n")
        for one in self._hashes:
            one.take(text, line_ends)


class _Relaxed(_Simple):
    """… and with single spaces, none of them at the end of a line (§3.4.4)."""

    __slots__ = ("_space",)

    def __init__(self, hashes: Sequence[_Hash]) -> None:
        super().__init__(hashes)
        self._space = b""  # a run of white space that came last, and may come before a line end

    def take(self, octets: bytes) -> None:
        octets = compress(self._space + octets).replace(b" \n", b"\n")
        text = octets.removesuffix(b" ")
        self._space = octets[len(text) :]
        super().take(text)


_BODIES = {SIMPLE: _Simple, RELAXED: _Relaxed}
