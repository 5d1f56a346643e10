"""
syncfs(2), which Python's os does not have.

What went wrong with somebody's octets it reports from Linux 5.8 on, and what went wrong with the
file system's own, the journal above all, from 5.17 on; before that it is no basis for a promise.
"""

import ctypes
import os
import re
import sys
from collections.abc import Callable

OLDEST = (5, 17)


class SyncfsMissing(Exception):
    """The system has no syncfs that can be relied on; the text says why."""


def find_syncfs() -> Callable[[int], None]:
    """
    Give the call: it takes a descriptor of anything on the file system, and raises OSError.

    Raises:
        SyncfsMissing: the system has none, or an old one that keeps errors to itself.
    """
    release = os.uname().release
    version = tuple(map(int, re.findall(r"\d+", release)[:2]))
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform != "linux" or version < OLDEST or not hasattr(libc, "syncfs"):
        least = ".".join(map(str, OLDEST))
        system = f"{os.uname().sysname} {release}"
        msg = f"syncfs reports all errors from Linux {least} on, and this is {system}"
        raise SyncfsMissing(msg)
    call = libc.syncfs
    call.argtypes = (ctypes.c_int,)

    def syncfs(fd: int) -> None:
        if call(fd):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return syncfs
