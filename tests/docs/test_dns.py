"""docs/dns.md tells of all that ``gomail dns`` can find, and of nothing else."""

import ast
import re
from pathlib import Path

from gomail.domain.networks import CLOUDFLARE_DATE

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "dns.md").read_text()
CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+\Z")


def test_codes_are_those_of_the_program() -> None:
    """Each code that is written in the room stands in the table."""
    table = TEXT.partition("## What it finds\n")[2]
    told = {
        code
        for row in table.splitlines()
        for code in re.findall(r"`([^`]+)`", row.split("|")[1] if "|" in row else "")
    }
    written = set()
    for path in (ROOT / "gomail" / "domain").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                written |= {node.value} if CODE.match(node.value) else set()
    assert told == written | {"ipv6-unserved", "ipv4-unserved"}
    assert len(told) > 20


def test_date_of_the_list_is_that_of_the_program() -> None:
    """Whoever copies it again changes the page."""
    assert f"by its list of {CLOUDFLARE_DATE}" in TEXT
