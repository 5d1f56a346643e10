"""The lists name what exists, and the judge tells mistakes from none."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mutants.explained import explanations
from tests.mutants.modules import MODULES, ROOT
from tests.waiting import heard_out, line_of

FRAMING = "gomail/smtp/framing.py"

TESTS = """
import time
from gomail.smtp.framing import DotStuffed

def test_end_is_found():
    assert DotStuffed().feed(b"a\\r\\n.\\r\\nb") == (b"a\\r\\n", b"b")
"""


def test_all_of_delivery_is_on_the_list() -> None:
    """A new module of the delivery is mutated as well, and none is named that is gone."""
    listed = {name for name in MODULES if name.startswith("gomail/delivery/")}
    there = {f"gomail/delivery/{path.name}" for path in (ROOT / "gomail/delivery").glob("*.py")}
    assert listed == there - {"gomail/delivery/__init__.py"}
    assert all((ROOT / name).is_file() for name in MODULES)


def test_tests_that_judge_exist() -> None:
    """Each module has tests of its own and, with them or not, those of its neighbours."""
    named = {name for groups in MODULES.values() for tests in groups for name in tests}
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    assert all(len(group) == len(set(group)) for groups in MODULES.values() for group in groups)


def test_explanations_are_of_lines_that_exist() -> None:
    """What a changed line does is to be thought about anew."""
    for each in explanations():
        text = " ".join(line.strip() for line in (ROOT / each.module).read_text().splitlines())
        assert each.was in text, f"{each.module} has no {each.was!r} any more"
        assert each.was not in each.becomes
        assert each.why


Ask = Callable[[str, float], dict[str, object]]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Ask a judge about the framing, with other text in its place."""
    shutil.copytree(ROOT / "gomail", tmp_path / "gomail")
    shutil.copytree(ROOT / "tests" / "mutants", tmp_path / "tests" / "mutants")
    shutil.copy(ROOT / "tests" / "patience.py", tmp_path / "tests")
    (tmp_path / "test_end.py").write_text(TESTS)
    (tmp_path / "pytest.toml").write_text("[pytest]\n")
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=str(tmp_path))
    for name in ("PYTEST_ADDOPTS", "COVERAGE_PROCESS_CONFIG"):  # of another run than this one
        environment.pop(name, None)
    command = [sys.executable, "-m", "tests.mutants.judge"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as judge:

        def asked(source: str, seconds: float) -> dict[str, object]:
            (tmp_path / FRAMING).write_text(source)
            assert judge.stdin is not None
            judge.stdin.write(json.dumps({"tests": ["test_end.py"], "seconds": seconds}) + "\n")
            verdict: dict[str, object] = json.loads(line_of(judge))
            return verdict

        yield asked
        heard_out(judge)


def test_judge_tells_mistakes_from_none(ask: Ask) -> None:
    """The module as it is survives, one with a mistake does not, and one that hangs is ended."""
    sound = (ROOT / FRAMING).read_text()
    assert ask(sound, 600)["verdict"] == "survived"
    wrong = ask(sound.replace(r'rb"\r\n\."', r'rb"\n\."'), 600)
    assert wrong["verdict"] == "killed"
    assert str(wrong["by"]).endswith("::test_end_is_found")
    broken = ask(f"{sound}\nraise ValueError\n", 600)
    assert (broken["verdict"], broken["by"]) == ("killed", "exit code 2")
    hanging = ask(f"{sound}\nimport time\nwhile True:\n    time.sleep(1)\n", 1)
    assert hanging["verdict"] == "timed out"
    assert ask(sound, 600)["verdict"] == "survived"
