"""
A curve: what was measured at each count, and the slope with which it grows.

The slope is that of a line through the upper half of the points, both axes logarithmic, after the
least that was measured has been taken off: 1 is linear, 2 is quadratic, 0 does not grow.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.measuring import median

STEEPEST = 1.15  # that still counts as linear, given how much single figures move
_FLAT = 2.0  # times the least that was measured, up to which nothing has grown

Values = Mapping[str, float]
Measure = Callable[[Path, Sequence[int]], Iterator[tuple[int, Values]]]


@dataclass(frozen=True, slots=True)
class Curve:
    """
    What is measured.

    Attributes:
        name: for the command line.
        title: for people.
        of: what is counted.
        judged: those of the values that must not grow faster than their count.
        counts: at which it is measured, the least first.
        measure: starts what it needs below a folder, and gives the values at each count.
        bound: the most that a value may be at any count, by its name.
    """

    name: str
    title: str
    of: str
    judged: Sequence[str]
    counts: Sequence[int]
    measure: Measure
    bound: Mapping[str, float] = field(default_factory=dict)

    def quick(self) -> Sequence[int]:
        """Give the counts for a short trial."""
        return self.counts[: max(3, len(self.counts) - 2)]


@dataclass(slots=True)
class Measured:
    """What came of a curve: for each count the values of all rounds."""

    curve: Curve
    points: dict[int, list[Values]] = field(default_factory=dict)

    def add(self, count: int, values: Values) -> None:
        """Add what one round measured."""
        self.points.setdefault(count, []).append(values)

    def keys(self) -> list[str]:
        """Give the names of the values."""
        return list(next(iter(self.points.values()))[0]) if self.points else []

    def line(self, key: str) -> list[tuple[int, float]]:
        """Give the least of a value at each count: what else the machine does only adds to it."""
        return [
            (count, min(each[key] for each in rounds))
            for count, rounds in sorted(self.points.items())
        ]

    def slope(self, key: str) -> float:
        """Give the slope of a value."""
        return slope(self.line(key))

    def verdicts(self) -> Iterator[tuple[str, bool]]:
        """Say of each value that is judged how it grows, and whether it may."""
        for key in self.curve.judged:
            steep = self.slope(key)
            yield f"{key}: slope {steep:.2f}", steep <= STEEPEST
        for key, most in self.curve.bound.items():
            worst = max(median([each[key] for each in rounds]) for rounds in self.points.values())
            yield f"{key}: {worst:.3g} at most ({most:g} allowed)", worst <= most


def slope(line: Sequence[tuple[int, float]]) -> float:
    """Fit the slope of a value over its count; 0 where it does not grow."""
    fixed = min(value for _, value in line)
    if line[-1][1] < _FLAT * fixed:
        return 0.0
    grown = [
        (math.log(count), math.log(value - fixed))
        for count, value in line[1:]
        if count and value > 1.1 * fixed
    ]
    upper = grown[-max(2, (len(line) + 1) // 2) :]
    if len(upper) < 2:
        return 0.0
    mean_x = sum(x for x, _ in upper) / len(upper)
    mean_y = sum(y for _, y in upper) / len(upper)
    across = sum((x - mean_x) ** 2 for x, _ in upper)
    return sum((x - mean_x) * (y - mean_y) for x, y in upper) / across
