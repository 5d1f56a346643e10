"""
The first process inside the machine: furnishes it, starts gomail, and does what it is told to.

It tells what it sees by its standard output, an event a line: at the moment when a 250 is read, the
receipt. When it ends, so does the machine.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.power.inside import load, stalls, written
from tests.faults.power.inside.house import House, Tell
from tests.faults.power.inside.mapper import Delayed, Device, Logged

DEVICE = "/dev/ubda"
LOG = "/dev/ubdb"
DISK = Path("/run/disk")
_SIOCSIFFLAGS = 0x8914  # netdevice(7)
_UP = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
LONGEST = 1200.0  # seconds, behind which nobody can be listening any more
_telling = threading.Lock()

SCENARIOS: dict[str, Callable[[House, dict[str, Any]], None]] = {
    "load": load.under_load,
    "lone": load.alone,
    "slow": stalls.slow,
    "hung": stalls.hung,
    "written": written.one_by_one,
}


def tell(event: str, **what: object) -> None:
    """Tell what happened, before anything else happens."""
    line = json.dumps({"event": event, **what}).encode() + b"\n"
    with _telling:
        while line:
            line = line[os.write(1, line) :]


def main(path: str) -> None:
    """Do what the order in a file says."""
    order = json.loads(Path(path).read_text())
    end = threading.Timer(LONGEST, os._exit, [1])
    end.daemon = True
    end.start()
    try:
        connect_loopback()
        device, tell_it = furnish(order["disk"])
        mount(device.node, order["commit"])
        SCENARIOS[order["scenario"]](House(DISK, order, tell_it, device), order)
    except BaseException:
        tell("fault", why=traceback.format_exc())
        raise


def furnish(kind: str) -> tuple[Device, Tell]:
    """Make the disk of a kind; give it, and how events are told: a log hears of receipts first."""
    if kind == "delayed":
        return Delayed(DEVICE), tell
    if kind == "logged":
        logged = Logged(DEVICE, LOG)

        def marked(event: str, **what: object) -> None:
            if event == "receipt":
                logged.mark(str(what["name"]))
            tell(event, **what)

        return logged, marked
    return Device(DEVICE), tell


def connect_loopback() -> None:
    """Bring 127.0.0.1 up."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP))


def mount(device: str, commit: int) -> None:
    """Mount the disk, whose journal is committed every *commit* seconds by itself."""
    DISK.mkdir()
    command = ["mount", "-t", "ext4", "-o", f"commit={commit}", device, str(DISK)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
