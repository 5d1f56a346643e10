"""An Exim of our own: it queues what is handed to it, and a queue run relays it to one port."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.interop.server import wait_for
from tests.interop.software import needs, needs_user, run
from tests.interop.stored import Stored

_CONFIGURATION = """\
exim_path = {exim}
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = {folder}
log_file_path = {folder}/log/%slog
primary_hostname = relay.example
tls_advertise_hosts =
keep_environment =
message_size_limit = 60M
queue_only = true
# One process after the other, as many messages as there are through one connection.
remote_max_parallel = 1
begin routers
relay:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = gomail
begin transports
gomail:
  driver = smtp
  port = {port}
  allow_localhost = true
  max_rcpt = 1000
  hosts_try_dane =
begin retry
* * F,1h,1s
"""


def find_exim() -> str:
    """
    Give the path of Exim's program, or skip the test.

    It can't be installed beside Postfix, but it can be unpacked: GOMAIL_EXIM names the program, or
    the folder that the Debian package was unpacked into.
    """
    place = os.environ.get("GOMAIL_EXIM")
    if place is None:
        return needs("exim4")
    program = Path(place, "usr/sbin/exim4") if Path(place).is_dir() else Path(place)
    if not program.is_file():
        pytest.skip(f"there is no Exim at GOMAIL_EXIM={place}")
    return str(program)


class Exim:
    """
    An Exim whose configuration, queue and logs lie in a folder; only root can run it.

    Args:
        folder: where Debian-exim may look in; its own subfolder is made.
        port: of 127.0.0.1, where everything is relayed to.

    Attributes:
        configuration: with places for program, folder and port.
    """

    configuration = _CONFIGURATION

    def __init__(self, folder: Path, port: int) -> None:
        program = find_exim()
        owner = needs_user("Debian-exim")
        self._folder = folder / "exim"
        for each in (self._folder, self._folder / "log"):
            each.mkdir()
            shutil.chown(each, owner.pw_uid, owner.pw_gid)
        configuration = self._folder / "configuration"
        configuration.write_text(
            self.configuration.format(exim=program, folder=self._folder, port=port)
        )
        self.command = [program, "-C", str(configuration)]

    def queue(self, sender: str, *recipients: str, message: bytes) -> None:
        """Put a message into the queue."""
        run([*self.command, "-odq", "-i", "-f", sender, *recipients], feed=message)

    def run_queue(self) -> None:
        """Deliver all that is queued, and what it says of that; nothing may stay."""

        def done() -> bool:
            run([*self.command, "-qqff"])
            return not self.queued()

        wait_for("Exim's queue to be empty", done)
        # A process that has no rights any more reads our configuration: it is told, but goes on.
        panics = [line for line in self.log("paniclog") if "using -C option" not in line]
        assert not panics, "\n".join(panics + self.log("mainlog"))

    def queued(self) -> list[Path]:
        """Give the files of all messages that are still here."""
        return list((self._folder / "input").rglob("*-H"))

    def log(self, name: str) -> list[str]:
        """Give the lines of one of its logs."""
        path = self._folder / "log" / name
        return path.read_text(errors="replace").splitlines() if path.exists() else []


# What Exim itself puts on top of a message that was handed to it.
RECEIVED = re.compile(
    rb"Received: from root by relay\.example with local \(Exim [^\n]+\n(?:\t[^\n]+\n)+"
)


def handed_in(stored: Stored) -> bytes:
    """Give what Exim was fed with."""
    return stored.below(RECEIVED)
