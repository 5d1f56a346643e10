"""A real inbox in a process of its own, and who asks it as a browser does, octet by octet."""

import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlencode

from tests.patience import PATIENCE
from tests.system.running import Server, until

GOMAIL_INBOX = (sys.executable, "-m", "gomail.cli.main", "inbox")
_TOKEN = re.compile(r'(?:name="token" value|data-token)="([0-9a-f]+)"')
_KEY = re.compile(r'data-key="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer."""

    status: int
    fields: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Give the body as text."""
        return self.body.decode()

    @property
    def token(self) -> str:
        """Give the token in the page."""
        return _TOKEN.findall(self.text)[0]

    @property
    def keys(self) -> list[str]:
        """Give the keys of the messages that are listed."""
        return [each for each in _KEY.findall(self.text) if each]


class Inbox:
    """
    An inbox on any free port, until it is killed.

    Args:
        folder: where it runs, with a Maildir.
        options: of it.
        listen: where, if that matters.
        command: `GOMAIL_INBOX`, or what starts like it.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        listen: str = "",
        command: Sequence[str] = GOMAIL_INBOX,
    ) -> None:
        self.folder = folder
        listen = listen or "tcp:0:interface=127.0.0.1"
        told = ["--maildir", str(folder / "Maildir"), "--listen", listen, *options]
        self.server = Server(folder, *told, command=command, environment=home(folder))
        try:
            self.server.logged("starting up")
        except BaseException:
            self.server.kill()
            raise
        self.cookie = ""

    @property
    def port(self) -> int:
        """Give its port."""
        return int(re.findall(r"listens on +http://\S+:(\d+)/", self.server.output)[0])

    @property
    def address(self) -> str:
        """Give the address of its list."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        fields: Mapping[str, str] | None = None,
        **more: str,
    ) -> Seen:
        """Ask for a page, or send a form."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        sent = {name.replace("_", "-"): value for name, value in more.items()}
        sent.update(fields or {})
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        body = None
        if form is not None:
            body = urlencode(form)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request(method if form is None else "POST", path, body, sent)
        answer = connection.getresponse()
        seen = Seen(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        connection.close()
        return seen

    def log_in(self, password: str, fields: Mapping[str, str] | None = None) -> str:
        """Say a password; give the cookie, or nothing."""
        form = {"token": self.ask("/login").token, "password": password}
        return self.ask("/login", form, fields=fields).fields.get("set-cookie", "")

    def find(self, subject: str) -> str:
        """Give the key of a message, as soon as it is found by its subject."""
        found: list[str] = []

        def look() -> bool:
            found[:] = self.ask(f"/?q={quote(subject)}").keys
            return len(found) == 1

        until(look, f"{subject} is found")
        return found[0]

    def connect(self) -> socket.socket:
        """Connect, and say nothing yet."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def raw(self, octets: bytes) -> bytes:
        """Send octets, and give all that comes until the other side ends."""
        with self.connect() as connection:
            connection.sendall(octets)
            return hear_out(connection)

    def kill(self) -> None:
        """End it."""
        self.server.kill()

    def __enter__(self) -> Self:
        """Give it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.kill()


def home(folder: Path) -> dict[str, str]:
    """Give the environment of somebody whose home that is."""
    return {"XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder)}


def hear_out(connection: socket.socket) -> bytes:
    """Give all that comes until the other side ends, however it does."""
    found = b""
    with suppress(ConnectionResetError):
        while octets := connection.recv(65536):
            found += octets
    return found


def make_maildir(path: Path) -> Path:
    """Make a Maildir."""
    for each in ("new", "cur", "tmp"):
        (path / each).mkdir(parents=True)
    return path


def put(
    maildir: Path, number: int, message: str | bytes, folder: str = "new", flags: str = ""
) -> Path:
    """Put a message into a Maildir; a higher number is newer."""
    octets = message.encode() if isinstance(message, str) else message
    path = maildir / folder / f"{1764000000 + number}.M{number}P1Q1.mx.example{flags}"
    path.write_bytes(octets)
    return path


def set_password(path: Path, password: str) -> subprocess.CompletedProcess[str]:
    """Set a password as people do."""
    options = ["--set-password", "--password-file", str(path)]
    return subprocess.run(
        [*GOMAIL_INBOX, *options],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
