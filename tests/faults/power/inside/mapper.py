"""
Disks inside the machine that are more than a disk, made by the kernel's device mapper.

One can be made slow, or hang, while a file system is mounted on it. Another one keeps a log, on a
second disk, of all that is written to it, in the order in which it became durable.
"""

import fcntl
import os
import struct
import subprocess
from pathlib import Path

from tests.faults.power.machine import MODULES

_NODE = "/dev/dm-0"  # that of the only one
_NAME = "disk"
_LIBRARY = Path("/run/modules")
_CONTROL = Path("/dev/mapper/control")
# <linux/dm-ioctl.h>: version, sizes, flags, name and uuid, and behind it sector and message.
_DM_IOCTL = struct.Struct("=10IQ128s129s7x")
_DM_TARGET_MSG = 3 << 30 | _DM_IOCTL.size << 16 | 0xFD << 8 | 14


class Device:
    """A disk as it is, at *node*."""

    def __init__(self, node: str) -> None:
        self.node = node


class Delayed(Device):
    """The disk *below*, as quick as it is until something else is said (dm-delay)."""

    def __init__(self, below: str) -> None:
        super().__init__(_NODE)
        self._below = below
        self._sectors = _sectors(below)
        _create("dm-delay", self._table(0))

    def delay(self, milliseconds: int) -> None:
        """Have every flush of the drive's cache, so every commit of the journal, take so long."""
        _setup("reload", _NAME, "--table", self._table(milliseconds))
        _setup("suspend", "--nolockfs", _NAME)
        _setup("resume", _NAME)

    def hang(self) -> None:
        """Let nothing through any longer."""
        _setup("suspend", "--nolockfs", "--noflush", _NAME)

    def recover(self) -> None:
        """Let through again all that has waited."""
        _setup("resume", _NAME)

    def _table(self, milliseconds: int) -> str:
        """Write the table of dm-delay: reads, writes and flushes, each with a delay."""
        below = self._below
        return f"0 {self._sectors} delay {below} 0 0 {below} 0 0 {below} 0 {milliseconds}"


class Logged(Device):
    """The disk *below*, with a *log* of its own (dm-log-writes), for tests/faults/power/log.py."""

    def __init__(self, below: str, log: str) -> None:
        super().__init__(_NODE)
        _create("dm-log-writes", f"0 {_sectors(below)} log-writes {below} {log}")

    def mark(self, text: str) -> None:
        """Write into the log what has happened now, at once: a program to do that is too slow."""
        message = struct.pack("=Q", 0) + f"mark {text}".encode() + b"\0"
        size = _DM_IOCTL.size + len(message)
        numbers = (4, 0, 0, size, _DM_IOCTL.size, 0, 0, 0, 0, 0, 0)
        request = bytearray(_DM_IOCTL.pack(*numbers, _NAME.encode(), b"") + message)
        with _CONTROL.open("rb") as control:
            fcntl.ioctl(control, _DM_TARGET_MSG, request)

    def close(self) -> None:
        """Write the log to its end; nothing is mounted any more."""
        _setup("remove", _NAME)


def _sectors(device: str) -> int:
    """Give the size of a disk."""
    command = ["blockdev", "--getsz", device]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _create(module: str, table: str) -> None:
    """Make a disk of a kind; the kernel's modules do not lie where modprobe would look for them."""
    release = os.uname().release
    library = _LIBRARY / "lib/modules"
    library.mkdir(parents=True, exist_ok=True)
    (library / release).symlink_to(MODULES / release)
    subprocess.run(["modprobe", "-d", str(_LIBRARY), module], check=True)
    _setup("create", _NAME, "--table", table)


def _setup(*arguments: str) -> None:
    """Change the disk; nobody but the kernel makes nodes here."""
    subprocess.run(["dmsetup", "--noudevsync", *arguments], check=True, stdout=subprocess.DEVNULL)
