"""This program, started again as another process of ours: its command and its environment."""

import os
import site
import sys
from collections.abc import Mapping
from pathlib import Path

# What systemd says to the server, and one parent of workers to the next.
_NOT_FOR_IT = {
    "GOMAIL_INTERIM",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
}

_LIBRARY = Path(os.__file__).parent
# The paths that a Python finds by itself: another version has others. They are looked for now,
# while we are who could read them.
_PYTHONS_OWN = {
    *map(str, (_LIBRARY, _LIBRARY / "lib-dynload")),
    str(_LIBRARY.parent / f"python{sys.version_info.major}{sys.version_info.minor}.zip"),
    *site.getsitepackages(),
    *((site.getusersitepackages(),) if site.ENABLE_USER_SITE else ()),
}


def can_start() -> bool:
    """Tell whether this is a Python that can be started again."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def command(module: str, *arguments: str) -> list[str]:
    """Give the command for a module: this Python, and nothing that lies where we were started."""
    return [sys.executable, "-P", "-m", module, *arguments]


def how_it_ended(reason: BaseException | None) -> str:
    """Say for people how a process of ours has ended, of which Twisted gives the *reason*."""
    number = getattr(reason, "signal", None)
    status = getattr(reason, "exitCode", None)
    if number is not None:
        return f"ended by signal {number}"
    return str(reason) if status is None else f"exit status {status}"


def environment() -> Mapping[str, str]:
    """Give an environment in which it finds the modules that we have found."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_IT}
    paths = [path for path in sys.path if path and path not in _PYTHONS_OWN]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}
