"""Work grows no faster than its input, whatever the shape: counted, so that no clock is asked."""

from collections.abc import Callable

import pytest

from bench.complexity.families import FAMILIES
from bench.complexity.work import Counter, Work

MOST = 2.5  # times the work for twice the input; 2 is linear, 4 quadratic
LESS = 4  # the part of a family's usual size that is enough where everything is counted


def growth(family: Callable[[int], Callable[[], object]], size: int) -> float:
    """Give how many times more work twice the size is."""
    counter = Counter()
    counter.count(family(size))  # what is done once, and kept
    once, twice = (counter.count(family(each)).total for each in (size, 2 * size))
    assert once > 0
    return twice / once


@pytest.mark.parametrize("name", FAMILIES)
def test_twice_as_much_takes_about_twice_the_work(name: str) -> None:
    """No shape of octets makes the server do anything again and again."""
    family, size = FAMILIES[name]
    assert growth(family, max(size // LESS, 1)) <= MOST


def test_quadratic_work_is_seen() -> None:
    """In lines of Python, and in methods that look at everything each time."""

    def octets(count: int) -> Callable[[], object]:
        text = b"x" * count * 100
        return lambda: [text.replace(b"y", b"") for _ in range(count)]

    def walked(count: int) -> Callable[[], object]:
        def walk() -> None:
            for _ in range(count):
                for _ in range(count):
                    pass

        return walk

    assert growth(walked, 30) > 3
    assert growth(octets, 30) > 3


def test_same_work_counts_the_same() -> None:
    """Twice, to the last line and octet."""
    family, size = FAMILIES["dots in small packets"]
    counter = Counter()
    counter.count(family(size))
    first, again = (counter.count(family(size)) for _ in range(2))
    assert first == again
    assert first.total > first.lines > 0
    assert first.octets > 0
    assert Work(2, 3).total > 3
