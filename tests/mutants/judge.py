"""
The judge: a process that has what tests need in memory, and forks for each mutant.

``python -m tests.mutants.judge`` in a copy of the checkout. A line of JSON on standard input names
tests and seconds, one on standard output gives the verdict; whoever asks has put the mutant in its
place. Neither gomail nor a reactor is in memory before the fork, so that each has its own.
"""

import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import psutil
import pytest
from hypothesis import Phase, settings

from tests import patience

# What takes its time to import, and installs no reactor.
COMMON = (
    "cattrs",
    "cryptography.x509",
    "hypothesis.strategies",
    "OpenSSL.SSL",
    "twisted.internet.defer",
    "twisted.internet.endpoints",
    "twisted.internet.ssl",
    "twisted.internet.task",
    "twisted.logger",
    "twisted.protocols.basic",
    "twisted.python.failure",
)
PATIENCE = 5.0  # seconds for which tests wait for what a mutant may never do
LONGEST_TURN = 0.5  # seconds that count between two looks at the tests
MOST_MEMORY = 4 << 30  # octets of addresses for each process
LARGEST_FILE = 256 << 20  # octets
OPTIONS = (
    *("-x", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"),
    "--pythonwarnings=ignore::pytest.PytestAssertRewriteWarning",  # hypothesis is in memory already
)
_FIRST_FAILURE = Path(".first-failure")

# Whoever has found a mutant need not say it in the shortest words, nor by chance.
settings.register_profile(
    "mutants",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
)


def main() -> None:
    """Judge until nobody asks any more."""
    for name in COMMON:
        import_module(name)
    if "twisted.internet.reactor" in sys.modules or "gomail" in sys.modules:
        raise SystemExit("what each mutant needs for itself is in memory already")
    patience.PATIENCE = PATIENCE
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        asked = json.loads(line)
        answers.write(json.dumps(judge(asked["tests"], asked["seconds"])) + "\n")


def judge(tests: Sequence[str], seconds: float) -> dict[str, object]:
    """Run tests for so many seconds at most; give the verdict, who found it, and how long."""
    _FIRST_FAILURE.unlink(missing_ok=True)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _become_tests(tests)
    status = _wait(child, seconds)
    took = time.monotonic() - began
    by = _FIRST_FAILURE.read_text() if _FIRST_FAILURE.exists() else ""
    if status is None:
        return {"verdict": "timed out", "by": by, "seconds": took}
    code = os.waitstatus_to_exitcode(status)
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        return {"verdict": "not judged", "by": f"exit code {code}", "seconds": took}
    verdict = "killed" if code else "survived"
    return {"verdict": verdict, "by": by or f"exit code {code}", "seconds": took}


def _wait(child: int, seconds: float) -> int | None:
    """
    Give the child's status; None where it took too long. None of its processes is left.

    While the judge itself does not run, as on a machine that was suspended, no time counts.
    """
    status = None
    waited, before = 0.0, time.monotonic()
    while status is None and waited < seconds:
        pid, ended = os.waitpid(child, os.WNOHANG)
        if pid:
            status = ended
        else:
            time.sleep(0.02)
        now = time.monotonic()
        waited += min(now - before, LONGEST_TURN)
        before = now
    if status is None:
        left = psutil.Process(child).children(recursive=True)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    return status


def _become_tests(tests: Sequence[str]) -> None:
    """Be a process that runs tests, and ends with pytest's exit code."""
    code: int = pytest.ExitCode.INTERNAL_ERROR
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in range(3):
            os.dup2(nothing, fd)
        code = pytest.main([*OPTIONS, f"--basetemp={Path('.tmp').absolute()}", *tests], [_Noting()])
    finally:
        os._exit(code)


class _Noting:
    """Notes which test failed first."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at one."""
        if report.failed and not _FIRST_FAILURE.exists():
            _FIRST_FAILURE.write_text(report.nodeid)


if __name__ == "__main__":
    main()
