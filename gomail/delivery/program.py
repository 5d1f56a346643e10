"""The delivery agent as a program: the command that starts it, and its environment."""

import os
import sys
from collections.abc import Mapping

from gomail.delivery.agent import FILESYSTEM

# What systemd says to the server.
_NOT_FOR_IT = {
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
}


def command(*, filesystem: bool = False) -> list[str]:
    """Give the command of the agent: this Python, and nothing that lies where we were started."""
    asked = [FILESYSTEM] if filesystem else []
    return [sys.executable, "-P", "-m", "gomail.delivery.agent", *asked]


def environment() -> Mapping[str, str]:
    """Give the agent's environment, in which it finds the modules that we have found."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_IT}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
