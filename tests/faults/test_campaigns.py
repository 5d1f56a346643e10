"""The command for long runs: it finds its campaigns, and its exit code is their verdict."""

import subprocess
import sys
from argparse import ArgumentParser, Namespace

import pytest

from tests.faults.__main__ import main
from tests.faults.campaign import Campaign
from tests.faults.campaigns import ALL, CAMPAIGNS
from tests.faults.client import PROJECT
from tests.patience import PATIENCE


def counting(parser: ArgumentParser) -> None:
    """Have a campaign ask how often."""
    parser.add_argument("--times", type=int, default=1)


def enough(options: Namespace) -> bool:
    """Hold where something is done often enough."""
    return options.times >= 3


SMALL = {"small": Campaign("small", "Count.", counting, enough)}
NEVER = {"small": Campaign("small", "Count.", counting, enough, lambda: "nobody can count")}


@pytest.mark.parametrize(("times", "code"), [("2", 1), ("3", 0)])
def test_exit_code_is_the_verdict(
    capsys: pytest.CaptureFixture[str], times: str, code: int
) -> None:
    """Who runs it in a script need not read what it says; who reads it can repeat it."""
    assert main(["small", "--times", times], SMALL) == code
    told = capsys.readouterr().out
    assert f"command: python -m tests.faults small --times {times}\n" in told
    assert "processor: " in told


def test_campaign_that_cannot_run_here_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """What a machine lacks is no broken promise, and no success."""
    assert main(["small"], NEVER) == 2
    assert capsys.readouterr().err == "small: nobody can count\n"


def test_help_tells_of_every_campaign() -> None:
    """`make faults ARGS=--help` lists them."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=3 * PATIENCE,
    )
    assert len(CAMPAIGNS) == len(ALL)
    for each in ALL:
        assert f" {each.name} " in told.stdout
