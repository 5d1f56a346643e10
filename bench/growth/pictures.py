"""A curve as a picture, with both axes logarithmic."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.drawing import OURS, SETTINGS, save
from bench.growth.curve import Measured

_COLOURS = (OURS, "#4078c0", "#3f9160", "#7b68c8", "#b5495b")


def draw(measured: Measured, path: Path) -> None:
    """Draw the values that are judged, each with its slope."""
    curve = measured.curve
    with mpl.rc_context(SETTINGS):
        drawing = Figure(figsize=(7.2, 3.6), layout="constrained")
        axes = drawing.add_subplot()
        keys = [*curve.judged, *curve.bound]
        for key, colour in zip(keys, _COLOURS, strict=False):
            line = [(max(count, 1), value) for count, value in measured.line(key) if value > 0]
            label = f"{key} (slope {measured.slope(key):.2f})"
            axes.plot(*zip(*line, strict=True), "o-", color=colour, label=label, linewidth=1.5)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(curve.of)
        axes.set_title(curve.title, fontsize=10, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
        slopes = ", ".join(f"{key} with slope {measured.slope(key):.2f}" for key in keys)
        save(drawing, path, curve.title, f"By {curve.of}: {slopes}.")
