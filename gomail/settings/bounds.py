"""
What each limit may be: octets, seconds or a number, within its bounds.

What can't be read raises ValueError with what was expected and what was found.
"""

from gomail.limits import KIB, Limits
from gomail.settings.units import Range, read_count, read_size, read_time

OCTETS = frozenset(
    {
        "size",
        "command_line",
        "data_rate",
        "header_size",
        "unsent",
        "disk_reserve",
        "content_in_memory",
        "memory",
        "unwritten",
    }
)
_SIZES = Range(1, 1024**4)
_TIMES = Range(1, 7 * 24 * 3600)
_COUNTS = Range()
# Where the least is not 1.
_RANGES = {
    "size": Range(64 * KIB, _SIZES.most, "RFC 5321 §4.5.3.1.7"),
    "recipients": Range(100, _COUNTS.most, "RFC 5321 §4.5.3.1.8"),
    "command_line": Range(512, 64 * KIB, "RFC 5321 §4.5.3.1.4"),
    "header_size": Range(8 * KIB, _SIZES.most),
    "hops": Range(25, _COUNTS.most),
    "disk_reserve": Range(0, _SIZES.most),
    "data_rate_grace": Range(0, _TIMES.most),
    "unknown_recipients_free": Range(0),
    "errors_free": Range(0),
}


def read_limit(name: str, value: object) -> int | float:
    """Read the limit *name*: a size, a time or a number, in its range."""
    if name in OCTETS:
        return read_size(value, _RANGES.get(name, _SIZES))
    if Limits.__annotations__[name] is float:
        return read_time(value, _RANGES.get(name, _TIMES))
    return read_count(value, _RANGES.get(name, _COUNTS))
