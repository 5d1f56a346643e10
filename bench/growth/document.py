"""
docs/growth.md: tables between its markers, pictures, and the JSON that both are made of.

A run of some curves leaves the others as they were; each says when it was measured.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.documents import NOT_YET, fill
from bench.growth.curve import Measured
from bench.growth.pictures import draw
from bench.growth.report import as_json, told
from bench.growth.table import CURVES


def write(newest: Sequence[Measured], machine: dict[str, str], docs: Path) -> None:
    """Write the page, the pictures and the JSON."""
    folder, page = docs / "growth", docs / "growth.md"
    folder.mkdir(exist_ok=True)
    path = folder / "curves.json"
    kept = json.loads(path.read_text())["curves"] if path.exists() else {}
    when = dict.fromkeys((each.curve.name for each in newest), machine)
    kept = {name: each for name, each in kept.items() if name in CURVES and name not in when}
    curves = {name: measured(name, each) for name, each in kept.items()}
    curves |= {each.curve.name: each for each in newest}
    when |= {name: each["machine"] for name, each in kept.items()}
    for name, each in curves.items():
        draw(each, folder / f"{name}.svg")
    path.write_text(json.dumps({"curves": as_json(curves.values(), when)}, indent=1) + "\n")

    def part(name: str) -> str:
        return _part(curves[name], when[name]) if name in curves else NOT_YET

    page.write_text(fill(page.read_text(), part))


def measured(name: str, kept: Mapping[str, Mapping[str, list[Mapping[str, float]]]]) -> Measured:
    """Read a curve out of the JSON."""
    points = {int(count): rounds for count, rounds in kept["points"].items()}
    return Measured(CURVES[name], points)


def _part(measured: Measured, machine: Mapping[str, str]) -> str:
    """Write what the page says of a curve."""
    curve = measured.curve
    rounds = max(map(len, measured.points.values()))
    where = f"{machine['date']}, {machine['cores']} cores, Python {machine['Python']}"
    seen = f"{where}, load {machine['load at the start']}; rounds: {rounds}."
    return f"{told(measured)}\n![{curve.title}](growth/{curve.name}.svg)\n\n{seen}"
