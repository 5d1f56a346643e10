"""Where a milter listens, as Twisted, Postfix and Sendmail write it."""

import ipaddress
import re
from typing import NamedTuple

_SENDMAIL = re.compile(r"inet6?:(?P<port>\d{1,5})@(?P<host>.+)\Z", re.ASCII)
_TWISTED = re.compile(r"(?:tcp|inet6?):(?P<host>.+):(?P<port>\d{1,5})\Z", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}\Z", re.ASCII)
_LONGEST_PATH = 107  # octets of a unix socket's path (unix(7))


class Place(NamedTuple):
    """
    A unix socket, or a host and its port.

    Attributes:
        path: of the socket; empty where it is a host.
        host: its address, without brackets, or its name.
        port: 1 to 65535.
    """

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        """Write it as the log does."""
        if self.path:
            return f"unix:{self.path}"
        return (
            f"tcp:[{self.host}]:{self.port}" if ":" in self.host else f"tcp:{self.host}:{self.port}"
        )


def read_place(text: str) -> Place:
    """
    Read where a milter listens.

    Args:
        text: ``unix:/run/filter.sock`` or ``local:…``; ``tcp:127.0.0.1:8891`` as Twisted writes it;
            ``inet:8891@127.0.0.1`` as Sendmail, or ``inet:[::1]:8891`` as Postfix.

    Raises:
        ValueError: it is none of these.
    """
    kind, _, path = text.partition(":")
    if kind in {"unix", "local"}:
        if not path.startswith("/") or "\0" in path or len(path.encode()) > _LONGEST_PATH:
            msg = f"a socket's path begins with / and has up to {_LONGEST_PATH} octets: {text!r}"
            raise ValueError(msg)
        return Place(path)
    match = _SENDMAIL.match(text) or _TWISTED.match(text)
    if match is None:
        msg = f"unix:PATH, tcp:HOST:PORT or inet:PORT@HOST was expected, not {text!r}"
        raise ValueError(msg)
    port = int(match["port"])
    if not 1 <= port <= 65535:
        msg = f"a port is from 1 to 65535, not {port}"
        raise ValueError(msg)
    return Place(host=_read_host(match["host"]), port=port)


def _read_host(text: str) -> str:
    """Read an address, in brackets or not, or a name."""
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if _HOST.match(text):
            return text
        raise
