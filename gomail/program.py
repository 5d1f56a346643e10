"""This program, started again as another process of ours: its command and its environment."""

import os
import sys
from collections.abc import Mapping

# What systemd says to the server.
_NOT_FOR_IT = {
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
}


def can_start() -> bool:
    """Tell whether this is a Python that can be started again."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def command(module: str, *arguments: str) -> list[str]:
    """Give the command for a module: this Python, and nothing that lies where we were started."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> Mapping[str, str]:
    """Give an environment in which it finds the modules that we have found."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_IT}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
