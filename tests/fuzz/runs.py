"""Runs of atheris, each a process of its own: what goes in, and what is seen of it."""

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.corpus import CORPUS, keep
from tests.fuzz.target import find

HANGS = 120  # seconds that an input may take; a busy machine stands still for some
MEMORY = 1024  # MiB of a process
LATER = 600  # seconds beyond its own after which a run is ended
SAID = 40  # lines of a run that failed
_EXECUTIONS = re.compile(r"number_of_executed_units: (\d+)")
_BRANCHES = re.compile(r"cov: (\d+)")


@dataclass(frozen=True, slots=True)
class Run:
    """
    What came of a run.

    Attributes:
        name: the target's.
        status: 0 if nothing was found.
        seconds: that it took.
        busy: those of them in which it had a processor.
        executions: inputs that were checked.
        branches: of gomail and the libraries that are looked at.
        news: inputs that are new in the scratch folder.
        said: its last lines.
        findings: files with the inputs that failed.
    """

    name: str
    status: int
    seconds: float
    busy: float
    executions: int
    branches: int
    news: int
    said: str
    findings: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """
    How targets are run.

    Attributes:
        scratch: the folder with a folder for each target.
        time: seconds for each.
        seed: of the random numbers; 0 for another one each time.
        inputs: after which a run is over before its time; any number if negative.
    """

    scratch: Path
    time: int
    seed: int
    inputs: int = -1

    def fuzz(self, name: str) -> Run:
        """Run a target, and see what comes of it."""
        folder = self.scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        target = find(name)
        seeds, dictionary = self.scratch / f"{name}.seeds", self.scratch / f"{name}.words"
        keep(target.seeds, seeds)
        dictionary.write_text("".join(map(_entry, target.words)))
        before, began, busy = set(folder.iterdir()), time.monotonic(), _busy()
        found = set(self._artifacts(name))
        folders = map(str, (folder, CORPUS / name, seeds))
        command = [*self._command(name, target.longest, dictionary), *folders]
        status, said = _run(command, self.time + LATER)
        return Run(
            name,
            status,
            time.monotonic() - began,
            _busy() - busy,
            _most(_EXECUTIONS, said),
            _most(_BRANCHES, said),
            len(set(folder.iterdir()) - before),
            "\n".join(said.splitlines()[-SAID:]),
            tuple(path for path in self._artifacts(name) if path not in found),
        )

    def _command(self, name: str, longest: int, dictionary: Path) -> Iterable[str]:
        """Write the command of a run, but for its folders."""
        return (
            *(sys.executable, "-m", "tests.fuzz.drive", name),
            f"-max_total_time={self.time}",
            f"-seed={self.seed}",
            f"-runs={self.inputs}",
            f"-max_len={longest}",
            f"-timeout={HANGS}",
            f"-rss_limit_mb={MEMORY}",
            f"-dict={dictionary}",
            f"-artifact_prefix={self.scratch}/{name}-",
            "-print_final_stats=1",
        )

    def _artifacts(self, name: str) -> Iterable[Path]:
        """Find what libFuzzer has kept of inputs that failed."""
        return sorted(self.scratch.glob(f"{name}-*-*"))


def _run(command: list[str], seconds: float) -> tuple[int, str]:
    """Run a command; give its status and what it said. The same seed has the same hashes."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PYTHONHASHSEED="0"),
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return -1, f"{(late.stdout or b'').decode(errors='replace')}\nit did not end in time"
    return ended.returncode, ended.stdout.decode(errors="replace")


def _busy() -> float:
    """Give the seconds of a processor that our processes which have ended had."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _most(pattern: re.Pattern[str], said: str) -> int:
    """Give the highest of the numbers that were told so."""
    return max(map(int, pattern.findall(said)), default=0)


def _entry(word: bytes) -> str:
    """Write a word as libFuzzer's dictionaries have it."""
    return '"' + "".join(f"\\x{octet:02x}" for octet in word) + '"\n'
