"""
Pictures of what was measured: SVG, the same octets for the same figures, in dark and in light.

The background is transparent, and every colour is of a middle tone that can be read on white as on
black. Each picture says in words what it shows, for those who do not see it.
"""

import io
import math
from html import escape
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.peers.table import PEERS
from bench.report import columns, figure
from bench.results import Results
from bench.running import BARE, TITLES
from bench.targets import Target

_INK = "#6e7781"
_OURS = "#d1720f"
_COLOURS = {"durable": "#4078c0", "stored": "#7b68c8", "nothing": "#3f9160"}
_SETTINGS = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "gomail",  # ids are the same every time
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def alternative(results: Results, workload: str) -> str:
    """Say in words what the picture of a workload shows."""
    key = columns(workload)[0]
    told = [
        f"{peer} {figure(results.median(workload, peer, key))}"
        for peer in _sorted(results, workload)
    ]
    return f"{TITLES[workload]}, {key}: " + ", ".join(told) + "."


def draw_workload(results: Results, workload: str, path: Path) -> None:
    """Draw a bar a server, with a line from the least to the most of the rounds."""
    key, peers = columns(workload)[0], _sorted(results, workload)[::-1]
    with mpl.rc_context(_SETTINGS):
        drawing = Figure(figsize=(7.2, 0.6 + 0.32 * len(peers)), layout="constrained")
        axes = drawing.add_subplot()
        for place, peer in enumerate(peers):
            values = results.values(workload, peer, key)
            median = results.median(workload, peer, key)
            axes.barh(place, median, color=_colour(peer), height=0.7)
            axes.hlines(place, min(values), max(values), color=_INK, linewidth=1)
            axes.text(max(values), place, f" {figure(median)}", va="center")
        axes.set_yticks(range(len(peers)), [f"{peer} ({_keeps(peer)})" for peer in peers])
        axes.set_title(f"{TITLES[workload]}: {key}", fontsize=10, loc="left")
        _plain(axes)
        _save(drawing, path, TITLES[workload], alternative(results, workload))


def draw_targets(measured: list[tuple[Target, float]], path: Path) -> None:
    """Draw each figure as a multiple of its floor, with a mark where the goal is."""
    shown = [each for each in measured if not math.isnan(each[1]) and each[1] > 0][::-1]
    if not shown:
        return
    with mpl.rc_context(_SETTINGS):
        drawing = Figure(figsize=(7.2, 0.8 + 0.26 * len(shown)), layout="constrained")
        axes = drawing.add_subplot()
        for place, (target, value) in enumerate(shown):
            times = multiple(target, value)
            axes.barh(place, times - 1, left=1, height=0.7, color=_OURS if times >= 1 else _INK)
            if target.goal is not None:
                axes.plot([multiple(target, target.goal)], [place], "|", color=_INK, markersize=12)
        labels = [f"{target.workload}: {target.figure.split(': ')[-1]}" for target, _ in shown]
        axes.set_yticks(range(len(shown)), labels, fontsize=8)
        axes.axvline(1, color=_INK, linewidth=1)
        axes.set_title("times the floor (|: the goal)", fontsize=10, loc="left")
        _plain(axes)
        _save(drawing, path, "Floors and goals", targets_alternative(measured))


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


def _sorted(results: Results, workload: str) -> list[str]:
    """Give the servers that have figures, the best first."""
    key = columns(workload)[0]
    medians = {peer: results.median(workload, peer, key) for peer in results.peers(workload)}
    known = [peer for peer, median in medians.items() if not math.isnan(median)]
    return sorted(known, key=lambda peer: -medians[peer])


def _keeps(peer: str) -> str:
    return "durable" if peer == BARE else PEERS[peer].keeps


def _colour(peer: str) -> str:
    return _OURS if peer.startswith("gomail") else _COLOURS[_keeps(peer)]


def _plain(axes: Axes) -> None:
    """Leave out what says nothing."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.margins(x=0.15)


def _save(drawing: Figure, path: Path, title: str, words: str) -> None:
    """Write the picture, with its text alternative in it."""
    octets = io.StringIO()
    drawing.savefig(octets, format="svg", transparent=True, metadata={"Date": None})
    head, opening, rest = octets.getvalue().partition("<svg ")
    attributes, end, body = rest.partition(">")
    told = f"\n <title>{escape(title)}</title>\n <desc>{escape(words)}</desc>"
    text = f'{head}{opening}role="img" {attributes}{end}{told}{body}'
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")
