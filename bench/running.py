"""
The order of things: one server at a time, A B C … A B C …, and what was measured so far is told.

A server has a fresh folder in every round, so that none finds what another one has left behind.
What fails is part of the results, with its reason, and the run goes on.
"""

import fcntl
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers.peer import Missing
from bench.race import Failed, Loads, calibrate, warm_up
from bench.race import measure as measure_load
from bench.results import Results, Round
from bench.special import checked, enumeration, fairness, idle, lone, mailboxes, slow_disk
from bench.special.context import Context
from bench.workloads import WORKLOADS, Workload

Special = Callable[[Context, str], dict[str, float]]
SPECIALS: dict[str, tuple[str, tuple[str, ...], Special]] = {
    "mailboxes": ("1 KB for 100 mailboxes", mailboxes.PEERS, mailboxes.measure),
    "checked": (checked.TITLE, checked.PEERS, checked.measure),
    "lone": ("one sender, one message at a time", lone.PEERS, lone.measure),
    "idle": ("5,000 idle sessions", idle.PEERS, idle.measure),
    "fairness": ("one client who is a burden", fairness.PEERS, fairness.measure),
    "slow-disk": (
        "a disk on which each fsync takes a second",
        slow_disk.PEERS,
        slow_disk.measure,
    ),
    "enumeration": (
        "whether a clock tells which mailboxes there are",
        enumeration.PEERS,
        enumeration.measure,
    ),
    "held": ("15,000 sessions held", idle.HELD_PEERS, idle.measure_held),
    "held-tls": ("8,000 sessions held under TLS", idle.HELD_PEERS, idle.measure_held_tls),
}
OPTIONAL = ("held", "held-tls")
NAMES = (*WORKLOADS, *SPECIALS)
TITLES = {name: each.title for name, each in WORKLOADS.items()} | {
    name: title for name, (title, _, _) in SPECIALS.items()
}
BARE = "bare loop"  # no server, and always there


def peers_of(name: str) -> tuple[str, ...]:
    """Give who takes part in a workload."""
    return WORKLOADS[name].peers if name in WORKLOADS else SPECIALS[name][1]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What to measure.

    Attributes:
        workloads: by name.
        peers: by name; those that are not here take no part.
        rounds: of each.
        seconds: that a load is to take.
        lock: a file that is locked for each server's turn, if others measure here, too.
    """

    workloads: Sequence[str]
    peers: Sequence[str]
    rounds: int
    seconds: float
    lock: Path | None = None


class Run:
    """
    Measures what is planned.

    Args:
        plan: of it.
        context: how.
        results: where rounds are added.
        tell: is given each round.
    """

    def __init__(
        self, plan: Plan, context: Context, results: Results, tell: Callable[[Round], None]
    ) -> None:
        self._plan = plan
        self._context = context
        self._results = results
        self._tell = tell
        self._messages: dict[tuple[str, str], int] = {}  # a round, found out in the first one

    def all(self) -> None:
        """Measure every workload, each server in turn, round by round."""
        for name in self._plan.workloads:
            peers = [each for each in peers_of(name) if each == BARE or each in self._plan.peers]
            for number in range(self._plan.rounds):
                for peer in peers:
                    measured = self._round(name, peer, number)
                    self._results.rounds.append(measured)
                    self._tell(measured)

    def _round(self, name: str, peer: str, number: int) -> Round:
        """Measure once; what goes wrong is the result."""
        try:
            with self._turn():
                if name in WORKLOADS:
                    values = self._race(WORKLOADS[name], peer)
                else:
                    values = SPECIALS[name][2](self._context, peer)
        except (Failed, Missing) as failure:
            return Round(name, peer, number, failed=str(failure))
        except (OSError, subprocess.SubprocessError) as failure:
            return Round(name, peer, number, failed=f"{type(failure).__name__}: {failure}")
        return Round(name, peer, number, values)

    def _race(self, workload: Workload, peer: str) -> dict[str, float]:
        """Put one server under one load."""
        with self._context.running(peer) as server:
            loads, key = Loads(server), (workload.name, peer)
            warm_up(loads, workload)
            if key not in self._messages:
                self._messages[key] = calibrate(loads, workload, self._plan.seconds)
            values = measure_load(loads, workload, self._messages[key])
            loads.check()
            return values

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock, if there is one, for one server's turn."""
        if self._plan.lock is None:
            yield
            return
        with self._plan.lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
