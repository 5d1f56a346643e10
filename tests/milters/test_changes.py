"""Fields that milters add, change and delete."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.milters.changes import (
    AddField,
    Change,
    ChangeField,
    InsertField,
    amended,
    fields_of,
    parted,
)

BLOCK = b"A: 1\nB: 2\n fold\na : 3\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], BLOCK),
        ([AddField(b"C", b" 4")], BLOCK + b"C: 4\n"),
        ([InsertField(0, b"C", b" 4")], b"C: 4\n" + BLOCK),
        ([InsertField(1, b"C", b" 4")], b"C: 4\n" + BLOCK),
        ([InsertField(2, b"C", b" 4")], BLOCK.replace(b"B", b"C: 4\nB")),
        ([InsertField(99, b"C", b" 4")], BLOCK + b"C: 4\n"),
        ([ChangeField(1, b"b", b" 5")], b"A: 1\nb: 5\na : 3\n"),
        ([ChangeField(2, b"A", b"")], b"A: 1\nB: 2\n fold\n"),
        ([ChangeField(0, b"A", b"")], b"B: 2\n fold\na : 3\n"),
        ([ChangeField(3, b"A", b"")], BLOCK),
        ([ChangeField(3, b"A", b" 6")], BLOCK + b"A: 6\n"),
        ([AddField(b"C", b" 4"), ChangeField(1, b"c", b" 5")], BLOCK + b"c: 5\n"),
        ([ChangeField(1, b"A", b""), ChangeField(1, b"A", b"")], b"B: 2\n fold\n"),
        ([AddField(b"", b" 4"), AddField(b"a b", b""), AddField(b"a:b", b"")], BLOCK),
    ],
)
def test_header_is_changed(changes: Sequence[Change], expected: bytes) -> None:
    """As Sendmail and Postfix would, in the order in which it was asked for."""
    assert amended(BLOCK, changes) == expected


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (b" a\r\n\tb", b" a\n\tb"),
        (b" a\nBcc: x", b" a\n\tBcc: x"),
        (b" a\r\rb\0c", b" a  b?c"),
        (b" a\n\nBody", b" a\n\tBody"),
        (b" a\n \n\t\n b\n", b" a\n b"),
        (b"\n", b""),
    ],
)
def test_value_makes_no_field_of_its_own(value: bytes, written: bytes) -> None:
    """Nor the end of the header, whoever has told the milter what to write."""
    assert amended(b"", [AddField(b"X", value)]) == b"X:" + written + b"\n"


@given(st.lists(st.sampled_from([b"\r", b"\n", b" ", b"\t", b":", b"a", b"\0"])).map(b"".join))
def test_nothing_is_forged(value: bytes) -> None:
    """Of whatever value, one field comes, and no line in it is blank or has another line end."""
    block = amended(b"", [AddField(b"X", value)])
    assert fields_of(block) == [block]
    assert all(line.strip() for line in block.split(b"\n")[:-1])
    assert not set(b"\r\0") & set(block)


def test_block_may_lack_its_last_line_end() -> None:
    """It gets one; and where there is no header, there may be one then."""
    assert amended(b"A: 1\n b", []) == b"A: 1\n b\n"
    assert fields_of(b"") == []
    assert amended(b"", [AddField(b"X", b" y")]) == b"X: y\n"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"A: 1\n",
        b"From joe Mon Jun 16 10:00:00 2025\nA: 1\n",
        b">From joe\nA: 1\n",
        b"A \t: 1\n folded\n\t\nB:\n",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello\nA: 2\n",
        b"a word: 2\n",
        b": 2\n",
        "Ü: 2\n".encode(),
        b"A\x01: 2\n",
    ],
)
def test_header_ends_where_a_line_is_no_field(header: bytes, text: bytes) -> None:
    """As for those who read it; what follows is text, and no change reaches it."""
    assert parted(header + text) == (header, text)
    assert amended(header + text, [AddField(b"X", b" y")]) == header + b"X: y\n" + text
    deleted = amended(header + text, [ChangeField(at, b"A", b"") for at in (2, 1)])
    assert deleted.endswith(text)


def test_text_without_a_field_is_no_header() -> None:
    """Folds belong to a field."""
    assert parted(b" A: 1\n") == (b"", b" A: 1\n")
    assert parted(b"\tA: 1") == (b"", b"\tA: 1\n")
