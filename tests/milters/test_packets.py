"""Packets in octets that come in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.milters.packets import LONGEST_PACKET, Nonsense, Packets, packet, read_texts, texts

_packets = st.lists(st.tuples(st.binary(min_size=1, max_size=1), st.binary(max_size=20)))


@given(_packets, st.lists(st.integers(1, 9), min_size=1))
def test_packets_are_found_in_all_pieces(said: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    """Wherever a connection cuts them."""
    octets = b"".join(packet(*each) for each in said)
    packets = Packets()
    found: list[tuple[bytes, bytes]] = []
    at = 0
    while octets:
        size = cuts[at % len(cuts)]
        found += packets.take(octets[:size])
        octets = octets[size:]
        at += 1
    assert found == said
    assert not packets.half


@pytest.mark.parametrize("length", [0, LONGEST_PACKET + 1, 0x53_53_48_2D])
def test_length_that_is_none_is_nonsense(length: int) -> None:
    """So that a server of another kind, as SSH's, is not waited for."""
    with pytest.raises(Nonsense, match=str(length)):
        Packets().take(length.to_bytes(4, "big"))


def test_half_a_packet_is_known() -> None:
    """It is told of a milter that dies."""
    packets = Packets()
    assert packets.take(packet(b"c")[:-1]) == []
    assert packets.half


def test_texts_keep_their_frame() -> None:
    """A NUL would end one in the middle, and libmilter takes none that is too long."""
    assert texts(b"a\0b", b"") == b"a?b\0\0"
    assert len(texts(b"x" * 100_000)) == 60_001


@pytest.mark.parametrize("data", [b"", b"a", b"a\0", b"a\0b", b"a\0b\0c", b"a\0b\0c\0"])
def test_other_numbers_of_texts_are_nonsense(data: bytes) -> None:
    """Two are expected, and nothing behind them."""
    assert read_texts(b"a\0b\0", 2) == [b"a", b"b"]
    with pytest.raises(Nonsense):
        read_texts(data, 2)
