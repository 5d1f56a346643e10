"""How commands write for people: signs, colours, and how many findings there are."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from gomail.domain.finding import Severity

_MARKS = {"error": "✗", "warning": "!", "note": "·"}
_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}


class Graded(Protocol):
    """A finding, of whatever."""

    @property
    def severity(self) -> "Severity":
        """Give how much it matters."""


def grave(findings: Sequence[Graded]) -> int:
    """Count the findings for which something is to be done: notes are none."""
    return sum(each.severity.value != "note" for each in findings)


def counted(findings: Sequence[Graded]) -> str:
    """Write how many they are; nothing where there are none."""
    count = grave(findings)
    return f"{count} finding{'' if count == 1 else 's'}" if count else ""


def mark(severity: "Severity", code: str) -> str:
    """Write how grave a finding is, and its code; the word says what mark and colour do."""
    sign = _MARKS[severity.value] if knows_unicode() else "*"
    return click.style(f"{sign} {severity.value} {code}", fg=_COLOURS[severity.value], bold=True)


def coloured() -> bool | None:
    """Tell whether colours are wanted (https://no-color.org); click sees what a terminal is."""
    return False if os.environ.get("NO_COLOR") else None


def knows_unicode() -> bool:
    """Tell whether the terminal knows signs beyond ASCII."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
