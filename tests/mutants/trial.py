"""
Mutants before the judge: copies of the checkout, in which they are put in a module's place.

Nothing is changed in the checkout itself. Each copy has a judge of its own, and serves one mutant
at a time.
"""

import compileall
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.mutants.making import Mutant
from tests.mutants.modules import MODULES, ROOT

COPIED = (
    "gomail",
    "tests",
    "bench",
    "twisted",
    "docs",
    "pyproject.toml",
    "bootstrap.py",
    "Makefile",
)
LEAST_TIME = 15.0  # seconds for the tests of a mutant, however quick they are without …
PATIENCE = 4.0  # … and times as long as they take then


class Trouble(Exception):
    """Nothing can be judged; the text says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What became of a mutant.

    Attributes:
        name: "killed", "timed out" or "survived".
        by: the test that failed first.
        seconds: how long it took.
    """

    name: str
    by: str
    seconds: float


class Court:
    """A copy of the checkout, and its judge."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in COPIED:
            origin, copy = ROOT / name, folder / name
            if origin.is_dir():
                shutil.copytree(origin, copy, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(origin, copy)
        compileall.compile_dir(str(folder), quiet=2)
        environment = dict(
            os.environ,
            CI="",
            GOMAIL_CI_REQUIRE="1",  # the short forms of long tests
            PYTHONPATH=str(folder),
        )
        self._judge = subprocess.Popen(
            ["nice", "-n", "10", sys.executable, "-m", "tests.mutants.judge"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def try_mutant(self, module: str, source: str, times: Sequence[float]) -> Verdict:
        """
        Put *source* in the place of a module, and have it judged by its tests, then by others'.

        Args:
            module: its path in the checkout.
            source: the mutant.
            times: what these tests take without it, as `try_sound` gives them.
        """
        self._put(module, source)
        try:
            for tests, took in zip(MODULES[module], times, strict=True):
                verdict = self._ask(tests, max(LEAST_TIME, PATIENCE * took))
                if verdict.name != "survived":
                    break
        finally:
            self._put(module, (ROOT / module).read_text())
        return verdict

    def try_sound(self, module: str) -> list[float]:
        """
        Give the seconds that a module's tests take, and those of others that judge it.

        Raises:
            Trouble: they fail, though nothing is wrong.
        """
        times = []
        for tests in MODULES[module]:
            sound = self._ask(tests, 600.0)
            if sound.name != "survived":
                raise Trouble(f"{module} itself: {sound.name} by {sound.by}")
            times.append(sound.seconds)
        return times

    def _put(self, module: str, source: str) -> None:
        """Give a module other text; what was compiled of it might pass for that of this one."""
        place = self._folder / module
        Path(importlib.util.cache_from_source(str(place))).unlink(missing_ok=True)
        place.write_text(source)

    def _ask(self, tests: Sequence[str], seconds: float) -> Verdict:
        """Ask the judge."""
        assert self._judge.stdin is not None
        assert self._judge.stdout is not None
        self._judge.stdin.write(json.dumps({"tests": tests, "seconds": seconds}) + "\n")
        said: dict[str, Any] = json.loads(self._judge.stdout.readline() or "{}")
        if said.get("verdict", "not judged") == "not judged":
            raise Trouble(f"{' '.join(tests)}: not judged: {said.get('by', 'the judge is gone')}")
        return Verdict(said["verdict"], said["by"], said["seconds"])

    def close(self) -> None:
        """Let the judge go."""
        self._judge.communicate()


def judged(
    courts: Sequence[Court], module: str, mutants: Sequence[Mutant]
) -> Iterator[tuple[Mutant, Verdict]]:
    """Have mutants of one module judged, as many at once as there are courts, in their order."""
    idle: SimpleQueue[Court] = SimpleQueue()
    for court in courts:
        idle.put(court)

    times = courts[0].try_sound(module) if mutants else []

    def judge(mutant: Mutant) -> Verdict:
        court = idle.get()
        try:
            return court.try_mutant(module, mutant.source, times)
        finally:
            idle.put(court)

    with ThreadPoolExecutor(len(courts)) as pool:
        try:
            yield from zip(mutants, pool.map(judge, mutants), strict=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
