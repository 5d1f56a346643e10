"""What measurements stand on: processes with their children, fresh folders, ranks."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from bench.measuring import Peak, Processes, fresh_folder, machine, pause, percentile
from tests.waiting import heard_out, said_by

BUSY = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
CHILD_THAT_ENDS = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])\n"
WAIT = "print(1, flush=True)\nsys.stdin.read()"


def test_cpu_of_ended_children_counts() -> None:
    """A server that has a process for each message does not look cheap."""
    command = [sys.executable, "-c", f"import sys\n{CHILD_THAT_ENDS}{WAIT}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        said_by(process, 1)
        assert Processes(process.pid).cpu() >= 0.3
        heard_out(process)


def test_memory_of_living_children_counts() -> None:
    """Memory is that of all processes."""
    child = f"import sys\nx = bytes(range(256)) * (1 << 17)\n{WAIT}"
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    command = [sys.executable, "-c", parent]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        said_by(process, 1)
        peak = Peak(Processes(process.pid))
        with peak.watched():
            pass
        assert 32 < peak.most < 200
        heard_out(process)


def test_dear_looks_are_rare() -> None:
    """A look at a hundred processes must not take from them what is measured."""
    assert pause(0.0) == pause(0.01) == 0.2
    assert pause(0.08) == pytest.approx(1.6)


def test_process_that_is_gone_has_nothing() -> None:
    """A server that has died is no fault of the one who looks."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        processes = Processes(process.pid)
        heard_out(process)
    assert processes.memory() == 0
    assert processes.cpu() == 0


def test_folder_is_never_one_that_was_used(tmp_path: Path) -> None:
    """Each start has a folder of its own, and nothing is removed for it."""
    first, second = (fresh_folder(tmp_path / "scratch", "gomail") for _ in range(2))
    assert first != second
    assert first.stat().st_mode & 0o777 == 0o755


def test_percentile_is_one_of_the_values() -> None:
    """Of a hundred values the 99th is the p99; of nothing there is none."""
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7.0], 0.99) == 7
    assert math.isnan(percentile([], 0.5))


def test_machine_is_described(tmp_path: Path) -> None:
    """A page says what was measured on, and not whose machine it is."""
    assert {"date", "processor", "cores", "memory", "kernel", "Python"} <= machine(tmp_path).keys()
