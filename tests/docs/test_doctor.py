"""docs/doctor.md tells of all that ``gomail doctor`` can find, and of nothing else."""

import ast
import re
from pathlib import Path

from gomail.doctor.providers import PROVIDERS
from gomail.doctor.reachability import Verdict

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "doctor.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Give the cells of the table below a heading."""
    part = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in part.splitlines()
        if line.startswith("| ") and not line.startswith("|---")
    ]


def findings() -> set[tuple[str, str]]:
    """Give code and severity of each finding that the room or the command can make."""
    found = set()
    files = [*(ROOT / "gomail" / "doctor").glob("*.py"), ROOT / "gomail" / "cli" / "doctor.py"]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or len(node.args) < 4:
                continue
            if getattr(node.func, "id", "") in {"Finding", "_finding"}:
                code, severity = node.args[:2]
                assert isinstance(severity, ast.Attribute | ast.Name), ast.dump(severity)
                if isinstance(severity, ast.Attribute):
                    found |= {(each, severity.attr.lower()) for each in _texts(code)}
    return found


def _texts(node: ast.expr) -> list[str]:
    """Give the texts that an expression may be."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    if isinstance(node, ast.JoinedStr):
        [start, _] = node.values
        assert isinstance(start, ast.Constant)
        return [f"{start.value!s}{family}" for family in (4, 6)]
    assert isinstance(node, ast.Constant), ast.dump(node)
    return [str(node.value)]


def test_table_has_each_finding() -> None:
    """With its severity, what is wrong, and what mends it."""
    told = set()
    for codes, severity, wrong, remedy in rows("What it finds")[1:]:
        assert wrong
        assert remedy
        told |= {(code, severity) for code in re.findall(r"`([^`]+)`", codes)}
    assert told == findings()
    assert len(told) > 30


def test_verdicts_and_providers_are_those_of_the_program() -> None:
    """All three, and all nine."""
    table = rows("Reachable from outside")
    verdicts = [each[0] for each in table[1:] if len(each) == 2][: len(Verdict)]
    assert verdicts == [each.value for each in Verdict]
    told = [tuple(each) for each in table[len(Verdict) + 2 :]]
    assert told == [(each.name, each.where) for each in PROVIDERS]
