"""Header fields: where each begins and ends, and what it is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.checks.header import MOST_FIELDS, Field, Header, split


def named(block: bytes) -> list[tuple[str, bytes]]:
    """Give names and values."""
    return [(field.name, field.value) for field in split(block)]


def test_fields_are_split_where_no_white_space_follows() -> None:
    """A folded line belongs to the field before it."""
    block = b"From: a\nTO : b\n\tc\n \nX-Empty:\n"
    assert named(block) == [("from", b" a"), ("to", b" b\n\tc\n "), ("x-empty", b"")]


@pytest.mark.parametrize("block", [b"", b"\n", b"\nFrom: a\n"])
def test_block_may_be_empty(block: bytes) -> None:
    """Then there are no fields; what follows an empty line is the body."""
    assert named(block) == []


@pytest.mark.parametrize(
    "line",
    [
        b"From: x",
        b"FROM \t: x",
        b" From: x",
        b"From\n : x",
        b"From\0: x",
        b"\xa0From: x",
        b"F\x7from: x",
    ],
)
def test_what_a_reader_may_take_for_from_has_that_name(line: bytes) -> None:
    """Otherwise a second author could hide from us, and not from readers."""
    assert [name for name, _ in named(line + b"\n\n")] == ["from"]


def test_line_without_colon_has_no_name() -> None:
    """It is kept, since signatures and ranges go by octets."""
    assert list(split(b"nonsense\nTo: a\n")) == [
        Field("", b"nonsense", 0),
        Field("to", b"To: a", 9),
    ]


@given(st.lists(st.sampled_from([b"A: b", b"\n", b" ", b"\t", b"\r", b"\0", b":", b"From"])))
def test_nothing_is_lost_and_nothing_is_twice(parts: list[bytes]) -> None:
    """The fields, with their line ends, are the block up to its first empty line."""
    block = b"".join(parts)
    at = 0
    for field in split(block):
        assert field.start == at
        assert block[at:].startswith(field.octets)
        at += len(field.octets)
        assert block[at : at + 1] in {b"\n", b""}
        at += 1
    rest = block[at:]
    assert rest == b"" or rest.startswith(b"\n")


def test_header_gives_fields_by_name() -> None:
    """From top to bottom; the list is the caller's."""
    header = Header(b"A: 1\nB: 2\na: 3\n")
    header.named("a").clear()
    assert [field.octets for field in header.named("a")] == [b"A: 1", b"a: 3"]
    assert header.named("c") == []
    assert not header.cut


def test_too_many_fields_are_cut() -> None:
    """And it is known that they were."""
    assert not Header(b"A: 1\n" * MOST_FIELDS).cut
    header = Header(b"A: 1\n" * (MOST_FIELDS + 1))
    assert header.cut
    assert len(header.fields) == MOST_FIELDS
