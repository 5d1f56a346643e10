"""What an inbox is to be; known without the packages that it needs."""

from dataclasses import dataclass
from pathlib import Path

LISTEN = "tcp:8025:interface=127.0.0.1"


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
