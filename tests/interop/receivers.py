"""
Servers that receive, each on a port of 127.0.0.1, with the defaults of its Debian package.

Set is only what it takes to run one in a folder, to have it take mail for here.example from a
client that it does not trust, and to have it deliver nothing.
"""

import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from tests.interop.exim import Exim
from tests.interop.postfix import Postfix
from tests.interop.server import Gomail, wait_for
from tests.interop.software import end, needs, run
from tests.interop.stored import arrived
from tests.system.running import free_port

PROBE = b"EHLO client.example"


class Receiver(Protocol):
    """
    A server that receives.

    Attributes:
        name: what it is called.
        version: as it tells it itself, or as its package has it.
        port: where it listens.
        probe: a command whose reply has several lines there.
    """

    name: str
    version: str
    port: int
    probe: bytes

    def stored(self) -> set[str]:
        """Give the reverse-paths of all messages that it has taken."""

    def stop(self) -> None:
        """Stop it."""


class ReceivingGomail:
    """Ourselves; the client is one that we trust, since it comes from 127.0.0.1."""

    name = "gomail"
    probe = PROBE
    version = version("gomail")

    def __init__(self, folder: Path) -> None:
        self._gomail = Gomail(folder, ["--domain", "here.example", "--hostname", "mx.example.org"])
        self.port = self._gomail.port

    def stored(self) -> set[str]:
        """Look into the Maildir."""
        return {each.reverse_path for each in arrived(self._gomail.maildir)}

    def stop(self) -> None:
        """Stop it."""
        self._gomail.stop()


# The first lines are those of the package's main.cf; nothing in it or in its defaults says what
# ends content.
_MAIN = """\
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
readme_directory = no
compatibility_level = 3.6
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
recipient_delimiter = +
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
multi_instance_enable = no
myhostname = relay.example
mydestination = here.example
mynetworks = 192.0.2.0/24
local_recipient_maps =
local_transport = discard
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup    unix n - n -     0 cleanup
qmgr       unix n - n 300   1 qmgr
tlsmgr     unix - - n 1000? 1 tlsmgr
rewrite    unix - - n -     - trivial-rewrite
bounce     unix - - n -     0 bounce
defer      unix - - n -     0 bounce
trace      unix - - n -     0 bounce
proxymap   unix - - n -     - proxymap
discard    unix - - n -     - discard
anvil      unix - - n -     1 anvil
postlog    unix-dgram n - n - 1 postlogd
"""


class ReceivingPostfix(Postfix):
    """Debian's Postfix; what it has taken it throws away."""

    name = "Postfix"
    probe = PROBE
    main = _MAIN
    master = _MASTER

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        super().__init__(folder, self.port)
        self.version = run([needs("postconf"), "-dh", "mail_version"]).strip()
        self.start()

    def stored(self) -> set[str]:
        """Read its log, once the queue is empty."""
        wait_for("Postfix's queue to be empty", lambda: not self.queued())
        return set(re.findall(r"/qmgr\[\d+\]: \w+: from=<([^>]+)>", self.log))


# Debian's configuration sets nothing of what decides about the end of content.
_CONFIGURATION = """\
exim_path = {exim}
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = {folder}
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
primary_hostname = relay.example
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
keep_environment =
queue_only = true
acl_smtp_rcpt = accept domains = here.example
begin routers
here:
  driver = accept
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
"""


class ReceivingExim(Exim):
    """Debian's Exim; what it has taken stays in its queue."""

    name = "Exim"
    probe = PROBE
    configuration = _CONFIGURATION

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        super().__init__(folder, self.port)
        said = run([*self.command, "-bV"])
        self.version = said.split()[2]
        self._process = subprocess.Popen(
            [*self.command, "-bdf"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for("Exim to start", lambda: self.log("mainlog"))

    def stored(self) -> set[str]:
        """Read its log."""
        arrived = (re.search(r" <= (\S+) H=", line) for line in self.log("mainlog"))
        return {found[1] for found in arrived if found}

    def stop(self) -> None:
        """Stop it."""
        end(self._process)
