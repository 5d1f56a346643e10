"""The house rules: skips are failures in CI alone, failures stay alone, signals are minded."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SETTINGS = """
[pytest]
markers = ["interop", "system", "fast"]
filterwarnings = ["error"]
"""

TESTS = """
import pytest

@pytest.mark.{marker}
def test_tool():
    pytest.skip("no such tool")

@pytest.mark.{marker}
@pytest.mark.xfail(strict=True)
def test_known_bug():
    raise AssertionError
"""

LEFTOVERS = """
import gc, socket, subprocess

def test_that_fails():
    process = subprocess.Popen(["sleep", "1"], stdout=subprocess.PIPE)
    connection = socket.socket()
    raise AssertionError

def test_that_passes():
    gc.collect()
"""

SIGNALS = """
import signal, subprocess, pytest

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_process_ends(number):
    with subprocess.Popen(["sleep", "60"]) as process:
        process.send_signal(number)
        try:
            assert process.wait(60) == -number
        finally:
            process.kill()
"""


def outcome(folder: Path, tests: str, *, ci: bool) -> str:
    """Run *tests* under the house's conftest.py; return pytest's last line."""
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_it.py").write_text(tests)
    (folder / "pytest.toml").write_text(
        '[pytest]\nmarkers = ["interop", "system", "fast"]\nfilterwarnings = ["error"]\n'
    )
    environment = dict(os.environ, GOMAIL_CI_REQUIRE="1", CI="true" if ci else "")
    for name in ("PYTEST_ADDOPTS", "COVERAGE_PROCESS_CONFIG"):  # nothing of gomail runs there
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=3 * PATIENCE,
    )
    return ended.stdout.splitlines()[-1].rpartition(" in ")[0]


@pytest.mark.parametrize(
    ("marker", "ci", "expected"),
    [
        ("interop", True, "1 failed, 1 xfailed"),
        ("system", True, "1 failed, 1 xfailed"),
        ("fast", True, "1 skipped, 1 xfailed"),
        ("interop", False, "1 skipped, 1 xfailed"),
    ],
)
def test_skipped_test(tmp_path: Path, marker: str, ci: bool, expected: str) -> None:  # noqa: FBT001
    """A test that misses its tool is skipped at home, and fails in CI; a known bug stays known."""
    assert outcome(tmp_path, TESTS.format(marker=marker), ci=ci) == expected


def test_skipped_module(tmp_path: Path) -> None:
    """A whole module that skips itself is found out as well."""
    tests = "import pytest\npytest.importorskip('no_such_module')\n"
    assert outcome(tmp_path, tests, ci=True) == "1 error"


def test_failure_of_one_test_is_none_of_the_next(tmp_path: Path) -> None:
    """What a failed test has left open is not found in the middle of another."""
    assert outcome(tmp_path, LEFTOVERS, ci=False) == "1 failed, 1 passed"


def test_started_processes_mind_signals(tmp_path: Path) -> None:
    """They do even where the tests run under nohup, or in the background of a script."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        ended = outcome(tmp_path, SIGNALS, ci=False)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    assert ended == "2 passed"
