"""Slopes are those of what grows, without what it costs anyhow."""

import math
from collections.abc import Callable

import pytest

from bench.growth.curve import Curve, Measured, slope
from bench.growth.report import told

COUNTS = (1, 10, 100, 1000, 10_000, 100_000)


@pytest.mark.parametrize(
    ("cost", "steep"),
    [
        (lambda count: 3.0 * count, 1),
        (lambda count: 500 + 3.0 * count, 1),
        (lambda count: 0.1 * count**2, 2),
        (lambda count: 1e6 + 0.1 * count**2, 2),
        (lambda count: count * math.log(count + 1), 1.1),
        (lambda count: 40 + math.log(count), 0),
        (lambda _: 7.0, 0),
    ],
    ids=["linear", "and fixed", "quadratic", "and much fixed", "n log n", "logarithm", "fixed"],
)
def test_slope_is_that_of_what_grows(cost: Callable[[int], float], steep: float) -> None:
    """1 is linear, 2 is quadratic; a fixed cost beside it plays no role."""
    assert slope([(count, cost(count)) for count in COUNTS]) == pytest.approx(steep, abs=0.06)


def measured(power: float) -> Measured:
    """Give a curve with two rounds."""
    curve = Curve("x", "things", "count", ("ms",), COUNTS, lambda *_: iter(()), {"wait": 50})
    found = Measured(curve)
    for count in COUNTS:
        for noise in (0.9, 1.1):
            found.add(count, {"ms": noise * count**power, "wait": count / 1000})
    return found


def test_verdict_names_what_is_too_much() -> None:
    """What grows faster than linear, and what is over its bound."""
    assert next(measured(1).verdicts()) == ("ms: slope 1.00", True)
    assert list(measured(1.5).verdicts()) == [
        ("ms: slope 1.50", False),
        ("wait: 100 at most (50 allowed)", False),
    ]
    assert "* TOO MUCH: ms: slope 1.50" in told(measured(1.5))
    assert "| 1,000 | 900 | 1.00 |" in told(measured(1))
