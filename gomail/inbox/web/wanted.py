"""What an inbox is to be; known without the packages that it needs."""

import re
from dataclasses import dataclass
from pathlib import Path

LISTEN = "tcp:8025:interface=127.0.0.1"
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")


def read_name(name: str) -> str:
    """Read a name, or an address, under which an inbox is reached; without a port."""
    if not _HOST.fullmatch(name):
        raise ValueError("a name alone was expected, such as mail.example.org")
    return name


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What an inbox is to be.

    Attributes:
        maildir: the folder.
        index: the file of the index; None for one in memory.
        listen: an endpoint string.
        hosts: names under which it is reached.
        password: the file with the password; it may be missing.
        controls: paths at which the server may be asked.
        proxies: networks of reverse proxies, and ``unix`` for those that come by a unix socket.
        authserv: by which name the server calls itself in Authentication-Results; empty where the
            message says it.
    """

    maildir: Path
    index: Path | None = None
    listen: str = LISTEN
    hosts: tuple[str, ...] = ()
    password: Path | None = None
    controls: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    authserv: str = ""
