"""A series of power cuts on one disk: what was acknowledged before any of them must be there."""

import random
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.power import disk
from tests.faults.power.letters import Findings, Receipt, judge
from tests.faults.power.machine import Told, running


@dataclass(frozen=True, slots=True)
class How:
    """
    How the server stores, as its configuration says it; and what it does otherwise than gomail.

    Attributes:
        storing: ``process`` or ``thread``.
        sync: ``files`` or ``filesystem``.
        changes: names of cheats (tests/faults/cheats.py) and the like.
    """

    storing: str = "process"
    sync: str = "files"
    changes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in few words."""
        return ", ".join((self.storing, self.sync, *self.changes))


HONEST = tuple(
    How(storing, sync) for sync in ("files", "filesystem") for storing in ("process", "thread")
)
LONG = 600  # seconds: longer than any deadline of gomail's
# Seconds until ext4 commits its journal by itself; 5 unless it is told otherwise.
NEVER = 60  # what nobody syncs is lost in any cut
COMMITS = (1, 5, NEVER)


def order(
    scenario: str, how: How, seed: str, commit: int = NEVER, **more: object
) -> dict[str, object]:
    """Write the order for a machine."""
    return {
        "scenario": scenario,
        "storing": how.storing,
        "sync": how.sync,
        "changes": how.changes,
        "seed": seed,
        "commit": commit,
        "disk": "plain",
    } | more


class Series:
    """
    Power cuts on one disk, one after the other.

    Args:
        folder: where everything is kept; made here.
        seed: what chance begins with.
    """

    def __init__(self, folder: Path, seed: str) -> None:
        folder.mkdir(parents=True)
        self.receipts: list[Receipt] = []
        self.refused = 0
        self._folder = folder
        self._seed = seed
        self._chance = random.Random(seed)
        self._cuts = 0
        self._image = folder / "disk"
        disk.make(self._image)

    def cut_under_load(self, how: How, longest: float) -> Findings:
        """Cut the power at most *longest* seconds behind the first 250, with several senders."""
        commit = NEVER if how.changes else self._chance.choice(COMMITS)
        given = order("load", how, f"{self._seed} {self._cuts}", commit)
        with running(self._next(), [self._image], given) as machine:
            self._take([machine.hear_of("receipt")])
            time.sleep(self._chance.uniform(0, longest))
            self._take(machine.cut())
        return self.judged()

    def cut_alone(self, how: How) -> Findings:
        """Cut the power at the moment at which the second of two messages is acknowledged."""
        with running(self._next(), [self._image], order("lone", how, self._seed)) as machine:
            told = [machine.hear_of("receipt") for _ in range(2)]
            self._take([*told, *machine.cut()])
        return self.judged()

    def tell_until(self, last: str, given: Mapping[str, object]) -> list[Told]:
        """Have a machine do what the order says, and cut its power behind the event *last*."""
        with running(self._next(), [self._image], given) as machine:
            told = [machine.hear(LONG)]
            while told[-1]["event"] != last:
                told.append(machine.hear(LONG))
            self._take([*told, *machine.cut()])
        return told

    def judged(self) -> Findings:
        """See what a start would find on the disk."""
        with TemporaryDirectory(dir=self._folder) as found:
            return judge(self.receipts, disk.recover(self._image, Path(found)) / "mail")

    def remove(self) -> None:
        """Remove the disk, and what machines have left."""
        shutil.rmtree(self._folder)

    def _next(self) -> Path:
        """Give a folder for the next machine."""
        self._cuts += 1
        return self._folder / f"machine{self._cuts}"

    def _take(self, told: Iterable[Told]) -> None:
        """Keep the receipts of what was told."""
        for each in told:
            if each["event"] == "receipt":
                kept = {name: value for name, value in each.items() if name != "event"}
                self.receipts.append(Receipt(**kept))
            self.refused += each["event"] == "refused"
