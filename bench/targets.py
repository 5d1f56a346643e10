"""
What gomail holds itself to: for each figure a floor, and for most a goal.

Ratios are of medians within one run; nothing else says anything about another machine.
"""

import math
from dataclasses import dataclass

from bench.results import Results


@dataclass(frozen=True, slots=True)
class Target:
    """
    One figure and its bounds.

    Attributes:
        workload: where it is measured.
        peer: which of ours it is of.
        key: the value's name.
        floor: what must be.
        goal: what we aim at, if that is more.
        other: the server that it is divided by, if it is a ratio.
        at_most: whether less is better.
    """

    workload: str
    peer: str
    key: str
    floor: float
    goal: float | None = None
    other: str | None = None
    at_most: bool = False

    @property
    def figure(self) -> str:
        """Say what it is."""
        return f"{self.peer} ÷ {self.other}" if self.other else f"{self.peer}: {self.key}"

    def value(self, results: Results) -> float:
        """Give what was measured, NaN if it was not."""
        if self.other is None:
            return results.median(self.workload, self.peer, self.key)
        return results.ratio(self.workload, self.peer, self.other, self.key)

    def verdict(self, value: float) -> str:
        """Say which of the bounds a value keeps."""
        if math.isnan(value):
            return "not measured"
        if not self._keeps(value, self.floor):
            return "below the floor"
        if self.goal is None:
            return "floor met"
        return "goal met" if self._keeps(value, self.goal) else "floor met, goal not"

    def _keeps(self, value: float, bound: float) -> bool:
        return value <= bound if self.at_most else value >= bound


def _over(  # noqa: PLR0913 -- the parts of a target
    workload: str,
    other: str,
    floor: float,
    goal: float | None = None,
    *,
    peer: str = "gomail",
    key: str = "rate",
) -> Target:
    """Make a target of a ratio."""
    return Target(workload, peer, key, floor, goal, other)


def _null(workload: str, other: str, floor: float, goal: float | None = None) -> Target:
    """Make a target of a ratio, where nothing is stored."""
    return _over(workload, other, floor, goal, peer="gomail-null")


def _most(workload: str, key: str, floor: float, peer: str = "gomail") -> Target:
    """Make a target that must not be exceeded."""
    return Target(workload, peer, key, floor, at_most=True)


TARGETS = (
    _over("small", "postfix", 3, 5),
    _over("small", "twisted.mail-maildir", 0.8, 1.0),
    _most("small", "p99 ms", 20),
    _null("small", "smtp-sink", 0.8, 1.0),
    _null("small", "twisted.mail-null", 2),
    _null("small", "aiosmtpd-null", 5),
    _over("keep-alive", "postfix", 5, 8),
    _over("keep-alive", "twisted.mail-maildir", 0.8, 1.2),
    _null("keep-alive", "smtp-sink", 0.65, 0.8),
    _null("keep-alive", "aiosmtpd-null", 6),
    _over("pipelined", "postfix", 4, 6),
    _null("pipelined", "smtp-sink", 0.65, 0.8),
    _over("medium", "postfix", 2.2, 3),
    _null("medium", "smtp-sink", 1.1, 1.3),
    _over("large", "postfix", 1.8, 2.5),
    _null("large", "smtp-sink", 1.4, 1.8),
    _null("large", "aiosmtpd-null", 10),
    _most("crowd", "over rest MiB", 12),
    _over("recipients", "postfix", 5),
    _over("mailboxes", "bare loop", 0.8),
    _most("idle", "KB a session", 3),
    _most("idle", "p99 ms", 10),
    _most("idle", "KB a session", 3, "gomail-null"),
    _most("idle", "p99 ms", 10, "gomail-null"),
    _over("price", "gomail-unsynced", 0.55),
    _over("price", "gomail-unsynced", 0.85, peer="gomail-filesystem"),
    _over("checked", "postfix-checks", 1.5, 2, peer="gomail-checks"),
    _most("lone", "ratio", 1.5),
    _most("fairness", "large moved ms", 20),
    _most("fairness", "noops moved ms", 20),
    _most("slow-disk", "NOOP longest ms", 50, "gomail-slow-disk"),
    _most("enumeration", "apart ms", 1),
    Target("held", "gomail", "opened", 15_000),
    Target("held-tls", "gomail", "opened", 8000),
)
