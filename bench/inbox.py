"""
How long the inbox takes with many messages: first pages, searches, marks and looks.

    python -m bench.inbox [--messages 100000] [--folder EMPTY-FOLDER] [--rounds 7] [--write]

It makes a Maildir, half of it read, and prints a table, which --write puts into docs/inbox.md with
the machine and the date. Beside the time it has what does not depend on what else runs: the CPU's
own time with that of children, steps of SQLite's machine in thousands, and read(2)s. Each round of
what begins with "a new process" is one. Files are in the page cache. Pages wait no longer than in
`gomail inbox`, and what they leave to other threads is not in their time, but in their CPU.
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from sqlite3 import sqlite_version

from bench.measuring import machine
from gomail.inbox.mailbox import Mailbox, Page
from gomail.inbox.web.serving import PATIENCE

DOCUMENT = Path(__file__).parents[1] / "docs" / "inbox.md"
HEAD = """\
| | median, ms | worst, ms | CPU, ms | steps, thousands | reads |
|---|---:|---:|---:|---:|---:|"""
STEPS = 100_000  # of SQLite, between two counts, each of which waits for other threads
QUERIES = (
    ("one message", "{number}"),
    ("nothing", "nowhere"),
    ("everything", "a"),
    ("a word", "invoice"),
    ("`from:` and a word", "from:chloe gewurz"),
    ("`to:`, which everything meets", "to:you"),
    ("`subject:` and `is:unread`", "subject:report is:unread"),
    ("`after:` and two words", "after:2023-11-15 lunch cafe"),
    ("`before:`, which everything meets", "before:2100-01-01"),
)

_WORDS = ("invoice", "meeting", "report", "lunch", "café", "Gewürz", "release", "schedule", "notes")
_NAMES = ("Ann", "Bob", "Chloé", "Dieter", "Eva", "François", "Gül", "Håkon", "Jörg", "Klára")
_FIRST = 1_700_000_000
_BEGIN = """\
import sys, time
from pathlib import Path
from gomail.inbox.mailbox import Mailbox
begun = time.perf_counter()
mailbox = Mailbox(Path(sys.argv[1]), Path(sys.argv[2]), patience=float(sys.argv[3]))
page = mailbox.page("")
print(time.perf_counter() - begun, page.unknown)
mailbox.close()
"""


def main() -> None:
    """Make a Maildir, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        where = machine(Path(folder)) | {"SQLite": sqlite_version}
        told = f"{asked.messages:,} messages in one folder, half of them in `new`: "
        told += ", ".join(f"{name} {value}" for name, value in where.items())
        home, index = Path(folder) / "Maildir", Path(folder) / "cache" / "index"
        make(home, asked.messages)
        table = Table(asked.rounds)
        measure(home, index, asked.messages, table)
        size = index.stat().st_size / 1e6
    text = f"{told}. The index has {size:.0f} MB.\n\n{HEAD}\n" + "\n".join(table.lines)
    print(text)
    if asked.write:
        from bench.documents import fill  # noqa: PLC0415 -- it needs matplotlib

        DOCUMENT.write_text(fill(DOCUMENT.read_text(), lambda _: text))


def make(home: Path, messages: int) -> None:
    """Make a Maildir of so many messages."""
    for place in ("new", "cur", "tmp"):
        (home / place).mkdir(parents=True)
    chance = random.Random(1)
    for number in range(messages):
        write(home, number, chance)


def write(home: Path, number: int, chance: random.Random) -> None:
    """Store one message; those with an even number are read."""
    name, words = chance.choice(_NAMES), " ".join(chance.choices(_WORDS, k=4))
    subject = (
        "=?utf-8?q?" + "".join(f"={octet:02X}" for octet in f"{words} {number}".encode()) + "?="
    )
    content = (
        f"Return-Path: <{number}@sender.example>\n"
        "Received: from sender.example ([192.0.2.1])\n\tby mx.here.example (gomail) with ESMTPS\n"
        f"From: {name} <{number}@sender.example>\nTo: you@here.example\nSubject: {subject}\n"
        "Date: Sat, 28 Nov 2026 16:44:31 +0000\n\n" + "What hath God wrought?\n" * 20
    ).encode()
    unique = (
        f"{_FIRST + number}.M{number % 1_000_000:06d}P1Q{number}R1.mx.here.example,S={len(content)}"
    )
    place = f"cur/{unique}:2,S" if number % 2 == 0 else f"new/{unique}"
    (home / place).write_bytes(content)


def cpu_seconds() -> float:
    """Tell how much CPU this process and its children have used."""
    used = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def reads() -> int:
    """Tell how many calls have read from files, where the system counts them."""
    counted = Path("/proc/self/io")
    if not counted.exists():
        return 0
    return int(counted.read_text().partition("syscr: ")[2].split()[0])


