"""Mutants that survive because they are no mistakes: what they are, and why that is so."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("explained.toml")


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    Why some mutants of one statement do no harm.

    Attributes:
        module: its path in the checkout.
        was: the lines that differ, as they are.
        becomes: what they may become.
        why: what makes it as good.
    """

    module: str
    was: str
    becomes: tuple[str, ...]
    why: str


def explanations() -> list[Explanation]:
    """Read the list."""
    tables = tomllib.loads(LIST.read_text())
    return [
        Explanation(f"gomail/{module}.py", entry["was"], tuple(entry["becomes"]), entry["why"])
        for module, entries in tables.items()
        for entry in entries
    ]
