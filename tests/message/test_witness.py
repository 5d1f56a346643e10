"""Who looks at content while it comes sees what is stored, and may leave out header fields."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.message.content import Content, Memory
from gomail.reply import Refused
from tests.message.disk import SMALL, Disk


class Witness:
    """Remembers what it has seen, and leaves out lines that begin with X."""

    def __init__(self) -> None:
        self.block: bytes | None = None
        self.seen = b""

    def header(self, block: bytes) -> Sequence[tuple[int, int]]:
        """Take the header block."""
        assert self.block is None
        self.block = block
        ranges, at = [], 0
        for line in block.splitlines(keepends=True) if b"\r" not in block else ():
            if line.startswith(b"X"):
                ranges.append((at, at + len(line)))
            at += len(line)
        return ranges

    def body(self, octets: bytes) -> None:
        """Take octets of the body."""
        assert self.block is not None
        self.seen += octets


def seen(*pieces: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Witness, bytes]:
    """Take a message in pieces; give its witness, and what is stored."""
    memory, disk, witness = Memory(10_000), Disk(), Witness()
    content = Content(limits, memory, disk, "/nowhere", witness=witness)
    for piece in pieces:
        content.take(piece)
    content.end()
    stored = bytes(content.in_memory or b"")
    assert content.size == memory.used == len(stored)
    content.close()
    assert memory.used == 0
    return witness, stored


@pytest.mark.parametrize(
    ("message", "block", "body", "stored"),
    [
        (b"A: 1\r\nX: 2\r\n\r\nb\r\n", b"A: 1\nX: 2\n", b"b\n", b"A: 1\n\nb\n"),
        (b"X: 1\r\n\r\nb", b"X: 1\n", b"b", b"\nb"),
        (b"\r\nX: b\r\n", b"", b"X: b\n", b"\nX: b\n"),
        (b"A: 1\r\nX: 2", b"A: 1\nX: 2", b"", b"A: 1\n"),
        (b"A: 1\r\n\r\n", b"A: 1\n", b"", b"A: 1\n\n"),
        (b"", b"", b"", b""),
    ],
)
def test_header_and_body_are_told_apart(
    message: bytes, block: bytes, body: bytes, stored: bytes
) -> None:
    """However it comes; only the header has parts that are left out."""
    whole = [message]
    octets = [message[at : at + 1] for at in range(len(message))]
    for pieces in (whole, octets):
        witness, kept = seen(*pieces)
        assert (witness.block, witness.seen, kept) == (block, body, stored)


@given(st.lists(st.binary(max_size=40)))
def test_all_is_seen_that_is_stored(pieces: list[bytes]) -> None:
    """Whatever it is: header, the line between, and body."""
    message = b"".join(pieces).replace(b"\r\n", b"\n")
    witness, _ = seen(*pieces)
    assert witness.block is not None
    between = b"\n" if len(message) > len(witness.block) else b""
    assert witness.block + between + witness.seen == message


def test_header_that_is_too_big_is_not_seen() -> None:
    """It is refused as before, and held no longer than that."""
    memory, witness = Memory(10), Witness()
    limits = replace(SMALL, header_size=100)
    content = Content(limits, memory, Disk(), "/nowhere", witness=witness)
    assert content.take(b"A: b\r\n" * 10) is None  # it goes nowhere before it was seen
    with pytest.raises(Refused):
        content.take(b"A: b\r\n" * 20)
    assert witness.block is None
    content.close()
    assert memory.used == 0
