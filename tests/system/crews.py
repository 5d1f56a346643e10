"""Servers with workers, for tests: how many there are, and which processes they are."""

import re
from pathlib import Path

from tests.system.running import Server, runs

WORKERS = 2
_SERVES = re.compile(r"worker (\d+) serves \(pid (\d+)\)")


def pids(server: Server) -> dict[str, int]:
    """Give the process of each worker that serves: the last one of its number."""
    serving = {number: int(pid) for number, pid in _SERVES.findall(server.output)}
    return {number: pid for number, pid in serving.items() if runs(pid)}


def configuration(tmp_path: Path, text: str) -> tuple[str, str]:
    """Write a file, and give the option that names it."""
    path = tmp_path / "gomail.toml"
    path.write_text(text)
    return "--config", str(path)
