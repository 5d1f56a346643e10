"""docs/checks.md tells of caps as they are, and of tests that there are."""

import json
import re
import shlex
import subprocess
import sys
from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest

from gomail.finding import (
    FAIL,
    NEUTRAL,
    NONE,
    PASS,
    PERMERROR,
    POLICY,
    SOFTFAIL,
    TEMPERROR,
)
from tests.docs.story import Story
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "checks.md").read_text()
CAPS = re.findall(r"^\| [^|]+ \| ([\d.]+) \| `([\w.]+)` \|$", TEXT, re.MULTILINE)


def value(path: str) -> object:
    """Give what a path such as ``gomail.checks.spf._LIMITS.time_limit`` leads to."""
    names = path.split(".")
    for count in range(len(names) - 1, 1, -1):
        try:
            module = import_module(".".join(names[:count]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, names[count:], module)
    raise AssertionError(path)


@pytest.mark.parametrize(("number", "path"), CAPS, ids=[path for _, path in CAPS])
def test_cap_is_the_codes(number: str, path: str) -> None:
    """Who changes one changes the page."""
    assert value(path) == float(number)


def test_all_caps_are_seen() -> None:
    """No line of the table has a form that the test above would pass over."""
    table = TEXT.partition("\n## Caps\n")[2].partition("\n## ")[0]
    assert len(CAPS) == table.count("\n|") - 2


def test_tests_of_hazards_are_there() -> None:
    """By their whole names."""
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    sources = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    there = {name for source in sources for name in re.findall(r"def (test_\w+)\(", source)}
    assert named <= there
    assert len(named) > 50


def test_every_result_is_told_of() -> None:
    """And none that there is not."""
    table = TEXT.partition("\n## Results\n")[2].partition("\n\n`")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {
        *(PASS, FAIL, SOFTFAIL, NEUTRAL, NONE, POLICY, PERMERROR, TEMPERROR),
    }


def test_case_of_the_page_is_one(tmp_path: Path) -> None:
    """The commands and the zone that stand there go together."""
    with Story("docs/checks.md") as story:
        plain, command = story.take("sh", "gomail check"), story.take("sh", "--zone case.zone")
        assert command.startswith(plain.rstrip())
        (tmp_path / "case.zone").write_text(story.take("zone", "v=spf1"))
    (tmp_path / "message.eml").write_bytes(b"From: joe@example.net\n\nHello.\n")
    words = shlex.split(command)[1:]
    done = subprocess.run(
        [sys.executable, "-m", "gomail.cli.main", *words, "--json"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    found = [(each["method"], each["result"]) for each in json.loads(done.stdout)]
    assert found == [
        *(("iprev", "pass"), ("spf", "none"), ("spf", "pass"), ("dkim", "none")),
        *(("arc", "none"), ("dmarc", "pass")),
    ]
