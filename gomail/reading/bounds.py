"""What the children that read a stranger's octets are held to by the kernel."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from contextlib import suppress

MIB = 1024 * 1024

#: Seconds of CPU until the reading is given up for an outline, and until the kernel ends it.
CPU_SECONDS, CPU_SECONDS_AT_MOST = 1, 2

#: What the kernel holds the process to; RLIMIT_NPROC 0 is no new process and no thread.
LIMITS = {
    "RLIMIT_AS": (256 * MIB, 256 * MIB),
    "RLIMIT_CORE": (0, 0),
    "RLIMIT_CPU": (CPU_SECONDS, CPU_SECONDS_AT_MOST),
    "RLIMIT_FSIZE": (0, 0),
    "RLIMIT_NOFILE": (16, 16),
    "RLIMIT_NPROC": (0, 0),
}


class OutOfTime(BaseException):
    """The CPU time is spent; not an Exception, lest a broken part swallow it."""


def limit_resources(limits: Mapping[str, tuple[int, int]] = LIMITS) -> None:
    """Hold this process to *limits*, soft and hard, as far as the system has them."""
    for name, (soft, hard) in limits.items():
        with suppress(AttributeError, OSError, ValueError):  # macOS lacks some
            resource.setrlimit(getattr(resource, name), (soft, hard))
