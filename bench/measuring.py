"""
What every measurement needs: a fresh folder, a free port, a server's processes, the machine.

Shared by all benchmarks here and in folders of this one. Nothing in it knows gomail or any other
server. Processes are looked at through psutil: CPU seconds are those of a process with all below
it, the ones that have ended too; memory is PSS, in which shared pages count once.
"""

import math
import os
import platform
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024
_SAMPLE = 0.2  # seconds between two looks at memory, at least
_SHARE = 0.05  # of a processor that the looks take, at most: the load is there, too


def fresh_folder(scratch: Path, name: str) -> Path:
    """
    Make a folder that nobody had before, and where ext4 begins in a group of its own.

    ext4 looks at recently deleted inodes one by one when it makes a file: so nothing small is ever
    deleted here, and no measurement begins where another one was.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    _spread(scratch)
    number = 0
    while True:
        folder = scratch / f"{name}.{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            continue
        folder.chmod(0o755)  # servers that drop their rights look in
        _spread(folder)
        return folder


def _spread(folder: Path) -> None:
    """Have ext4 take the folders in this one for unrelated; other file systems don't know it."""
    with suppress(OSError):
        subprocess.run(["chattr", "+T", str(folder)], capture_output=True, check=False)


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens on, and nobody's TIME_WAIT is left of."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is *true*; tell whether it came to that in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def greets(port: int) -> bool:
    """Tell whether an SMTP server greets on a port of 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.settimeout(5)
            greeting = connection.recv(512)
            connection.sendall(b"QUIT\r\n")
            connection.recv(512)
            return greeting.startswith(b"220")
    except OSError:
        return False


class Processes:
    """A process and all below it."""

    def __init__(self, pid: int) -> None:
        self._first = psutil.Process(pid)

    def all(self) -> list[Any]:
        """Give those that live."""
        with suppress(psutil.NoSuchProcess):
            return [self._first, *self._first.children(recursive=True)]
        return []

    def cpu(self) -> float:
        """Give the CPU seconds that they and those before them have taken."""
        total = 0.0
        for process in self.all():
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])  # user, system, and both of ended children
        return total

    def memory(self) -> float:
        """Give the MiB (PSS) that they hold."""
        total = 0
        for process in self.all():
            with suppress(psutil.Error):
                total += process.memory_full_info().pss
        return total / MIB


def pause(cost: float) -> float:
    """
    Give the seconds until the next look at memory: a server of many processes is not held up by it.

    Args:
        cost: CPU seconds of the last look: half a millisecond or more for each process.
    """
    return max(_SAMPLE, cost / _SHARE)


class Peak:
    """The most memory that processes held while this was watching, in MiB."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._over = threading.Event()
        self.most = 0.0

    @contextmanager
    def watched(self) -> Iterator["Peak"]:
        """Look some times a second until the block ends."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()
            self._look()

    def _watch(self) -> None:
        seconds = _SAMPLE
        while not self._over.wait(seconds):
            before = time.thread_time()
            self._look()
            seconds = pause(time.thread_time() - before)

    def _look(self) -> None:
        self.most = max(self.most, self._processes.memory())


def module(name: str, *arguments: object) -> list[str]:
    """Give the command that runs a module of this checkout."""
    return [sys.executable, "-m", name, *map(str, arguments)]


def environment() -> dict[str, str]:
    """Give an environment in which modules of this checkout are found from any folder."""
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}" if path else str(ROOT)}


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that a *share* of all are not above (nearest rank)."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median(values: Sequence[float]) -> float:
    """Give the median, or NaN of nothing."""
    return statistics.median(values) if values else math.nan


def machine(folder: Path) -> dict[str, str]:
    """Say what was measured on: the machine in general terms, its software, the disk's type."""
    memory = psutil.virtual_memory().total / MIB / 1024
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "file system": _file_system(folder),
        "Python": platform.python_version(),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    """Give the model that the kernel knows."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """Give the type of the file system that *folder* is on."""
    path = folder.resolve()
    mounts: dict[str, str] = {
        each.mountpoint: each.fstype for each in psutil.disk_partitions(all=True)
    }
    for each in (path, *path.parents):
        if str(each) in mounts:
            return mounts[str(each)]
    return "unknown"
