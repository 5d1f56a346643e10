"""
Figures: what is counted for monitoring beyond what `status` tells, as plain values that add up.

A figure is a table of counts by labels, or a histogram: how many were at most each of its bounds,
and the sum of them all. Processes send them to each other, and those of one that has ended go on
to count.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

Table = dict[tuple[str, ...], int]
Figures = Mapping[str, "Table | list[float]"]

# Seconds: from a message on a fast disk to one whose sender is about to give up.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SUM = len(BOUNDS) + 1  # behind the count of what is above them all


def histogram() -> list[float]:
    """Begin a histogram."""
    return [0] * (_SUM + 1)


def add(into: list[float], seconds: float) -> None:
    """Count one more."""
    into[bisect_left(BOUNDS, seconds)] += 1
    into[_SUM] += seconds


def buckets(counted: Sequence[float]) -> tuple[list[tuple[str, float]], float]:
    """Give a histogram as Prometheus has it: how many were at most each bound; and their sum."""
    found, below = [], 0.0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counted[:_SUM], strict=True):
        below += count
        found.append((bound, below))
    return found, counted[_SUM]


def summed(parts: Iterable[Figures]) -> dict[str, Table | list[float]]:
    """Add up the figures of several."""
    whole: dict[str, Table | list[float]] = {}
    for part in parts:
        for name, figure in part.items():
            if isinstance(figure, dict):
                table = whole.setdefault(name, {})
                assert isinstance(table, dict)  # noqa: S101 -- a name has one kind of figure
                for labels, count in figure.items():
                    table[labels] = table.get(labels, 0) + count
            else:
                before = whole.get(name, histogram())
                assert isinstance(before, list)  # noqa: S101 -- likewise
                whole[name] = [one + other for one, other in zip(before, figure, strict=True)]
    return whole
