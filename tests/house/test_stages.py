"""The stages of CI: none is forgotten, and those that run side by side fail as they ought to."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci"
TOOLS = {"forgiven", "pythons", "reads", "receives", "run", "together", "twice", "unchanged"}

HANGS = """
import threading
import pytest

@pytest.mark.parametrize("number", range(6))
def test_it(number):
    if number == 2:
        threading.Event().wait()
"""


def said_by(*command: str | Path) -> tuple[int, str]:
    """Run a command to its end; give its status, and what it said."""
    ended = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=3 * PATIENCE,
    )
    return ended.returncode, ended.stdout


def test_every_stage_is_run() -> None:
    """A file that nothing runs is no stage; whoever asks for what is none is told what there is."""
    status, said = said_by(CI / "run", "everything")
    assert status == 2
    known = said.partition("there are: ")[2].split()
    assert sorted([*known, *TOOLS]) == sorted(path.name for path in CI.iterdir())


def test_commands_that_run_side_by_side_are_all_told_of() -> None:
    """One that fails stops none of the others."""
    status, said = said_by(CI / "together", "echo first", "echo second; exit 3", "echo third")
    assert status == 1
    assert {"first", "second", "third"} <= set(said.splitlines())
    assert said.count("passed in") == 2
    assert "FAILED after" in said.partition("second")[2]


def test_commands_that_run_side_by_side_may_all_succeed() -> None:
    """Then there is nothing to complain of."""
    status, said = said_by(CI / "together", "true", "true")
    assert status == 0
    assert "FAILED" not in said


def test_two_commands_run_at_the_same_time(tmp_path: Path) -> None:
    """Each waits for the other."""
    one, other = tmp_path / "one", tmp_path / "other"
    wait = "touch {}; for n in $(seq 600); do [ -e {} ] && exit 0; sleep 0.1; done; exit 1"
    status, _ = said_by(CI / "together", wait.format(one, other), wait.format(other, one))
    assert status == 0


def test_one_that_never_ends_is_named_and_holds_up_no_other(tmp_path: Path) -> None:
    """What runs in a process beside it goes on, and it counts as failed."""
    (tmp_path / "test_hangs.py").write_text(HANGS)
    options = ("-c", ROOT / "pyproject.toml", "--rootdir", tmp_path, "-p", "no:cacheprovider")
    limit = ("-o", "faulthandler_timeout=2", "--numprocesses=2")
    status, said = said_by(sys.executable, "-m", "pytest", *options, *limit, tmp_path)
    assert status == 1
    assert "1 failed, 5 passed" in said
    assert "crashed while running 'test_hangs.py::test_it[2]'" in said


FAILS_ONCE = """
from pathlib import Path
import pytest

{tests}
"""
ONCE = """
def test_{name}():
    been = Path(__file__).with_name("{name}")
    was_there = been.exists()
    been.touch()
    assert was_there
"""
EVER = """
def test_{name}():
    raise AssertionError
"""


def tried(folder: Path, tests: str, where: str = "tests/test_it.py") -> tuple[int, str]:
    """Have these tests run, and once more as CI does it."""
    file = folder / where
    file.parent.mkdir(parents=True)
    file.write_text(FAILS_ONCE.format(tests=tests))
    pytest_here = (sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml")
    options = ("--rootdir", folder, "-p", "no:xdist", "-p", "no:cov")
    return said_by(CI / "twice", folder / "cache", *pytest_here, *options, folder / "tests")


def test_few_tests_that_fail_are_run_once_more(tmp_path: Path) -> None:
    """The machine may have been busy."""
    status, said = tried(tmp_path, "".join(ONCE.format(name=name) for name in ("one", "two")))
    assert status == 0
    assert "2 failed" in said
    assert "ci: once more, those that failed" in said
    assert "2 passed" in said


def test_test_that_fails_again_has_failed(tmp_path: Path) -> None:
    """There is no third time."""
    status, said = tried(tmp_path, ONCE.format(name="one") + EVER.format(name="other"))
    assert status == 1
    assert "1 failed, 1 passed" in said


def test_many_tests_that_fail_have_failed(tmp_path: Path) -> None:
    """No busy machine does that."""
    status, said = tried(tmp_path, "".join(ONCE.format(name=name) for name in "abcd"))
    assert status == 1
    assert "ci: no second chance for so many: 4" in said


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("nothing_is_lost", "tests/test_it.py"),
        ("r9_slow_disk", "tests/test_it.py"),
        ("anything", "tests/faults/test_it.py"),
        ("anything", "tests/inbox/web/test_access.py"),
    ],
)
def test_what_mail_depends_on_fails_once(tmp_path: Path, name: str, where: str) -> None:
    """Whether it is lost, or shown to others."""
    status, said = tried(tmp_path, ONCE.format(name=name), where)
    assert status == 1
    assert "ci: no second chance for these" in said
    assert "passed" not in said


def test_success_is_not_run_again(tmp_path: Path) -> None:
    """Nor is a command that is no test's failure."""
    status, said = tried(tmp_path, "def test_it():\n    pass\n")
    assert status == 0
    assert "once more" not in said
    status, said = said_by(CI / "twice", tmp_path / "none", "false")
    assert status == 1
    status, said = said_by(CI / "twice", tmp_path / "none", "sh", "-c", "exit 3")
    assert status == 3
