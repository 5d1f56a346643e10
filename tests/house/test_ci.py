"""The house rules for skips: allowed at home, a failure where all tools are installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

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


def outcome(folder: Path, tests: str, *, ci: bool) -> str:
    """Run *tests* under the house's conftest.py; return pytest's last line."""
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_it.py").write_text(tests)
    (folder / "pytest.toml").write_text('[pytest]\nmarkers = ["interop", "system", "fast"]\n')
    environment = dict(os.environ, GOMAIL_CI_REQUIRE="1", CI="true" if ci else "")
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
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
