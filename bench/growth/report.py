"""Curves in words: a table each in Markdown, the slopes below it, and everything as JSON."""

from collections.abc import Iterable, Mapping

from bench.growth.curve import Measured
from bench.report import figure, table


def told(measured: Measured) -> str:
    """Write a curve's table and what is said of it."""
    curve, keys = measured.curve, measured.keys()
    lines = {key: dict(measured.line(key)) for key in keys}
    rows = [
        [f"{count:,}", *(figure(lines[key][count]) for key in keys)]
        for count in sorted(measured.points)
    ]
    judged = [
        f"* {'holds' if holds else 'TOO MUCH'}: {words}" for words, holds in measured.verdicts()
    ]
    parts = [f"## {curve.title}", table([curve.of, *keys], rows), "\n".join(judged)]
    return "\n\n".join(parts) + "\n"


def as_json(
    all_measured: Iterable[Measured], machine: Mapping[str, Mapping[str, str]]
) -> dict[str, object]:
    """Give curves as JSON has them, with the machine of each."""
    return {
        each.curve.name: {
            "title": each.curve.title,
            "of": each.curve.of,
            "machine": machine[each.curve.name],
            "points": {str(count): list(rounds) for count, rounds in each.points.items()},
            "slopes": {key: each.slope(key) for key in each.curve.judged},
            "holds": dict(each.verdicts()),
        }
        for each in all_measured
    }