@dataclass(slots=True)
class Spent:
    """What one round has taken."""

    seconds: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=cpu_seconds)
    steps: int = 0
    reads: int = field(default_factory=reads)

    def since(self, begun: "Spent") -> "Spent":
        """Give what was taken since then."""
        return Spent(
            self.seconds - begun.seconds,
            self.cpu - begun.cpu,
            self.steps - begun.steps,
            self.reads - begun.reads,
        )


class Table:
    """
    What was measured, line by line.

    Args:
        rounds: of what is measured more than once.
    """

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.lines: list[str] = []
        self._counted = 0

    def count(self, mailbox: Mailbox) -> None:
        """Count the steps of an index."""
        mailbox._following.do(  # noqa: SLF001 -- nobody else needs it
            lambda _, index: index._connection.set_progress_handler(self._step, STEPS)  # noqa: SLF001 -- as above
        )

    def _step(self) -> int:
        self._counted += 1
        return 0

    def run(
        self,
        what: str,
        work: Callable[[], object],
        before: Callable[[], object] = lambda: None,
        *,
        rounds: int | None = None,
    ) -> None:
        """Measure something several times, each after something that is not measured."""
        spent, found = [], ""
        for _ in range(rounds or self.rounds):
            before()
            begun = Spent(steps=self._counted)
            result = work()
            spent.append(Spent(steps=self._counted).since(begun))
            found = (
                f" ({result.total:,} found)"
                if isinstance(result, Page) and "search" in what
                else ""
            )
        self.report(what + found, spent)

    def report(self, what: str, spent: list[Spent]) -> None:
        """Write a line."""
        median = partial(statistics.median)
        values = (
            f"{median(each.seconds for each in spent) * 1000:,.1f}",
            f"{max(each.seconds for each in spent) * 1000:,.1f}",
            f"{median(each.cpu for each in spent) * 1000:,.1f}",
            f"{median(each.steps for each in spent) * STEPS / 1000:,.0f}",
            f"{median(each.reads for each in spent):,.0f}",
        )
        self.lines.append(f"| {what} | " + " | ".join(values) + " |")
        print(self.lines[-1], file=sys.stderr, flush=True)


def measure(home: Path, index: Path, messages: int, table: Table) -> None:
    """Measure everything."""
    mailbox = Mailbox(home, index, patience=PATIENCE)
    first = "first page of a Maildir that was never looked at, once"
    table.run(first, lambda: mailbox.page(""), rounds=1)
    table.run("… until searches find all of it, once", lambda: wait(mailbox), rounds=1)
    table.count(mailbox)
    table.run("first page", lambda: mailbox.page(""))
    older = mailbox.page("").older
    table.run("second page", lambda: mailbox.page("", at=older))
    for what, query in QUERIES:
        sought = query.format(number=messages // 2)
        table.run(f"search: {what}", partial(mailbox.page, "", sought))
    second = mailbox.page("", "invoice").older
    table.run("search: a word, second page", lambda: mailbox.page("", "invoice", at=second))
    chance, numbers = random.Random(2), iter(range(messages, 2 * messages))

    def come() -> None:
        mailbox.look()
        time.sleep(0.1)  # until the folder's time is an old one
        mailbox.look()
        write(home, next(numbers) | 1, chance)

    table.run("look, where nothing has come", mailbox.look)
    table.run("look, where a message has", mailbox.look, come)
    table.run("first page, where a message has come", lambda: mailbox.page(""), come)
    table.run("search, where a message has come", lambda: mailbox.page("", "nowhere"), come)
    mailbox.look()
    entries = iter(mailbox.page("", count=200).entries)
    table.run("a message marked", lambda: mailbox.mark("", next(entries).key, add="S"))
    table.run(
        "first page, after a mark of another reader", lambda: mailbox.page(""), lambda: mark(home)
    )
    mailbox.close()
    begin(home, index, table)


def wait(mailbox: Mailbox) -> None:
    """Wait until all messages were looked into."""
    while mailbox.page("").unknown:
        time.sleep(0.5)


def begin(home: Path, index: Path, table: Table) -> None:
    """Measure the first page of new processes; the CPU's time has that of imports."""
    spent = []
    for _ in range(table.rounds):
        begun = Spent()
        command = [sys.executable, "-c", _BEGIN, str(home), str(index), str(PATIENCE)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        taken = Spent().since(begun)
        spent.append(Spent(float(said[0]), taken.cpu, 0, 0))
    table.report("first page of a new process, with an index", spent)


def mark(home: Path) -> None:
    """Flag the first message that is listed, as another reader does."""
    with os.scandir(home / "cur") as found:
        file = next(each for each in found if each.name.endswith(":2,S"))
    Path(file.path).rename(home / "cur" / (file.name[:-1] + "FS"))


if __name__ == "__main__":
    main()
