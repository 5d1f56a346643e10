"""The header block while it streams by: bombs and loops are seen, however they are cut."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.message.headers import HeaderBlock
from gomail.reply import HEADER_TOO_BIG, LOOP, TOO_MANY_FIELDS, Refused, Reply
from tests.message.verdicts import verdict

SMALL = Limits(header_size=60, header_fields=3, hops=1)
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            b"\n",
            b"\n\n",
            b"A: b\n",
            b"Received: x\n",
            b"RECEIVED : y\n",
            b" folded: z\n",
            b"x",
            b":",
        ]
    )
)


def octet_by_octet(octets: bytes) -> Iterable[bytes]:
    """Cut *octets* into single ones."""
    return (octets[i : i + 1] for i in range(len(octets)))


def reference(octets: bytes, limits: Limits) -> Reply | None:
    """Judge a whole message at leisure."""
    if octets.startswith(b"\n"):
        return None
    block = octets.partition(b"\n\n")[0]
    end = len(block) + 1 if b"\n\n" in octets else len(octets)
    if end > limits.header_size:
        return HEADER_TOO_BIG
    lines = [line for line in block.split(b"\n") if b":" in line]
    names = [line.partition(b":")[0].rstrip(b" ").lower() for line in lines]
    names = [name for name in names if name and b" " not in name]
    if len(names) > limits.header_fields:
        return TOO_MANY_FIELDS
    return LOOP if names.count(b"received") > limits.hops else None


@settings(deadline=None)
@given(FRAGMENTS, st.lists(st.integers(1, 9), min_size=1))
def test_any_segmentation_has_the_same_verdict(fragments: list[bytes], cuts: list[int]) -> None:
    """The verdict on a header block does not depend on how the network cut it."""
    octets = b"".join(fragments)
    expected = reference(octets, SMALL)
    assert verdict([octets], SMALL) == expected
    assert verdict(octet_by_octet(octets), SMALL) == expected
    pieces: list[bytes] = []
    start = 0
    while start < len(octets):
        length = cuts[len(pieces) % len(cuts)]
        pieces.append(octets[start : start + length])
        start += length
    assert verdict(pieces, SMALL) == expected


def test_e7_header_bomb_is_refused_while_it_streams() -> None:
    """Ten megabytes of one field are refused after the first 256 KiB, and not kept."""
    header = HeaderBlock(DEFAULT_LIMITS)
    for _ in range(DEFAULT_LIMITS.header_size // 65536):
        header.take(b"X" * 65536)
    with pytest.raises(Refused) as refused:
        header.take(b"X" * 65536)
    assert refused.value.reply == HEADER_TOO_BIG
    assert len(header._octets) <= DEFAULT_LIMITS.header_size + 65536 + 1


def test_e7_header_block_may_be_as_big_as_the_limit() -> None:
    """The limit itself is allowed, and one octet more is not."""
    octets = b"X: " + b"x" * (DEFAULT_LIMITS.header_size - 4) + b"\n"
    assert verdict([octets, b"\nbody"]) is None
    assert verdict([octets + b"\nbody"]) is None
    assert verdict([b"x" + octets + b"\nbody"]) == HEADER_TOO_BIG
    assert verdict([b"x" + octets, b"\nbody"]) == HEADER_TOO_BIG


@pytest.mark.parametrize("fields", [5000, 5001])
def test_e7_five_thousand_fields_are_enough(fields: int) -> None:
    """5,000 header fields are taken, 5,001 are not; folded lines are no fields."""
    octets = b"A: b\n c: d\n" * fields + b"\n"
    assert verdict([octets]) == (None if fields == 5000 else TOO_MANY_FIELDS)


@pytest.mark.parametrize("name", [b"Received", b"received", b"RECEIVED", b"Received \t"])
def test_e7_mail_that_goes_round_in_a_circle_is_refused(name: bytes) -> None:
    """100 Received fields are a long way, 101 are a loop: 554 5.4.6."""
    assert verdict([(name + b": x\n\ty\n") * 100 + b"\n"]) is None
    assert verdict([(name + b": x\n\ty\n") * 101 + b"\n"]) == LOOP
    assert LOOP.octets.startswith(b"554 5.4.6 ")


def test_received_in_the_body_is_no_hop() -> None:
    """A message that quotes the headers of others is no loop."""
    assert verdict([b"A: b\n\n" + b"Received: x\n" * 200]) is None


@pytest.mark.parametrize("octets", [b"", b"\n", b"\nbody: x\n" * 9999, b"no colon\n", b"\n\n\n"])
def test_message_without_header_is_taken(octets: bytes) -> None:
    """A message may have no header at all."""
    assert verdict([octets]) is None
    assert verdict(octet_by_octet(octets[:99])) is None


def test_message_without_an_empty_line_is_all_header() -> None:
    """Where no empty line comes, the limits hold for the whole message."""
    assert verdict([b"A: b\n" * 5000]) is None
    assert verdict([b"A: b\n" * 5001]) == TOO_MANY_FIELDS
    assert verdict([b"text\n" * 60_000]) == HEADER_TOO_BIG
    assert verdict([b"A: b\n" * 60_000]) == HEADER_TOO_BIG


def test_what_follows_the_header_is_not_looked_at() -> None:
    """Bodies of any size pass by."""
    header = HeaderBlock(SMALL)
    header.take(b"A: b\n\n" + b"x" * 1000)
    header.take(b"x" * 1000)
    header.end()
    assert header.complete
    assert not header._octets
