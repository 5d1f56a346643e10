"""
gomail as it ships, and five others that share all of it but one thing.

``gomail-null`` drops content instead of storing it; ``gomail-unsynced`` stores without fsync, so
that the price of durability can be told; ``gomail-workers`` has two workers; ``gomail-filesystem``
has ``sync = "filesystem"``, where gomail knows that; ``gomail-slow-disk`` waits a second for each
fsync. All else is the default configuration: limits, log, TLS offered.

127.0.0.1 is among the trusted networks of the default, so that limits of strangers and the wait for
early talkers play no role; with `Setting.strangers` nobody is trusted.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from bench.measuring import module
from bench.peers.peer import DOMAIN, HOSTNAME, Peer, Setting

SLOW = 1.0  # seconds that each fsync takes on a slow disk
_TWISTD = ("--nodaemon", "--pidfile=", "--logfile=log", "gomail")
_EXAMPLE = Path(__file__).resolve().parents[2] / "gomail/gomail.example.toml"


class Gomail(Peer):
    """gomail as it ships."""

    name = "gomail"
    keeps = "durable"
    what = "writes, fsyncs, links, fsyncs the folder"
    way: ClassVar[str] = "plain"  # of `bench.serving.gomail_server`
    lines: ClassVar[Sequence[str]] = ()  # of the configuration file, before its tables
    checks: ClassVar[Sequence[str]] = ("enabled = false",)  # strangers would be asked about in DNS

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Give options where they say enough, else a file."""
        endpoint = f"tcp:{port}:interface=127.0.0.1"
        command = [*module("bench.serving.gomail_server", self.way), *_TWISTD]
        lines = [*self.lines, *_lines(setting)]
        if not lines:
            options = ("--port", endpoint, "--hostname", HOSTNAME, "--domain", DOMAIN)
            return [*command, *options]
        maildir = "Maildir/{domain}/{mailbox}" if setting.mailboxes > 1 else "Maildir"
        lines = [f'hostname = "{HOSTNAME}"', f'maildir = "{maildir}"', *lines]
        text = "\n".join([*lines, "[checks]", *self.checks, *_tables(endpoint, setting)])
        (folder / "gomail.toml").write_text(text + "\n")
        (folder / "Maildir").mkdir(mode=0o700)
        return [*command, "--config", str(folder / "gomail.toml")]

    def new_folders(self, folder: Path) -> list[Path]:
        """Give that of the Maildir, or of all Maildirs."""
        if self.keeps == "nothing":
            return []
        only = folder / "Maildir/new"
        return [only] if only.exists() else sorted((folder / "Maildir").glob("*/*/new"))


class GomailNull(Gomail):
    """gomail that keeps nothing."""

    name = "gomail-null"
    keeps = "nothing"
    what = "the same dialogue before a delivery that keeps nothing"
    way = "null"


class GomailUnsynced(Gomail):
    """gomail without durability."""

    name = "gomail-unsynced"
    keeps = "stored"
    what = "the same, but no fsync is made"
    way = "unsynced"

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Have Debian's eatmydata swallow what is synced, else our own launcher."""
        command = super().prepare(folder, port, setting)
        eatmydata = shutil.which("eatmydata")
        if eatmydata is None:
            return command
        return [eatmydata, *(part if part != self.way else "plain" for part in command)]


class GomailWorkers(Gomail):
    """gomail with two workers."""

    name = "gomail-workers"
    what = "the same, with two processes that serve the port"
    lines = ("workers = 2",)


class GomailSlowDisk(Gomail):
    """gomail on a disk that takes its time."""

    name = "gomail-slow-disk"
    what = f"the same, and each fsync takes {SLOW:g} s: strace has it wait"

    def missing(self) -> str | None:
        """See whether there is strace."""
        return None if shutil.which("strace") else "strace is not installed"

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Have strace stop the calls that wait for the disk, and no others."""
        wait = f"fsync,fdatasync,syncfs:delay_enter={SLOW * 1_000_000:.0f}"
        options = ("--follow-forks", "--seccomp-bpf", "--quiet=all", "--output=/dev/null")
        traced = ("--trace=fsync,fdatasync,syncfs", f"--inject={wait}")
        return ["strace", *options, *traced, *super().prepare(folder, port, setting)]

    def end(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        """Ask gomail, whom strace outlives by a moment: it passes on no signal."""
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        for child in children.split():
            os.kill(int(child), signal.SIGTERM)


class GomailFilesystem(Gomail):
    """gomail with one syncfs for each batch."""

    name = "gomail-filesystem"
    what = "one syncfs a batch instead of an fsync a file"
    lines = ('sync = "filesystem"',)

    def missing(self) -> str | None:
        """See whether gomail knows the option."""
        lines = _EXAMPLE.read_text().splitlines()
        if any(line.lstrip("# ").startswith("sync =") for line in lines):
            return None
        return 'this gomail has no sync = "filesystem"'


def _lines(setting: Setting) -> list[str]:
    """Say what comes before all tables; nothing where no file is needed."""
    if setting.strangers:
        return ["trusted = []"]
    return ["# what the measurement needs"] if setting != Setting() else []


def _tables(endpoint: str, setting: Setting) -> list[str]:
    """Write the tables of a configuration file."""
    tables = ["[[listener]]", f'endpoint = "{endpoint}"', "[limits]"]
    if setting.sessions:
        tables.append(f"sessions = {setting.sessions}")
    if setting.strangers:
        tables += ["sessions-per-address = 100000", "sessions-per-network = 100000"]
    tables.append(f'[domains."{DOMAIN}"]')
    if setting.mailboxes > 1:
        names = ['"inbox"', *(f'"{number}inbox"' for number in range(1, setting.mailboxes + 1))]
        tables += [f"mailboxes = [{', '.join(names)}]"]
    return tables
