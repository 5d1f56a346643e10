"""
A disk inside the machine that can be made slow, or hang, while a file system is mounted on it.

It is made by the kernel's device mapper, and needs no more than a module of it.
"""

import os
import subprocess
from pathlib import Path

from tests.faults.power.machine import MODULES

_NODE = "/dev/dm-0"  # that of the only one
_NAME = "disk"
_LIBRARY = Path("/run/modules")


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
