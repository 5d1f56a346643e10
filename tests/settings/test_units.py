"""Sizes, times and numbers as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.settings.units import (
    Range,
    read_count,
    read_size,
    read_time,
    shown,
    write_size,
    write_time,
)

ANY = Range(0, 10**18)


@pytest.mark.parametrize(
    ("written", "octets"),
    [
        ("50 MiB", 50 * 1024**2),
        ("10 KB", 10_000),
        ("1.5KiB", 1536),
        ("1 GB", 10**9),
        ("2 GiB", 2 * 1024**3),
        ("3 MB", 3_000_000),
        ("7 B", 7),
        ("1000", 1000),
        (2000, 2000),
        (1e6, 1_000_000),
    ],
)
def test_sizes_have_units(written: object, octets: int) -> None:
    """A size is a number of octets, or has a unit."""
    assert read_size(written, ANY) == octets


@pytest.mark.parametrize(
    ("written", "seconds"), [("300 s", 300), ("5 min", 300), ("1.5h", 5400), (0.5, 0.5), ("9", 9)]
)
def test_times_have_units(written: object, seconds: float) -> None:
    """A time is a number of seconds, or has a unit."""
    assert read_time(written, ANY) == seconds


NEITHER: list[object] = [
    "",
    "MiB",
    "1 XB",
    "-1 MiB",
    "1 mib",
    "1  MiB",
    "\u0661 B",
    "1e6",
    "1" * 19,
]
NEITHER += [True, None, [], {}, math.inf, math.nan, 2**63, -(2**63) - 1]


@pytest.mark.parametrize("written", NEITHER)
def test_other_values_are_neither(written: object) -> None:
    """What is no number with a unit is told, and so is what TOML alone would take."""
    with pytest.raises(ValueError, match='a size such as "50 MiB" was expected, not'):
        read_size(written, ANY)
    with pytest.raises(ValueError, match='a time such as "300 s" or "5 min" was expected, not'):
        read_time(written, ANY)


@pytest.mark.parametrize("written", [True, 1.0, "1", None, 2**63])
def test_only_whole_numbers_count(written: object) -> None:
    """Half a recipient is none."""
    with pytest.raises(ValueError, match="a whole number was expected, not"):
        read_count(written, ANY)


def test_ranges_are_told_in_the_unit_of_the_value() -> None:
    """The owner reads what is allowed, and why."""
    with pytest.raises(ValueError, match="least") as caught:
        read_size("1 KiB", Range(65536, why="RFC 5321 §4.5.3.1.7"))
    assert str(caught.value) == ("at least 64 KiB was expected (RFC 5321 §4.5.3.1.7), not 1 KiB")
    with pytest.raises(ValueError, match=r"^at most 604800 s was expected, not 864000 s$"):
        read_time("240 h", Range(1, 604800))
    with pytest.raises(ValueError, match=r"^at least 1 was expected, not 0$"):
        read_count(0, Range())
    with pytest.raises(ValueError, match=r"^at least 1 s was expected, not 0\.25 s$"):
        read_time(0.25, Range())


@given(st.integers(0, 10**15))
def test_a_size_reads_back_as_it_was_written(octets: int) -> None:
    """No octet is lost between writing and reading."""
    assert read_size(write_size(octets), ANY) == octets


@given(st.integers(0, 10**12))
def test_a_time_reads_back_as_it_was_written(seconds: int) -> None:
    """No second is lost between writing and reading."""
    assert read_time(write_time(seconds), ANY) == seconds


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (False, "false"),
        ([], "an empty list"),
        (["a"], "a list"),
        ({}, "an empty table"),
        ({"a": 1}, "a table"),
        ("a", '"a"'),
        ("a\x1b", r"'a\x1b'"),
        (3, "3"),
    ],
)
def test_what_was_found_is_shown_as_toml_has_it(value: object, written: str) -> None:
    """An error shows the value as it may have stood in the file."""
    assert shown(value) == written
