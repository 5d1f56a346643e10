"""How long certificates still hold, and when their owner hears of it: a few times, never daily."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gomail.certificates.pair import Pair

TOLD_AHEAD = (14, 3, 0)  # days before the end
_NOT_YET = -1  # stands for a certificate that has yet to begin


def until(pair: Pair) -> str:
    """Write when a certificate ends, for people."""
    return f"{pair.ends:%Y-%m-%d %H:%M} UTC"


def what_is_wrong(pair: Pair, now: datetime) -> str | None:
    """Tell of a certificate that has ended or not begun, or ends soon."""
    left = pair.left(now)
    what = f"the certificate of {', '.join(pair.names)}"
    if pair.begins > now:
        return f"{what} holds only from {pair.begins:%Y-%m-%d %H:%M} UTC on: is the clock right?"
    if left < timedelta():
        return f"{what} has ended on {until(pair)}"
    if left <= timedelta(days=TOLD_AHEAD[0]):
        return f"{what} ends in {left.days} days, on {until(pair)}"
    return None


@dataclass(frozen=True, slots=True)
class Expiry:
    """Remembers what was told: of each certificate each threshold, once."""

    _told: set[tuple[str, int]] = field(default_factory=set)

    def due(self, pair: Pair, now: datetime) -> Iterator[str]:
        """Give what is to be told of a pair now; thresholds that were slept through are one."""
        passed = {days for days in TOLD_AHEAD if pair.left(now) <= timedelta(days=days)}
        if pair.begins > now:
            passed.add(_NOT_YET)
        new = {(pair.serial, each) for each in passed} - self._told
        wrong = what_is_wrong(pair, now)
        if new and wrong is not None:
            self._told.update(new)
            yield wrong
