"""
docs/performance.md: what stands between its markers is written from what was measured.

``docs/performance/results.json`` holds the runs; a run of a few workloads leaves the others as they
were, and each table says which run it is from. All else on the page is written by hand.
"""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import pictures
from bench.report import TARGET_HEADS, table, target_row, workload_table
from bench.results import Results
from bench.targets import TARGETS, Target

NOT_YET = "*Not measured yet.*"
_PART = re.compile(r"(<!-- measured: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str, part: Callable[[str], str]) -> str:
    """Write anew what stands between the markers of a page, each part by its name."""
    return _PART.sub(lambda found: f"{found[1]}\n{part(found[2])}\n\n{found[3]}", text)


def names(text: str) -> list[str]:
    """Give the names of the parts of a page."""
    return [found[2] for found in _PART.finditer(text)]


def read(path: Path) -> list[Results]:
    """Read the runs that are kept."""
    return Results.read_all(path) if path.exists() else []


def merged(runs: Sequence[Results], newest: Results) -> list[Results]:
    """Put a new run beside those before it, which lose the workloads that it has."""
    again = set(newest.workloads())
    for run in runs:
        run.rounds = [each for each in run.rounds if each.workload not in again]
    return [*(run for run in runs if run.rounds), newest]


def write(newest: Results, docs: Path) -> None:
    """Write the page, the pictures and the JSON."""
    folder, page = docs / "performance", docs / "performance.md"
    folder.mkdir(exist_ok=True)
    runs = merged(read(folder / "results.json"), newest)
    Results.write_all(folder / "results.json", runs)
    page.write_text(fill(page.read_text(), Parts(runs, folder).part))


class Parts:
    """
    What the page shows.

    Args:
        runs: that are kept, none of which has a workload of another.
        folder: where pictures are drawn.
    """

    def __init__(self, runs: Sequence[Results], folder: Path) -> None:
        self._runs = runs
        self._folder = folder
        self._of = {workload: run for run in runs for workload in run.workloads()}

    def part(self, name: str) -> str:
        """Give the part of that name."""
        if name == "machine":
            return self._machine() if self._runs else NOT_YET
        if name == "targets":
            return self._targets() if self._runs else NOT_YET
        return self._workload(name) if name in self._of else NOT_YET

    def _machine(self) -> str:
        """Write what was measured on, a column a run."""
        facts = [
            {"workloads": ", ".join(run.workloads())} | run.machine | run.versions | run.options
            for run in self._runs
        ]
        keys = dict.fromkeys(key for each in facts for key in each)
        rows = [[key, *(each.get(key, "") for each in facts)] for key in keys]
        left = {name: why for run in self._runs for name, why in run.left_out.items()}
        text = table(["", *(run.machine["date"] for run in self._runs)], rows)
        return "\n\n".join([text, *(f"Left out: {name}: {why}." for name, why in left.items())])

    def _targets(self) -> str:
        """Write floors and goals, and draw them."""
        measured = [(target, self._value(target)) for target in TARGETS]
        pictures.draw_targets(measured, self._folder / "targets.svg")
        rows = [target_row(target, value) for target, value in measured]
        words = pictures.targets_alternative(measured)
        return f"![{words}](performance/targets.svg)\n\n{table(TARGET_HEADS, rows)}"

    def _value(self, target: Target) -> float:
        """Give the value of a target, NaN if its workload was not measured."""
        run = self._of.get(target.workload)
        return math.nan if run is None else target.value(run)

    def _workload(self, name: str) -> str:
        """Write one workload's table, and draw it."""
        run = self._of[name]
        if not pictures.draw_workload(run, name, self._folder / f"{name}.svg"):
            return workload_table(run, name)
        words = pictures.alternative(run, name)
        return f"![{words}](performance/{name}.svg)\n\n{workload_table(run, name)}"
