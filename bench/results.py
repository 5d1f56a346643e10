"""
What was measured, as values and as JSON: the machine, the versions, and every round.

A round holds plain numbers by name; whoever reads them takes medians over the rounds.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from bench.measuring import median


@dataclass(frozen=True, slots=True)
class Round:
    """
    One measurement of one server under one workload.

    Attributes:
        number: of the round, from 0.
        values: what was measured, by name; the unit is part of the name where there is one.
        failed: why it does not count, empty if it does.
    """

    workload: str
    peer: str
    number: int
    values: dict[str, float] = field(default_factory=dict)
    failed: str = ""


@dataclass(slots=True)
class Results:
    """
    All that a run has measured.

    Attributes:
        machine: facts of it, by name.
        versions: of the software, by name.
        options: of the run.
        left_out: why a server was not measured, by its name.
        rounds: in the order in which they were.
    """

    machine: dict[str, str]
    versions: dict[str, str]
    options: dict[str, str]
    left_out: dict[str, str]
    rounds: list[Round] = field(default_factory=list)

    def workloads(self) -> list[str]:
        """Give the names of those that were measured, in the order of their first round."""
        return list(dict.fromkeys(each.workload for each in self.rounds))

    def peers(self, workload: str) -> list[str]:
        """Give the names of those that were measured under it."""
        return list(dict.fromkeys(each.peer for each in self.rounds if each.workload == workload))

    def good(self, workload: str, peer: str) -> list[Round]:
        """Give the rounds that count."""
        return [each for each in self._of(workload, peer) if not each.failed]

    def failures(self, workload: str, peer: str) -> list[str]:
        """Give why rounds do not count."""
        return [each.failed for each in self._of(workload, peer) if each.failed]

    def values(self, workload: str, peer: str, key: str) -> list[float]:
        """Give a value of all rounds that count and have it."""
        values = [each.values.get(key, math.nan) for each in self.good(workload, peer)]
        return [value for value in values if not math.isnan(value)]

    def median(self, workload: str, peer: str, key: str) -> float:
        """Give the median of a value, NaN where nothing was measured."""
        return median(self.values(workload, peer, key))

    def ratio(self, workload: str, peer: str, other: str, key: str) -> float:
        """Give the ratio of two servers' medians, NaN where one is missing."""
        below = self.median(workload, other, key)
        return self.median(workload, peer, key) / below if below else math.nan

    def _of(self, workload: str, peer: str) -> Iterable[Round]:
        return (each for each in self.rounds if (each.workload, each.peer) == (workload, peer))

    def text(self) -> str:
        """Write it as JSON, a round a line, so that versions of it can be compared."""
        head = {key: value for key, value in asdict(self).items() if key != "rounds"}
        text = json.dumps(head, indent=1, ensure_ascii=False)
        rounds = ",\n".join(f"  {_line(each)}" for each in self.rounds)
        return f'{text[:-2]},\n "rounds": [\n{rounds}\n ]\n}}'

    @staticmethod
    def write_all(path: Path, runs: Sequence["Results"]) -> None:
        """Write what several runs have measured."""
        path.write_text("[\n" + ",\n".join(run.text() for run in runs) + "\n]\n")

    @classmethod
    def read_all(cls, path: Path) -> list[Self]:
        """Read what `write_all` has written."""
        runs = []
        for table in json.loads(path.read_text()):
            rounds = [Round(**each) for each in table.pop("rounds")]
            runs.append(cls(**table, rounds=rounds))
        return runs


def _line(measured: Round) -> str:
    """Write a round; what is not a number is left out, since JSON has no word for it."""
    table = asdict(measured)
    table["values"] = {
        key: float(f"{value:.5g}")
        for key, value in measured.values.items()
        if not math.isnan(value)
    }
    return json.dumps(table, ensure_ascii=False)
