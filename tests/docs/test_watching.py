"""docs/watching.md names the keys, steps and reasons that there are."""

import ast
import re
from pathlib import Path

from gomail.cli import silence, ticks, watch
from gomail.server.control.service import CONNECTIONS, DROP_TIME, LONGEST_REQUEST, REQUEST_TIME
from gomail.server.control.tally import MOST_NAMES
from tests.cli.answering import ANSWER

TEXT = (Path(__file__).parents[2] / "docs" / "watching.md").read_text()


def part(title: str) -> set[str]:
    """Give the words in the first column of the table below a title."""
    rows = re.findall(
        r"^\| (.*?) \|", TEXT.partition(f"## {title}\n")[2].split("\n## ")[0], re.MULTILINE
    )
    return {word for row in rows for word in re.findall(r"`([a-z-]+)`", row)}


def made(module: object, name: str) -> set[str]:
    """Give the words that a module gives first to something of that *name*."""
    tree = ast.parse(Path(str(getattr(module, "__file__", ""))).read_text())
    calls = (each for each in ast.walk(tree) if isinstance(each, ast.Call) and each.args)
    named = (each for each in calls if isinstance(each.func, ast.Name) and each.func.id == name)
    firsts = (each.args[0] for each in named)
    return {str(each.value) for each in firsts if isinstance(each, ast.Constant)}


def test_keys_of_the_status_are_told() -> None:
    """All of them, and no others."""
    assert part("How it fares") == {*ANSWER, "control"}


def test_steps_and_reasons_are_told() -> None:
    """As the program has them; those of DNS stand in docs/dns.md."""
    steps = made(ticks, "Tick") | {"mail", "rcpt"}
    reasons = made(silence, "Reason") | made(watch, "Reason")
    assert part("The first mail") == steps | reasons


def test_bounds_are_told() -> None:
    """With their numbers."""
    told = TEXT.partition("## For programs")[2]
    assert f"Of {CONNECTIONS} connections" in told
    assert f"{LONGEST_REQUEST:,} octets" in told
    assert f"for {REQUEST_TIME:.0f} seconds" in told
    assert f"after {DROP_TIME:.0f} seconds" in told
    assert f"first {MOST_NAMES} of" in TEXT
