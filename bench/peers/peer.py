"""
What every server's adapter has, and how a server is started, found listening, and ended.

An adapter writes its configuration into a fresh folder and gives a command. Only processes that
were started here are ever ended, each by its pid.
"""

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.measuring import Processes, environment, free_port, fresh_folder, greets, until

DOMAIN = "bench.example"
HOSTNAME = "mx.bench.example"
SIZE = 60_000_000  # octets of a message that every peer takes
_PATIENCE = 30.0  # seconds for a start, and for an end


@dataclass(frozen=True, slots=True)
class Setting:
    """
    What a server is told beyond its defaults, since a measurement needs it.

    Attributes:
        mailboxes: how many there are: ``1inbox`` and its like, and ``inbox``; 1 takes every
            local-part.
        sessions: that it must be able to hold.
        strangers: whether clients of this machine are treated as those from outside.
    """

    mailboxes: int = 1
    sessions: int = 0
    strangers: bool = False


DEFAULTS = Setting()


class Missing(Exception):
    """A server can't be measured here: its text is the line that says why."""


class Peer(ABC):
    """One server, in one way to run it."""

    name: ClassVar[str]
    keeps: ClassVar[str]  # "durable", "stored" (without fsync) or "nothing"
    what: ClassVar[str]  # it does before its 250
    copy_a_recipient: ClassVar[bool] = False  # of one mailbox, that is
    rewrites: ClassVar[bool] = False  # messages, so that they can only be counted
    examines: ClassVar[bool] = False  # who has sent a message, and tells it on top of that
    most_idle: ClassVar[int] = 1_000_000  # sessions; less where each is a process

    def missing(self) -> str | None:
        """Say why it can't be measured here, if so."""
        return None

    @abstractmethod
    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Write its configuration into *folder*, and give the command; it stays in front."""

    def new_folders(self, folder: Path) -> list[Path]:
        """Give the folders where its stored messages appear, if it stores any."""
        return [] if self.keeps == "nothing" else [folder / "Maildir/new"]

    def end(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        """Ask it to end."""
        process.terminate()


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs."""

    peer: Peer
    port: int
    folder: Path
    processes: Processes
    setting: Setting = DEFAULTS

    def stored(self) -> list[Path]:
        """Give the files of all messages that are stored."""
        folders = self.peer.new_folders(self.folder)
        return [path for new in folders if new.exists() for path in new.iterdir()]

    def copies(self, messages: int, recipients: int) -> int:
        """Give how many files come of messages with so many recipients."""
        each_has_one = self.peer.copy_a_recipient or self.setting.mailboxes > 1
        return messages * (recipients if each_has_one else 1)


@contextmanager
def running(peer: Peer, scratch: Path, setting: Setting = DEFAULTS) -> Iterator[Running]:
    """
    Start a server in a fresh folder, and end it.

    Raises:
        Missing: it did not start.
    """
    folder, port = fresh_folder(scratch, peer.name), free_port()
    command = peer.prepare(folder, port, setting)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment(), "XDG_STATE_HOME": str(folder)},  # for gomail's certificate
        )
    try:
        if not until(lambda: process.poll() is not None or greets(port), _PATIENCE):
            raise Missing(f"it does not greet; see {folder}/output")
        if process.poll() is not None:
            raise Missing(f"it did not start: {_last_line(folder / 'output')}")
        yield Running(peer, port, folder, Processes(process.pid), setting)
    finally:
        if process.poll() is None:
            peer.end(folder, process)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
        if process.poll() is None:
            process.kill()
            process.wait()


def _last_line(path: Path) -> str:
    """Give the last line that a server has written."""
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "without a word"
