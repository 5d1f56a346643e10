"""Campaign: kill -9 at random moments under load; what was acknowledged is there, whole."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

from tests.faults.cheats import FILESYSTEM
from tests.faults.client import port_and_pid, start
from tests.faults.long.counted import Told
from tests.faults.long.ledger import Ledger
from tests.faults.long.senders import Sender, begin, end
from tests.faults.processes import until_there_is
from tests.faults.server import AGENT, QUICK
from tests.patience import PATIENCE
from tests.waiting import heard_out

SENDERS = 4
LOAD = (0.02, 0.5)  # seconds of load until a kill
WAYS = {
    "thread": (),
    "thread, file systems": (FILESYSTEM,),
    "agent": (AGENT,),
    "agent, file systems": (AGENT, FILESYSTEM),
}


@contextmanager
def running(root: Path, *how: str, before: Sequence[str] = ()) -> Iterator[Popen[bytes]]:
    """Run a server, by the command *before*, and kill it in the end at the latest."""
    server = start(root, *how, before=before)
    try:
        yield server
    finally:
        server.kill()
        heard_out(server)


def kill_servers(root: Path, kills: int, *how: str, seed: int = 1) -> Ledger:
    """Kill one server after the other, each under load; senders send again what had no 250."""
    chance = random.Random(seed)
    senders = [Sender(seed * 1000 + number) for number in range(SENDERS)]
    ledger = Ledger(root, senders)
    with ExitStack() as stack:
        nearly = stack.enter_context(running(root, *how))  # the next gets ready while one dies
        for _ in range(kills):
            server = nearly
            port, _ = port_and_pid(server)
            nearly = stack.enter_context(running(root, *how))
            begin(senders, port)
            time.sleep(chance.uniform(*LOAD))
            server.kill()
            server.wait(PATIENCE)
            end(senders)
            ledger.settle()
    return ledger


def kill_agents(root: Path, kills: int, *how: str, seed: int = 2) -> Ledger:
    """Kill the delivery agents of one server, which goes on without, and with the next."""
    chance = random.Random(seed)
    senders = [Sender(seed * 1000 + number) for number in range(SENDERS)]
    ledger = Ledger(root, senders)
    with running(root, AGENT, QUICK, *how) as server:
        port, pid = port_and_pid(server)
        begin(senders, port)
        agent = 0
        for _ in range(kills):
            agent = until_there_is(pid, agent)
            time.sleep(chance.uniform(*LOAD) / 2)
            os.kill(agent, signal.SIGKILL)
            ledger.settle()
        end(senders)
        ledger.settle()
    return ledger


def campaign(root: Path, kills: int) -> Told:
    """Kill servers, which store in each way, and agents; give the numbers of each."""
    each = -(-kills // (len(WAYS) + 1))
    totals: Counter[str] = Counter()
    ledgers = [(way, kill_servers, how) for way, how in WAYS.items()]
    for seed, (way, kill, how) in enumerate([*ledgers, ("agents alone", kill_agents, ())]):
        folder = root / way.replace(", ", "-")
        folder.mkdir()
        ledger = kill(folder, each, *how, seed=seed)
        yield f"{way}: {each} kills, {ledger}", ledger.wrong
        totals.update(
            kills=each,
            acknowledged=ledger.acknowledged,
            lost=ledger.lost,
            torn=ledger.torn,
            duplicates=ledger.duplicates,
        )
    yield "all: " + ", ".join(f"{count:,} {what}" for what, count in totals.items()), []
