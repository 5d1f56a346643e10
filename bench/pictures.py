"""Pictures of what was measured, drawn as `bench.drawing` says, with what they show in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.drawing import INK, OURS, SETTINGS, save
from bench.measuring import median
from bench.peers.table import PEERS
from bench.report import columns, figure
from bench.results import Results
from bench.running import BARE, TITLES
from bench.targets import Target

_COLOURS = {"durable": "#4078c0", "stored": "#7b68c8", "nothing": "#3f9160"}

# By workload: the values that are drawn; of others, the first column of their table.
_DRAWN = {
    "crowd": ("over rest MiB",),
    "idle": ("KB a session",),
    "held": ("KB a session",),
    "held-tls": ("KB a session",),
    "lone": ("dot p50 ms", "bare p50 ms"),
    "slow-disk": ("quiet longest ms", "NOOP p99 ms", "NOOP longest ms"),
    "enumeration": ("known p50 ms", "unknown p50 ms"),
    "fairness": ("quiet p99 ms", "large p99 ms", "noops p99 ms"),
}
_WIDE = 100  # times the least: beyond that a logarithmic axis shows both


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is of, in words; whose; and the values of all rounds."""

    label: str
    peer: str
    values: list[float]

    @property
    def median(self) -> float:
        """Its length."""
        return median(self.values)


def drawn(workload: str) -> Sequence[str]:
    """Give the names of the values that a workload's picture shows."""
    return _DRAWN.get(workload, columns(workload)[:1])


def bars(results: Results, workload: str) -> list[Bar]:
    """Give the bars of a workload's picture, from top to bottom: the longest first."""
    keys = drawn(workload)
    found = [
        Bar(key if len(keys) > 1 else f"{peer} ({_keeps(peer)})", peer, values)
        for peer in results.peers(workload)
        for key in keys
        if (values := results.values(workload, peer, key))
    ]
    return found if len(keys) > 1 else sorted(found, key=lambda bar: -bar.median)


def alternative(results: Results, workload: str) -> str:
    """Say in words what the picture of a workload shows."""
    told = [f"{bar.label} {figure(bar.median)}" for bar in bars(results, workload)]
    return f"{_title(workload)}: {', '.join(told)}."


def draw_workload(results: Results, workload: str, path: Path) -> bool:
    """Draw each value, with a line from the least to the most; tell whether there was any."""
    shown = bars(results, workload)[::-1]
    if not shown:
        return False
    with mpl.rc_context(SETTINGS):
        drawing = Figure(figsize=(7.2, 0.6 + 0.32 * len(shown)), layout="constrained")
        axes = drawing.add_subplot()
        for place, bar in enumerate(shown):
            most = max(bar.values)
            axes.barh(place, bar.median, color=_colour(bar.peer), height=0.7)
            axes.hlines(place, min(bar.values), most, color=INK, linewidth=1)
            axes.text(most, place, f" {figure(bar.median)}", va="center")
        axes.set_yticks(range(len(shown)), [bar.label for bar in shown])
        axes.set_title(_title(workload), fontsize=10, loc="left")
        _plain(axes)
        medians = [bar.median for bar in shown]
        if max(medians) > _WIDE * min(medians) > 0:
            axes.set_xscale("log")
        save(drawing, path, TITLES[workload], alternative(results, workload))
    return True


def _title(workload: str) -> str:
    """Say what is drawn."""
    keys = drawn(workload)
    return f"{TITLES[workload]}: {keys[0]}" if len(keys) == 1 else TITLES[workload]


def draw_targets(measured: list[tuple[Target, float]], path: Path) -> None:
    """Draw each figure as a multiple of its floor, with a mark where the goal is."""
    shown = [each for each in measured if not math.isnan(each[1]) and each[1] > 0][::-1]
    if not shown:
        return
    with mpl.rc_context(SETTINGS):
        drawing = Figure(figsize=(7.2, 0.8 + 0.26 * len(shown)), layout="constrained")
        axes = drawing.add_subplot()
        for place, (target, value) in enumerate(shown):
            times = multiple(target, value)
            axes.barh(place, times - 1, left=1, height=0.7, color=OURS if times >= 1 else INK)
            if target.goal is not None:
                axes.plot([multiple(target, target.goal)], [place], "|", color=INK, markersize=12)
        labels = [f"{target.workload}: {target.figure.split(': ')[-1]}" for target, _ in shown]
        axes.set_yticks(range(len(shown)), labels, fontsize=8)
        axes.axvline(1, color=INK, linewidth=1)
        axes.set_title("times the floor (|: the goal)", fontsize=10, loc="left")
        _plain(axes)
        save(drawing, path, "Floors and goals", targets_alternative(measured))


def targets_alternative(measured: list[tuple[Target, float]]) -> str:
    """Say in words what the picture of the targets shows."""
    known = [each for each in measured if not math.isnan(each[1])]
    met = [target for target, value in known if multiple(target, value) >= 1]
    below = [target for target, value in known if multiple(target, value) < 1]
    named = ", ".join(f"{each.workload} ({each.figure})" for each in below)
    return f"{len(met)} of {len(known)} floors are met" + (f"; below: {named}." if below else ".")


def multiple(target: Target, value: float) -> float:
    """Give how many times better than its floor a value is; below 1, how much worse."""
    return target.floor / value if target.at_most else value / target.floor


def _keeps(peer: str) -> str:
    return "durable" if peer == BARE else PEERS[peer].keeps


def _colour(peer: str) -> str:
    return OURS if peer.startswith("gomail") else _COLOURS[_keeps(peer)]


def _plain(axes: Axes) -> None:
    """Leave out what says nothing."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.margins(x=0.15)
