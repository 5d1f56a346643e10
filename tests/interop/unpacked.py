"""
Servers whose Debian packages were unpacked into a folder, and not installed.

They see files of their own in the place of the system's: everything is in a mount namespace, which
ends with them. Names are looked up at 127.0.0.1, where nobody answers. Only root can run them.
"""

import re
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.interop.receivers import PROBE
from tests.interop.server import wait_for
from tests.interop.software import end, needs, run
from tests.patience import PATIENCE
from tests.system.running import free_port

_RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"


class Unpacked:
    """
    A server in a mount namespace.

    Args:
        folder: its files lie there; all users may enter it.
        package: where it was unpacked.

    Attributes:
        port: where it listens.
    """

    def __init__(self, folder: Path, package: Path, name: str) -> None:
        self.port = free_port()
        self.package = package
        self.folder = folder / name
        self.folder.mkdir()
        self.version = package.name.partition("_")[2]
        self._process: subprocess.Popen[bytes] | None = None
        self._output = self.folder / "output"

    @property
    def output(self) -> str:
        """What it has written."""
        return self._output.read_text(errors="replace")

    def start(self, places: str, command: str) -> None:
        """Start it behind mounts that the shell lines *places* make; wait until it greets."""
        (self.folder / "resolv.conf").write_text(_RESOLVER)
        script = (
            f"set -e\nmount --bind {self.folder}/resolv.conf /etc/resolv.conf\n"
            f"{places}\nexec {command}\n"
        )
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [needs("unshare"), "--mount", "--propagation", "private", "sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(f"{command} to greet", self._greets)
        except BaseException:
            self.stop()
            raise

    def _greets(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.output
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection,
        ):
            return connection.recv(3) == b"220"
        return False

    def stop(self) -> None:
        """Stop it."""
        assert self._process is not None
        end(self._process)


_SMTPD = """\
listen on 127.0.0.1 port {port} hostname relay.example
action "keep" relay host smtp://127.0.0.1:1
match from any for domain "here.example" action "keep"
"""

# Its paths and users are built in.
_PLACES = """\
cp /etc/passwd {folder}/passwd
cp /etc/group {folder}/group
echo 'opensmtpd:x:64901:64901::/var/lib/opensmtpd/empty:/usr/sbin/nologin' >> {folder}/passwd
echo 'opensmtpq:x:64902:64902::/var/lib/opensmtpd/empty:/usr/sbin/nologin' >> {folder}/passwd
echo 'opensmtpd:x:64901:' >> {folder}/group
echo 'opensmtpq:x:64902:' >> {folder}/group
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/group /etc/group
for each in /var/spool /var/lib /run; do mount -t tmpfs none $each; done
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
"""


class OpenSMTPD(Unpacked):
    """What it has taken stays in its queue, which is in memory."""

    name = "OpenSMTPD"
    probe = b"HELP"  # it takes no second EHLO

    def __init__(self, folder: Path, package: Path) -> None:
        super().__init__(folder, package, "opensmtpd")
        configuration = self.folder / "smtpd.conf"
        configuration.write_text(_SMTPD.format(port=self.port))
        command = f"{package}/usr/sbin/smtpd -d -f {configuration}"
        self.start(_PLACES.format(folder=self.folder), command)

    def stored(self) -> set[str]:
        """Read its log."""
        return set(re.findall(r"smtp envelope evpid=\w+ from=<([^>]+)>", self.output))


_CHASQUID = """\
hostname: "relay.example"
smtp_address: "127.0.0.1:{port}"
submission_address: "127.0.0.1:{more}"
submission_over_tls_address: "127.0.0.1:{most}"
data_dir: "{folder}/data"
mail_log_path: "<stderr>"
"""


class Chasquid(Unpacked):
    """What it has taken it pipes to ``true``."""

    name = "chasquid"
    probe = PROBE

    def __init__(self, folder: Path, package: Path) -> None:
        super().__init__(folder, package, "chasquid")
        domain, certificate = self.folder / "domains/here.example", self.folder / "certs/relay"
        for each in (domain, certificate, self.folder / "data"):
            each.mkdir(parents=True)
        (domain / "aliases").write_text("b: | true\n")
        ports = {"port": self.port, "more": free_port(), "most": free_port()}
        (self.folder / "chasquid.conf").write_text(_CHASQUID.format(folder=self.folder, **ports))
        options = "-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=relay.example"
        key, chain = certificate / "privkey.pem", certificate / "fullchain.pem"
        run([needs("openssl"), "req", *options.split(), "-keyout", str(key), "-out", str(chain)])
        command = f"{package}/usr/bin/chasquid -config_dir {self.folder} -logtime -alsologtostderr"
        self.start("", command)

    def stored(self) -> set[str]:
        """Read its log."""
        return set(re.findall(r"from=(\S+) queued", self.output))
