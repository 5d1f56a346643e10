"""What was measured, in words: a line a round while it runs, and tables in Markdown at the end."""

import math
from collections.abc import Iterable, Sequence

from bench.measuring import median
from bench.peers.table import PEERS
from bench.results import Results, Round
from bench.running import BARE, TITLES
from bench.targets import TARGETS, Target

# By workload: the columns of its table, each a value's name; other workloads have those of races.
_RACE = (
    "rate",
    "drained rate",
    "CPU s per 1000",
    "p50 ms",
    "p99 ms",
    "dot p50 ms",
    "dot p99 ms",
    "rest MiB",
    "peak MiB",
)
_LARGE = ("MB/s", "MB per CPU s", "p50 ms", "p99 ms", "rest MiB", "peak MiB", "over rest MiB")
_IDLE = (
    "opened",
    "KB a session",
    "CPU ms a session",
    "opened a second",
    "held MiB",
    "quiet p99 ms",
    "p50 ms",
    "p99 ms",
)
_COLUMNS = {
    "large": _LARGE,
    "bulk": _LARGE,
    "crowd": _LARGE,
    "mailboxes": ("rate", "CPU s per 1000", "p50 ms", "p99 ms"),
    "checked": (*_RACE[:5], "resolver CPU s per 1000", *_RACE[5:]),
    "lone": ("dot p50 ms", "bare p50 ms", "ratio", "dot p99 ms", "bare p99 ms"),
    "idle": _IDLE,
    "held": _IDLE,
    "held-tls": _IDLE,
    "slow-disk": (
        "messages",
        "dot p50 ms",
        "NOOPs",
        "quiet longest ms",
        "NOOP p99 ms",
        "NOOP longest ms",
    ),
    "enumeration": (
        "asked",
        "known p50 ms",
        "unknown p50 ms",
        "apart ms",
        "known p99 ms",
        "unknown p99 ms",
    ),
    "fairness": (
        "quiet p99 ms",
        "large p99 ms",
        "large moved ms",
        "noops p99 ms",
        "noops moved ms",
    ),
}

TARGET_HEADS = ("workload", "figure", "floor", "goal", "measured", "")


def columns(workload: str) -> Sequence[str]:
    """Give the names of the values that a workload's table shows."""
    return _COLUMNS.get(workload, _RACE)


def figure(value: float) -> str:
    """Write a number as it is read: three digits that count, none behind large ones."""
    if math.isnan(value):
        return "none"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def line(measured: Round) -> str:
    """Tell one round, while the run goes on."""
    who = f"{measured.workload:<11}{measured.number} {measured.peer:<21}"
    if measured.failed:
        return f"{who} FAILED: {measured.failed}"
    shown = [key for key in columns(measured.workload) if key in measured.values]
    return f"{who} " + ", ".join(f"{key} {figure(measured.values[key])}" for key in shown)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table in Markdown."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def verdicts(results: Results) -> str:
    """Write the table of targets: floor, goal, what was measured, and what that means."""
    there = [target for target in TARGETS if target.workload in results.workloads()]
    return table(TARGET_HEADS, [target_row(target, target.value(results)) for target in there])


def target_row(target: Target, value: float) -> list[str]:
    """Write one row of it."""
    sign = "≤" if target.at_most else "≥"
    goal = "" if target.goal is None else f"{sign} {target.goal:g}"
    floor, verdict = f"{sign} {target.floor:g}", target.verdict(value)
    return [target.workload, target.figure, floor, goal, figure(value), verdict]


def workload_table(results: Results, workload: str) -> str:
    """Write one workload's table: a server a row, medians of the rounds, the best first."""
    keys = columns(workload)
    peers = sorted(
        results.peers(workload),
        key=lambda peer: _order(results.median(workload, peer, keys[0])),
    )
    rows = []
    for peer in peers:
        good, failures = results.good(workload, peer), results.failures(workload, peer)
        keeps = "" if peer == BARE else PEERS[peer].keeps
        rounds = f"{len(good)}/{len(good) + len(failures)}"
        cells = [_cell(results.values(workload, peer, key), span=key == keys[0]) for key in keys]
        rows.append([peer, keeps, *cells, rounds])
    text = table(["", "keeps", *keys, "rounds that count"], rows)
    why = {why for peer in peers for why in results.failures(workload, peer)}
    return "\n\n".join([text, *(f"Failed: {reason}." for reason in sorted(why))])


def _order(value: float) -> float:
    return math.inf if math.isnan(value) else -value


def _cell(values: Sequence[float], *, span: bool) -> str:
    """Write a median, with the least and the most behind it."""
    text = figure(median(values))
    if not span or len(values) < 2:
        return text
    return f"{text} ({figure(min(values))} to {figure(max(values))})"


def whole(results: Results) -> str:
    """Write all tables."""
    parts = ["## Floors and goals", verdicts(results)]
    for workload in results.workloads():
        parts += [f"## {workload}: {TITLES[workload]}", workload_table(results, workload)]
    parts += [f"Left out: {name}: {why}." for name, why in results.left_out.items()]
    return "\n\n".join(parts) + "\n"
