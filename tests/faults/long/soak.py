"""Campaign: a real server under an even load for a long time; what it holds stays the same."""

import random
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.faults.client import Session
from tests.faults.long.counted import Told
from tests.faults.long.ledger import Ledger, total
from tests.faults.long.senders import MAILBOXES, SIZES, Sender, begin, end
from tests.faults.long.signals import House, stop
from tests.faults.processes import children
from tests.patience import PATIENCE
from tests.waiting import join

SENDERS = 4
PAUSE = 0.05  # seconds between the messages of a sender
LOOK = 1.0  # seconds between two looks at the mailboxes
SAMPLES = 60
TOLD = 10  # samples until it is said how it goes
WARM = 6  # samples after which everything has been made that is made once
SPARE = {"memory": 4096, "files": 12, "threads": 3, "staged": 8}  # that may come and go
BIG = 200_000  # octets, twice of which are more than what waits in memory
_AWAY_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """
    What a server and its agent hold at a moment.

    Attributes:
        memory: KiB that are resident.
        files: open descriptors.
        threads: of both.
        staged: files in ``tmp/`` of all mailboxes.
    """

    memory: int
    files: int
    threads: int
    staged: int


def look(pid: int, mail: Path) -> Sample:
    """See what a server holds, its processes taken together."""
    memory = files = threads = 0
    for each in (pid, *children(pid)):
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{each}/status").read_text().splitlines()
        )
        memory += int(status["VmRSS"].split()[0])
        threads += int(status["Threads"])
        files += len(list(Path(f"/proc/{each}/fd").iterdir()))
    staged = sum(len(list((mail / mailbox / "tmp").iterdir())) for mailbox in MAILBOXES)
    return Sample(memory, files, threads, staged)


class Nuisance:
    """A client that leaves in the middle, in each of the ways, again and again."""

    def __init__(self, port: int) -> None:
        """Begin."""
        self.visits = 0
        self._port = port
        self._chance = random.Random(16)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Leave for good."""
        self._enough.set()
        join(self._thread, "the nuisance to leave", 2 * PATIENCE)

    def _work(self) -> None:
        """Come and go."""
        while not self._enough.wait(2 * PAUSE):
            with suppress(OSError):
                self._visit()
                self.visits += 1

    def _visit(self) -> None:
        """Begin a message, small or big, and be gone before its end."""
        session = Session(self._port)
        try:
            session.say(b"MAIL FROM:<a@client.example>\r\n")
            session.say(b"RCPT TO:<alice@here.example>\r\n")
            session.say(b"DATA\r\n")
            line = b"x" * 998 + b"\r\n"
            session._socket.sendall(line * self._chance.choice((1, 100, 600)))
            if self._chance.random() < 0.5:  # with a reset
                session._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AWAY_AT_ONCE)
        finally:
            session.close()


def campaign(root: Path, minutes: float) -> Told:
    """Load a server for so many minutes; give what it held in the beginning and in the end."""
    house = House(root, "[limits]\nsessions = 100")
    sizes = (*SIZES, BIG)
    senders = [
        Sender(number, returning=True, pause=PAUSE, sizes=sizes) for number in range(SENDERS)
    ]
    ledger = Ledger(house.mail, senders)
    samples: list[Sample] = []
    with house.serving() as server:
        begin(senders, house.port)
        nuisance = Nuisance(house.port)
        began = time.monotonic()
        for number in range(1, SAMPLES + 1):
            while time.monotonic() < began + number * minutes * 60 / SAMPLES:
                time.sleep(LOOK)
                ledger.settle()
            samples.append(look(server.process.pid, house.mail))
            if number % TOLD == 0:
                yield f"{number * minutes / SAMPLES:g} minutes: {ledger}; {samples[-1]}", []
        end(senders)
        nuisance.end()
        ledger.settle()
        wrong = [problem for problem in (stop(server),) if problem]
        if "Traceback" in server.output:
            wrong.append("a traceback is in the log")
    yield from tell(samples)
    visits, cut = f"{nuisance.visits:,} clients that left in the middle", total(senders, "cut_off")
    told = f"{visits}, {total(senders, 'deferred')} answers 4xx, {cut} cut off"
    yield f"{minutes:g} minutes: {ledger}, {told}", wrong + ledger.wrong


def tell(samples: Sequence[Sample]) -> Told:
    """Compare the beginning with the end: the middle of six samples each."""
    for what, spare in SPARE.items():
        values = [getattr(sample, what) for sample in samples]
        first, last = median(values[WARM : 2 * WARM]), median(values[-WARM:])
        told = f"{what}: {first:g} at first, {last:g} in the end, at most {max(values)}"
        yield told, [f"{what} grows"] if last > first * 1.1 + spare else []
