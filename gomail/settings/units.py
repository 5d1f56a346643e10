"""
Sizes, times and numbers as people write them: ``"50 MiB"``, ``"5 min"``, ``1000``.

What can't be read raises ValueError with what was expected and what was found.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)\Z")
_SIZES = {"GiB": 1024**3, "MiB": 1024**2, "KiB": 1024, "GB": 10**9, "MB": 10**6, "KB": 1000}
_TIMES = {"h": 3600, "min": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Range:
    """
    What a number may be.

    Attributes:
        least: at least this.
        most: at most this.
        why: the rule behind *least*, if there is one to be named.
    """

    least: int = 1
    most: int = 10**9
    why: str = ""


def unexpected(expected: str, found: object) -> ValueError:
    """Make the error that says what was expected, and what was found."""
    return ValueError(f"{expected} was expected, not {shown(found)}")


def shown(value: object) -> str:
    """Write a value out of a TOML file as it may have stood there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        kind = "table" if isinstance(value, dict) else "list"
        return f"a {kind}" if value else f"an empty {kind}"
    if isinstance(value, str):
        return f'"{value}"' if value.isprintable() else ascii(value)
    if isinstance(value, int) and not _has_64_bits(value):
        return "a number of more than 64 bits"
    return str(value)


def read_size(value: object, allowed: Range) -> int:
    """Read octets: a number, or text such as ``"50 MiB"``."""
    amount = _amount(value, {"": 1, "B": 1, **_SIZES})
    if amount is None:
        raise unexpected('a size such as "50 MiB"', value)
    return int(_within(int(amount), allowed, write_size))


def read_time(value: object, allowed: Range) -> float:
    """Read seconds: a number, or text such as ``"5 min"``."""
    seconds = _amount(value, {"": 1, **_TIMES})
    if seconds is None:
        raise unexpected('a time such as "300 s" or "5 min"', value)
    return _within(seconds, allowed, write_time)


def read_count(value: object, allowed: Range) -> int:
    """Read a whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or not _has_64_bits(value):
        raise unexpected("a whole number", value)
    return int(_within(value, allowed, str))


def write_size(size: float) -> str:
    """Write octets in the largest unit that leaves nothing over."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % _SIZES[unit] == 0:
            return f"{size // _SIZES[unit]:.0f} {unit}"
    return f"{size:.0f} B"


def write_time(seconds: float) -> str:
    """Write seconds."""
    return f"{seconds:.15g} s"


def _amount(value: object, units: Mapping[str, int]) -> float | None:
    """Read a number, or text with a number and a unit; None if it is neither."""
    if isinstance(value, str):
        match = _AMOUNT.match(value)
        if match is None or match[2] not in units:
            return None
        number = float(match[1]) if "." in match[1] else int(match[1])
        return number * units[match[2]]
    if isinstance(value, int):
        return value if _has_64_bits(value) and not isinstance(value, bool) else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _has_64_bits(number: int) -> bool:
    """Tell whether a number is no longer than TOML's; Python's are as long as they are written."""
    return -(2**63) <= number < 2**63


def _within(number: float, allowed: Range, write: Callable[[float], str]) -> float:
    """See that *number* is in its range."""
    if number < allowed.least:
        why = f" ({allowed.why})" if allowed.why else ""
        msg = f"at least {write(allowed.least)} was expected{why}, not {write(number)}"
        raise ValueError(msg)
    if number > allowed.most:
        msg = f"at most {write(allowed.most)} was expected, not {write(number)}"
        raise ValueError(msg)
    return number
