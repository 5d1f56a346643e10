"""
How all pictures of measurements are drawn: SVG, the same octets for the same figures.

The background is transparent, and every colour is of a middle tone that can be read on white as on
black. Each picture says in words what it shows, for those who do not see it.
"""

import io
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

INK = "#6e7781"
OURS = "#d1720f"
SETTINGS = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "gomail",  # ids are the same every time
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def save(drawing: Figure, path: Path, title: str, words: str) -> None:
    """Write the picture, with its text alternative in it."""
    octets = io.StringIO()
    drawing.savefig(octets, format="svg", transparent=True, metadata={"Date": None})
    head, opening, rest = octets.getvalue().partition("<svg ")
    attributes, end, body = rest.partition(">")
    told = f"\n <title>{escape(title)}</title>\n <desc>{escape(words)}</desc>"
    text = f'{head}{opening}role="img" {attributes}{end}{told}{body}'
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")
