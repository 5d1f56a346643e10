"""Hashes of a body: the same as those of the whole body made canonical, however it is cut."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.checks.dkim.body import BodyHashes, Digest, Wish
from tests.checks.signing import canonical_body

BODIES = st.lists(st.sampled_from([b"\n", b" ", b"\t", b"a", b"\r", b"b c", b"  \n", b"\n\n"]))
WISHES = [Wish(way, length) for way in ("simple", "relaxed") for length in (None, 0, 1, 2, 5, 9)]


def hashed(body: bytes, pieces: list[bytes], wishes: list[Wish]) -> None:
    """Hash a body in pieces, and compare with the reference."""
    hashes = BodyHashes(wishes)
    for piece in pieces:
        hashes.take(piece)
    digests = hashes.end()
    for way, length in wishes:
        canonical = canonical_body(body, way)
        expected = Digest(hashlib.sha256(canonical[:length]).digest(), len(canonical))
        assert digests[Wish(way, length)] == expected, (way, length, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"\n\n\n",
        b" ",
        b" \n\t\n",
        b"a",  # BDAT may end in the middle of a line
        b"a ",
        b"a\n ",
        b"a\n \n",
        b"a\n",
        b"a\n\n\n",
        b"\n\na",
        b"\ta  \t b \n c\n\n",
        b"a\r\n\r",
        b" \r\n",
    ],
)
def test_every_cut_gives_the_same_hash(body: bytes) -> None:
    """In two pieces and octet by octet; relaxed and simple, whole and in part."""
    for at in range(len(body) + 1):
        hashed(body, [body[:at], body[at:]], WISHES)
    hashed(body, [body[at : at + 1] for at in range(len(body))], WISHES)


@given(BODIES, st.data())
def test_any_cut_of_any_body_gives_the_same_hash(parts: list[bytes], data: st.DataObject) -> None:
    """What is held back at the end of a piece is not lost."""
    body = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)))))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    hashed(body, pieces, WISHES)


def test_rfc_6376_examples_are_hashed() -> None:
    """§3.4.5: the two bodies of the example, and the empty one of §3.4.3 and §3.4.4."""
    body = b" C \nD \t E\n\n\n"
    for way, canonical in (("relaxed", b" C\r\nD E\r\n"), ("simple", b" C \r\nD \t E\r\n")):
        hashes = BodyHashes([Wish(way)])
        hashes.take(body)
        assert hashes.end()[Wish(way)].octets == hashlib.sha256(canonical).digest()
    empty = BodyHashes([Wish("simple"), Wish("relaxed")]).end()
    assert empty[Wish("simple")].octets == hashlib.sha256(b"\r\n").digest()
    assert empty[Wish("relaxed")].octets == hashlib.sha256(b"").digest()


def test_nothing_is_hashed_without_a_wish() -> None:
    """Most mail that is signed is signed in one way."""
    hashes = BodyHashes([])
    hashes.take(b"x")
    assert hashes.end() == {}


@pytest.mark.parametrize("piece", [b"\n" * 4096, b" " * 4096, b"a" * 4096, b"a\n" * 2048])
def test_p4_memory_does_not_grow(piece: bytes) -> None:
    """4 MB of anything leave behind what 4 KB leave behind: empty lines, too (P: 10 MB of CRLF)."""
    import tracemalloc

    hashes = BodyHashes([Wish("simple"), Wish("relaxed")])
    hashes.take(piece)
    tracemalloc.start()
    try:
        for _ in range(1000):
            hashes.take(piece)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 65536
