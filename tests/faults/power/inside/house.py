"""gomail inside the machine: the real command, with a configuration of its own."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.faults.client import Session
from tests.faults.power.inside.mapper import Device
from tests.patience import PATIENCE

PORT = 2525
FOLDER = Path("/run/gomail")
TWISTD = Path(sys.executable).with_name("twistd")
_CONFIGURATION = """\
hostname = "mx.here.example"
maildir = "{disk}/mail/{{mailbox}}"
state = "/run/gomail/state"
storing = "{storing}"
sync = "{sync}"

[[listener]]
endpoint = "tcp:{port}:interface=127.0.0.1"
tls = "off"

[domains."here.example"]
mailboxes = ["alice", "bob"]
"""

Tell = Callable[..., None]  # an event, and what belongs to it


class House:
    """
    A server that runs on the disk of this machine.

    Args:
        disk: where that is mounted.
        order: ``storing`` and ``sync`` as the configuration has them, and ``changes``: what the
            server does otherwise than gomail, by name.
        tell: tells an event.
        device: the disk itself.
    """

    def __init__(
        self,
        disk: Path,
        order: Mapping[str, Any],
        tell: Tell,
        device: Device,
    ) -> None:
        self.tell = tell
        self.device = device
        self._agent = order["storing"] == "process"
        (disk / "mail").mkdir(exist_ok=True)
        FOLDER.mkdir()
        configuration = FOLDER / "gomail.toml"
        configuration.write_text(
            _CONFIGURATION.format(
                disk=disk, storing=order["storing"], sync=order["sync"], port=PORT
            )
        )
        options = ["--nodaemon", "--pidfile=", "gomail", "--config", str(configuration)]
        self.process = subprocess.Popen(
            [*_program(order["changes"]), *options], cwd=FOLDER, stdout=sys.stderr
        )
        self._wait()

    def _wait(self) -> None:
        """Wait until it greets."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.connect().close()
            except OSError:
                assert self.process.poll() is None, "the server has not started"
                assert time.monotonic() < deadline, "nobody listens"
                time.sleep(0.02)
            else:
                return

    def connect(self) -> Session:
        """Open a session that has said EHLO."""
        return Session(PORT)

    def stored_as_asked(self, name: str) -> bool:
        """
        Tell by its name whether who stored a message is who ought to.

        While the delivery agent starts, the server stores without it.
        """
        return not self._agent or f"P{self.process.pid}Q" not in name


def _program(changes: list[str]) -> list[str]:
    """Give the command of gomail; or of one that does something else, by name."""
    if not changes:
        return [sys.executable, str(TWISTD)]
    return [sys.executable, "-m", "tests.faults.power.inside.changed", ",".join(changes)]
