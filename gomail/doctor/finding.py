"""What keeps a machine from receiving mail, and the line that mends it."""

from dataclasses import dataclass, field

from gomail.domain.finding import Severity

__all__ = ["Finding", "Severity", "Told"]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that is wrong.

    Attributes:
        code: what is wrong, in a word that stays the same from version to version.
        severity: how much it matters.
        expected: how it should be.
        seen: how it is, a line each.
        remedy: what to do.
        lines: the same, as they are typed, or as they are to stand in a file or a zone.
    """

    code: str
    severity: Severity
    expected: str
    seen: tuple[str, ...]
    remedy: str
    lines: tuple[str, ...] = ()

    def plain(self) -> dict[str, object]:
        """Give it as JSON has it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "expected": self.expected,
            "seen": list(self.seen),
            "remedy": self.remedy,
            "lines": list(self.lines),
        }


@dataclass(frozen=True, slots=True)
class Told:
    """
    What came of a look at one thing.

    Attributes:
        findings: what is wrong.
        checked: what was looked at, a line each.
        unseen: what could not be looked at, each with the way to see it.
    """

    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()
    unseen: tuple[str, ...] = field(default=())

    def __add__(self, other: "Told") -> "Told":
        """Give both together."""
        return Told(
            self.findings + other.findings,
            self.checked + other.checked,
            self.unseen + other.unseen,
        )
