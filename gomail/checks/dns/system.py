"""The resolvers that this machine is set up with: /etc/resolv.conf (resolv.conf(5))."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gomail.checks.servers import read_server

RESOLV_CONF = "/etc/resolv.conf"


def system_servers(path: str = RESOLV_CONF) -> Sequence[str]:
    """
    Give the resolvers of this machine; without any it is itself one (resolv.conf(5)).

    What is no address there is passed over, as the C library does: mail waits for no resolver.
    """
    servers = []
    with suppress(OSError):
        for line in Path(path).read_text("latin-1").splitlines():
            word, *addresses = line.split() or [""]
            if word == "nameserver":
                with suppress(ValueError):
                    servers += [read_server(each).ip for each in addresses[:1]]
    return servers or ["127.0.0.1"]


class System:
    """
    Tells when the file says something else, as the C library finds out: by a stat a question.

    A machine that has moved to another network has other resolvers, and nobody restarts its mail
    server for that.

    Args:
        path: of the file.
    """

    def __init__(self, path: str = RESOLV_CONF) -> None:
        self._path = path
        self._seen: object = ""

    def changed(self) -> Sequence[str] | None:
        """Give the resolvers if they may be others than before, or for the first time."""
        seen = None
        with suppress(OSError):
            status = Path(self._path).stat()
            seen = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
        if seen == self._seen:
            return None
        self._seen = seen
        return system_servers(self._path)
