"""
A machine of our own as far as gomail can tell: its own network, with public addresses, and mounts.

Linux gives namespaces to threads, too: whatever is done, started or asked in this one's is in them,
and the rest of the tests is not (unshare(2)).
"""

import ctypes
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from click.testing import CliRunner

from gomail.cli.main import main
from tests.interop.server import Gomail
from tests.interop.software import end, needs, needs_user, run
from tests.patience import PATIENCE
from tests.system.dns import DNS
from tests.waiting import within

IPV4, IPV6 = "5.9.1.1", "2a01:4f8::1"
NAME = "mx.example.org"
SETTINGS = """\
hostname = "{name}"
maildir = "Maildir"
state = "state"
{top}
[domains."example.org"]
mailboxes = ["joe"]
[checks]
resolvers = ["{resolver}"]
[[listener]]
endpoint = "tcp:{port}"
{more}
"""
_NEWNET, _NEWNS = 0x40000000, 0x00020000  # CLONE_…, as Python has them since 3.12

P = ParamSpec("P")
T = TypeVar("T")


class Host:
    """The machine; only root can have one."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="host")
        self._programs = needs("ip"), needs("mount")
        self.do(_part)
        self.mount("--make-rprivate", "/")
        # Nothing of what is running on the real machine is to be seen; and the clock is right.
        self.mount("-t", "tmpfs", "run", "/run")
        self.do(_keep_the_clock)
        self.ip("link", "set", "lo", "up")
        # Not every kernel has other interfaces to give away.
        self.ip("address", "add", f"{IPV4}/32", "dev", "lo")
        self.ip("address", "add", f"{IPV6}/128", "dev", "lo")

    def do(self, function: Callable[P, T], *words: P.args, **named: P.kwargs) -> T:
        """Do something there."""
        return self._thread.submit(function, *words, **named).result(3 * PATIENCE)

    def run(self, name: str, *words: str | Path) -> str:
        """Run a program there, which must succeed, and give what it says."""
        return self.do(run, [needs(name), *words])

    def ip(self, *words: str) -> None:
        """Set up the network."""
        self.do(run, [self._programs[0], *words])

    def mount(self, *words: str) -> None:
        """Mount something, that nobody else sees."""
        self.do(run, [self._programs[1], *words])

    def unmount(self, path: Path) -> None:
        """Take away what was mounted."""
        self.run("umount", "--lazy", path)

    def ask(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Ask the doctor there; give the status, and what is told."""
        done = self.do(CliRunner().invoke, main, ["doctor", "--json", *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, json.loads(done.stdout)

    def stop(self) -> None:
        """Let go of it; it is gone with the last of its processes."""
        within(self._thread.shutdown, "the end of what is done on the host")


class Machine:
    """A host with everything as it should be: a server, a resolver, a Maildir and its reader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = needs_user("nobody")
        os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        folder.chmod(0o755)
        self.host = Host()
        self.dns = self.host.do(DNS, ". 300 IN NS ns.example.\n")
        self.dns.__enter__()
        self.file = folder / "gomail.toml"
        self.configure()
        self.gomail = self.start()

    def configure(self, **words: str) -> None:
        """Write the configuration, with something else in it; the server goes on as it is."""
        resolver = f"127.0.0.1:{self.dns.port}"
        usual = {"name": NAME, "top": "", "resolver": resolver, "port": "25", "more": ""}
        self.file.write_text(SETTINGS.format(**{**usual, **words}))

    def start(self, within: tuple[str, ...] = (), *, root: bool = False) -> Gomail:
        """Start the server, as root, which becomes somebody else."""
        twistd = ["--uid", str(self.user.pw_uid), "--gid", str(self.user.pw_gid)]
        text = self.file.read_text()
        return self.host.do(
            Gomail, self.folder, twistd=[] if root else twistd, settings=text, within=within
        )

    @contextmanager
    def without_server(self) -> Iterator[None]:
        """Have none for a while."""
        end(self.gomail._process)
        try:
            yield
        finally:
            if self.gomail._process.poll() is None:
                end(self.gomail._process)
            self.configure()
            self.gomail = self.start()

    @property
    def maildir(self) -> Path:
        """The Maildir."""
        return self.folder / "Maildir"

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.gomail._process.pid

    def ask(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Ask the doctor about everything but DNS."""
        return self.host.ask("--config", str(self.file), *(options or ("--no-dns",)))

    def codes(self) -> list[str]:
        """Give the codes of what is wrong."""
        status, told = self.ask()
        found = [each["code"] for each in told["findings"]]
        assert status == (1 if found else 0)
        return found

    def stop(self) -> None:
        """Stop everything."""
        if self.gomail._process.poll() is None:
            end(self.gomail._process)
        self.host.do(self.dns.__exit__)
        self.host.stop()


def _part() -> None:
    """Part this thread from the machine."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWNET | _NEWNS):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")


def _keep_the_clock() -> None:
    """Say what systemd-timesyncd says of a clock that it keeps."""
    path = Path("/run/systemd/timesync/synchronized")
    path.parent.mkdir(parents=True)
    path.touch()


@contextmanager
def rules(machine: Machine, lines: list[str]) -> Iterator[None]:
    """Have rules of nftables in a table ``inet t`` for a while."""
    machine.host.run("nft", "; ".join(["add table inet t", *lines]))
    try:
        yield
    finally:
        machine.host.run("nft", "delete table inet t")
