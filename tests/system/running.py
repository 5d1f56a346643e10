"""Real servers for tests: processes started, watched, talked to, and ended by their pid."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.patience import PATIENCE

TWISTD = (str(Path(sys.executable).with_name("twistd")),)
GOMAIL = (sys.executable, "-m", "gomail.cli.main", "run")
ANY_PORT = ("--port", "tcp:0")
_LISTENS = re.compile(r"listens on .*?\]?:(\d+)")
_CODE_AT = slice(0, 3)


def until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is *true*, but not for ever."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def free_port(host: str = "127.0.0.1") -> int:
    """Give a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def patched(statements: str) -> tuple[str, ...]:
    """Give the command ``gomail run``, with some *statements* run before."""
    start = "import sys\nfrom gomail.cli.main import main\nmain(['run', *sys.argv[1:]])"
    return (sys.executable, "-c", f"{statements}\n{start}")


class Server:
    """
    One server in the foreground, working in *folder*.

    Args:
        folder: where it runs; its output goes to ``out`` and ``err`` there.
        arguments: after the command.
        command: `GOMAIL`, or what starts like it.
        environment: beside our own.
        output: where its standard output goes; a file of its own if absent.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        command: Sequence[str] = GOMAIL,
        environment: Mapping[str, str] | None = None,
        output: int | None = None,
    ) -> None:
        self.folder = folder
        self.began = time.monotonic()
        with (folder / "out").open("ab") as out, (folder / "err").open("ab") as err:
            self._before = out.tell()  # what another one has written
            self.process = subprocess.Popen(
                [*command, *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out if output is None else output,
                stderr=err,
                env={**os.environ, **(environment or {})},
            )

    @property
    def output(self) -> str:
        """Give what it wrote: the announcement, and the log where that goes to the terminal."""
        return (self.folder / "out").read_bytes()[self._before :].decode()

    @property
    def complaints(self) -> str:
        """Give what it wrote to its standard error."""
        return (self.folder / "err").read_text()

    @property
    def port(self) -> int:
        """Give the port that it announced."""
        found = _LISTENS.findall(self.output + self.complaints)
        assert found, self.output
        return int(found[-1])

    def started(self) -> Self:
        """Wait for the announcement, and then for a greeting."""
        until(
            lambda: (
                "stop it with" in self.output + self.complaints or self.process.poll() is not None
            ),
            "no announcement",
        )
        assert self.process.poll() is None, self.output + self.complaints
        self.connect().quit()
        return self

    def connect(self, host: str = "127.0.0.1") -> "Client":
        """Connect a client, which has heard the greeting."""
        return Client.connect(self.port, host)

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for its end, and give the exit code."""
        return self.process.wait(seconds)

    def stopped(self) -> int:
        """Stop it, and give the exit code."""
        self.tell(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """End it for certain."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def logged(self, text: str) -> None:
        """Wait until the log, which goes to the terminal, tells something, or nothing any more."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.output:
            over = self.process.poll() is not None or time.monotonic() > deadline
            assert not over or text in self.output, (
                f"{text!r} is not in {self.output!r}, and {self.complaints!r} was complained of"
            )
            time.sleep(0.01)

    def messages(self) -> list[bytes]:
        """Give what is in ``new/`` of its Maildir."""
        return stored(self.folder / "Maildir")


def stored(maildir: Path) -> list[bytes]:
    """Give the messages that a mail reader finds in ``new/``."""
    return [path.read_bytes() for path in (maildir / "new").iterdir()]


class Client:
    """A client that speaks line by line, and waits for each reply; *connection* is its socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.settimeout(PATIENCE)
        self._unread = b""
        self.greeting = self.hear()

    @classmethod
    def connect(cls, port: int, host: str = "127.0.0.1") -> Self:
        """Connect by TCP, as soon as somebody listens."""
        place = f"{host} port {port}"
        return cls._connect(place, lambda: socket.create_connection((host, port), PATIENCE))

    @classmethod
    def connect_unix(cls, path: Path) -> Self:
        """Connect to a unix socket, as soon as somebody listens: it is there before."""

        def connect() -> socket.socket:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(PATIENCE)  # it may be one too many to wait in line
            try:
                connection.connect(str(path))
            except OSError:
                connection.close()
                raise
            return connection

        return cls._connect(str(path), connect)

    @classmethod
    def _connect(cls, place: str, connect: Callable[[], socket.socket]) -> Self:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return cls(connect())
            except (ConnectionRefusedError, FileNotFoundError):
                assert time.monotonic() < deadline, f"nobody listens on {place}"
                time.sleep(0.005)

    def __del__(self) -> None:
        """Hang up with the test that has called."""
        self.connection.close()

    def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self.connection.sendall(octets)

    def hear(self) -> str:
        """Give the next reply, its lines parted by LF; nothing if the connection is closed."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            while b"\r\n" not in self._unread:
                octets = self.connection.recv(65536)
                if not octets:
                    return ""
                self._unread += octets
            line, _, self._unread = self._unread.partition(b"\r\n")
            lines.append(line.decode("ascii"))
        return "\n".join(lines)

    def say(self, line: str | bytes) -> str:
        """Say a line, and give the reply."""
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.hear()

    def begin(self, *recipients: str, sender: str = "me@client.example") -> "Client":
        """Say everything up to DATA."""
        self.say("EHLO client.example")
        self.say(f"MAIL FROM:<{sender}>")
        for recipient in recipients or ("you@localhost",):
            self.say(f"RCPT TO:<{recipient}>")
        reply = self.say("DATA")
        assert reply[_CODE_AT] == "354", reply
        return self

    def mail(self, text: str = "Hello", *recipients: str) -> str:
        """Give a message with the subject *text*, and give the reply."""
        self.begin(*recipients)
        return self.say(f"Subject: {text}\r\n\r\n{text}\r\n.")

    def quit(self) -> None:
        """Say good-bye."""
        self.say("QUIT")
        self.connection.close()
