"""Campaign: kill -9 of workers, of their agents and of their parents, at random, under load."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.faults.long.counted import Told
from tests.faults.long.ledger import Ledger
from tests.faults.long.senders import Sender, begin, end
from tests.faults.processes import children, is_at_work
from tests.system.crews import WORKERS, configuration, pids
from tests.system.running import ANY_PORT, Server, runs, until

SENDERS = 6
LOAD = (0.02, 0.5)  # seconds of load until a kill
# Every so many a parent is killed: beyond that its crew rests for up to a minute behind each end.
CREW = 10
SETTINGS = """
maildir = "mail/{mailbox}"
[domains."here.example"]
mailboxes = ["alice", "bob"]
"""


def kill_crews(
    folder: Path, kills: int, victims: Sequence[str] = (), seed: int = 3
) -> tuple[Ledger, Counter[str]]:
    """
    Kill so many processes of servers with workers; each parent that was killed is followed by one.

    Args:
        folder: where they run, and store.
        kills: how many.
        victims: who is killed, in this order; workers and agents by chance if absent, and parents.
        seed: of all that is random.

    Returns:
        What became of the mail, and how many of each kind were killed.
    """
    chance = random.Random(seed)
    senders = [Sender(seed * 1000 + number, returning=True) for number in range(SENDERS)]
    ledger = Ledger(folder / "mail", senders)
    drawn = [chance.choice(("worker", "agent")) for _ in range(kills)]
    drawn[CREW - 1 :: CREW] = ["parent"] * (kills // CREW)
    left, killed = list(victims or drawn), Counter[str]()
    while left:
        _kill_one_crew(folder, left, killed, senders, ledger, chance)
    return ledger, killed


def _kill_one_crew(  # noqa: PLR0913, PLR0917 -- what a campaign goes on with
    folder: Path,
    left: list[str],
    killed: Counter[str],
    senders: Sequence[Sender],
    ledger: Ledger,
    chance: random.Random,
) -> None:
    """Kill who is *left* to be killed, up to the next parent, and see what is stored."""
    option = configuration(folder, SETTINGS)
    server = Server(folder, *ANY_PORT, "--workers", str(WORKERS), *option).started()
    try:
        began, victim = time.monotonic(), ""
        begin(senders, server.port)
        until(lambda: any(sender.heard > began for sender in senders), "something is stored")
        while left and victim != "parent":
            time.sleep(chance.uniform(*LOAD))
            victim = left.pop(0)
            killed[_kill(server, victim, chance)] += 1
            ledger.settle()
        end(senders)
        workers = list(pids(server).values())
        server.kill()
        until(lambda: not any(map(runs, workers)), "workers end with their parent")
        ledger.settle()
    finally:
        server.kill()


def _kill(server: Server, victim: str, chance: random.Random) -> str:
    """Kill one; a worker where there is no agent just now. Say who it was."""
    if victim == "parent":
        server.kill()
        return victim
    until(lambda: pids(server), f"a worker serves: {server.output[-2000:]}")
    workers = list(pids(server).values())
    agents: list[int] = []
    for worker in workers:
        with suppress(OSError):  # it has ended
            agents += filter(is_at_work, children(worker))
    victim = victim if agents else "worker"
    with suppress(ProcessLookupError):
        os.kill(chance.choice(agents if victim == "agent" else workers), signal.SIGKILL)
    return victim


def campaign(root: Path, kills: int) -> Told:
    """Kill so many; give the numbers."""
    ledger, killed = kill_crews(root, kills)
    who = ", ".join(f"{count} {name}s" for name, count in sorted(killed.items()))
    yield f"{WORKERS} workers: {killed.total()} kills ({who}), {ledger}", ledger.wrong
