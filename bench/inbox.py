"""
How long the inbox takes with many messages: first pages, searches, marks and looks.

    .venv/bin/python bench/inbox.py [--messages 100000] [--folder EMPTY-FOLDER] [--rounds 7]

It makes a Maildir, half of it read, and prints a table of medians and worst cases in milliseconds,
and the medians of the CPU's own time, its children's included, which says more on a busy machine.
Each round of what begins with "a new process" is one. Files are in the page cache.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from gomail.inbox.mailbox import Mailbox, Page

_WORDS = ("invoice", "meeting", "report", "lunch", "café", "Gewürz", "release", "schedule", "notes")
_NAMES = ("Ann", "Bob", "Chloé", "Dieter", "Eva", "François", "Gül", "Håkon", "Jörg", "Klára")
_FIRST = 1_700_000_000
_BEGIN = """\
import sys, time
from pathlib import Path
from gomail.inbox.mailbox import Mailbox
begun = time.perf_counter()
mailbox = Mailbox(Path(sys.argv[1]), Path(sys.argv[2]))
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
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        home, index = Path(folder) / "Maildir", Path(folder) / "cache" / "index"
        print(
            f"{asked.messages:,} messages, load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores"
        )
        with told("the Maildir is made"):
            make(home, asked.messages)
        measure(home, index, asked.messages, asked.rounds)


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


def measure(home: Path, index: Path, messages: int, rounds: int) -> None:
    """Measure everything, and print it."""
    mailbox = Mailbox(home, index)
    with told("first page, without an index"):
        mailbox.page("")
    with told("all is in the index"):
        while mailbox.page("").unknown:
            time.sleep(1)
    print(
        f"index: {index.stat().st_size / 1e6:.0f} MB {'median':>38} {'worst':>7} {'CPU':>7}  found"
    )
    run(rounds, "first page, once more", lambda: mailbox.page(""))
    older = mailbox.page("").older
    run(rounds, "second page", lambda: mailbox.page("", at=older))
    for query in (
        f"{messages // 2}",
        "nowhere",
        "invoice",
        "from:chloe gewurz",
        "subject:report is:unread",
        "after:2023-11-15 lunch cafe",
    ):
        run(rounds, f"search: {query}", partial(mailbox.page, "", query))
    run(rounds, "folders", mailbox.folders)
    run(rounds, "look, nothing new", mailbox.look)
    chance = random.Random(2)
    numbers = iter(range(messages, 2 * messages))
    run(
        rounds,
        "look, one new message",
        mailbox.look,
        lambda: write(home, next(numbers) | 1, chance),
    )
    run(rounds, "first page, one new message", lambda: mailbox.page(""),
        lambda: write(home, next(numbers) | 1, chance))  # fmt: skip
    entries = iter(mailbox.page("", count=200).entries)
    run(rounds, "mark as read", lambda: mailbox.mark("", next(entries).key, add="S"))
    run(rounds, "first page, after another's mark", lambda: mailbox.page(""), lambda: mark(home))
    mailbox.close()
    begin(home, index, rounds)


def begin(home: Path, index: Path, rounds: int) -> None:
    """Measure the first page of new processes, imports included."""
    seconds, cpu = [], []
    for _ in range(rounds):
        cpu_begun = cpu_seconds()
        command = [sys.executable, "-c", _BEGIN, str(home), str(index)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        seconds.append(float(said[0]))
        cpu.append(cpu_seconds() - cpu_begun)
    report("first page of a new process", seconds, cpu, "")


def mark(home: Path) -> None:
    """Flag the first message that is listed, as another reader does."""
    with os.scandir(home / "cur") as found:
        file = next(each for each in found if each.name.endswith(":2,S"))
    Path(file.path).rename(home / "cur" / (file.name[:-1] + "FS"))


def run(
    rounds: int, what: str, work: Callable[[], object], before: Callable[[], object] = lambda: None
) -> None:
    """Measure something several times, each after something that is not measured."""
    seconds, cpu, found = [], [], ""
    for _ in range(rounds):
        before()
        begun, cpu_begun = time.perf_counter(), cpu_seconds()
        result = work()
        seconds.append(time.perf_counter() - begun)
        cpu.append(cpu_seconds() - cpu_begun)
        found = f"{result.total:,}" if isinstance(result, Page) else ""
    report(what, seconds, cpu, found)


def cpu_seconds() -> float:
    """Tell how much CPU this process and its children have used."""
    used = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def report(what: str, seconds: list[float], cpu: list[float], found: str) -> None:
    """Print a line of the table."""
    median, worst = statistics.median(seconds) * 1000, max(seconds) * 1000
    used = statistics.median(cpu) * 1000
    print(f"{what:40} {median:10.1f} {worst:7.1f} {used:7.0f}  {found}", flush=True)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Print how long something took once."""
    begun, cpu_begun = time.perf_counter(), cpu_seconds()
    yield
    seconds, cpu = time.perf_counter() - begun, cpu_seconds() - cpu_begun
    print(f"{what:40} {seconds * 1000:10.1f} {cpu * 1000:15.0f}  once", flush=True)


if __name__ == "__main__":
    main()
