"""
Sockets for endpoint strings: bound here, or bound by systemd and taken; why not, in one line.

What a string's fields say is read here as well, but for the kind of endpoint.
"""

import contextlib
import errno
import os
import re
import socket
from pathlib import Path

from gomail.server.activation import take
from gomail.server.occupant import by_whom
from gomail.server.unix import AsOwner, bind_file

BACKLOG = 1024
LARGEST_BACKLOG = 2**31 - 1  # that listen(2) takes
LONGEST_FORM = 3  # colons of tcp:25:interface=192.0.2.1:backlog=50
EXPECTED = "an endpoint such as tcp:PORT or tcp:PORT:interface=127.0.0.1 was expected"
ALL = 0o666  # who may connect to a unix socket, as Twisted has it

_FIELD = re.compile(r"(?<!\\):")
_NUMBER = re.compile(r"[0-9]{1,10}\Z")
_RIGHTS = re.compile(r"[0-7]{1,4}\Z")
_UNIX = "unix:PATH or unix:PATH:mode=660 was expected, with rights as chmod has them in figures"


class PortError(Exception):
    """One line that says why a port can't be listened on."""


def fields_of(endpoint: str) -> list[str]:
    """Give the kind of an endpoint, and its fields, in which a colon is still escaped."""
    return _FIELD.split(endpoint)


def take_socket(endpoint: str, fields: list[str], fileno: int) -> socket.socket:
    """Take the socket of a ``systemd:`` endpoint, which Twisted has found."""
    options = dict(field.split("=", 1) for field in fields if "=" in field)
    domain = options.get("domain") or next(field for field in fields if "=" not in field)
    try:
        return take(fileno, domain)
    except ValueError as error:
        raise PortError(f"{endpoint}: {error}") from error


def listen_tcp(endpoint: str, fields: list[str]) -> socket.socket:
    """Bind a ``tcp:`` endpoint."""
    port, interface, backlog = read_tcp(endpoint, fields)
    family = socket.AF_INET6 if not interface or ":" in interface else socket.AF_INET
    bound = None
    try:
        bound = socket.socket(family, socket.SOCK_STREAM)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, bool(interface))
        _bind(bound, interface or "::", port, backlog)
    except OSError as error:
        if bound is not None:
            bound.close()
        if not interface and error.errno in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
            return listen_tcp(endpoint, [*fields, "interface=0.0.0.0"])  # a machine without IPv6
        raise PortError(_explain(error, endpoint, port, interface)) from error
    return bound


def _bind(bound: socket.socket, interface: str, port: int, backlog: int) -> None:
    """Bind and listen, as Twisted does it."""
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((interface, port))
    bound.listen(backlog)


def read_tcp(endpoint: str, fields: list[str]) -> tuple[int, str, int]:
    """
    Read port, interface and backlog of a ``tcp:`` endpoint.

    Raises:
        PortError: it is none.
    """
    options = dict(field.split("=", 1) for field in fields if "=" in field)
    words = [field for field in fields if "=" not in field]
    port = words[0] if words else options.pop("port", "")
    interface = options.pop("interface", "").replace("\\:", ":")
    backlog = _pop_backlog(endpoint, options)
    largest = 65535
    if not _NUMBER.match(port) or int(port) > largest:
        msg = f"{endpoint!r} has no port from 0 to {largest}; {EXPECTED}"
        raise PortError(msg)
    if options or len(words) > 1:
        unknown = ", ".join(filter(None, [*words[1:], *options]))
        msg = f"{endpoint!r}: {unknown} is not known; interface= and backlog= are"
        if endpoint.count(":") > LONGEST_FORM:
            msg += r"; a colon in an address is written \:, as in interface=\:\:1"
        raise PortError(msg)
    return int(port), interface, backlog


def _pop_backlog(endpoint: str, options: dict[str, str]) -> int:
    """Take the backlog out of what an endpoint says."""
    backlog = options.pop("backlog", str(BACKLOG))
    if not _NUMBER.match(backlog) or int(backlog) > LARGEST_BACKLOG:
        msg = f"{endpoint!r}: backlog=50 was expected, or another number up to {LARGEST_BACKLOG}"
        raise PortError(msg)
    return int(backlog)


def listen_unix(
    endpoint: str, fields: list[str], as_owner: AsOwner, mode: int = ALL
) -> socket.socket:
    """
    Bind a ``unix:`` endpoint, whose socket has the rights *mode* if it says nothing else.

    A file that a killed server has left is no socket that anybody listens on, and makes room.
    """
    path, said, backlog = read_unix(endpoint, fields)
    path = os.path.abspath(path)  # noqa: PTH100 -- without links
    _make_room(endpoint, path)
    bound = socket.socket(socket.AF_UNIX)
    try:
        bound.setblocking(False)
        bind_file(bound, path, mode if said is None else said, as_owner)
        bound.listen(backlog)
    except OSError as error:
        bound.close()
        raise PortError(f"{endpoint}: {error.strerror or error}") from error
    return bound


def read_unix(endpoint: str, fields: list[str]) -> tuple[str, int | None, int]:
    """
    Read path, mode and backlog of a ``unix:`` endpoint.

    Raises:
        PortError: it is none.
    """
    options = dict(field.split("=", 1) for field in fields if "=" in field)
    words = [field for field in fields if "=" not in field]
    # Without names they stand in this order; Twisted's lock is none of ours.
    options = {**dict(zip(("address", "mode", "backlog"), words, strict=False)), **options}
    path, rights = options.pop("address", ""), options.pop("mode", None)
    backlog = _pop_backlog(endpoint, options)
    options.pop("lockfile", None)
    readable = path and _RIGHTS.match("0" if rights is None else rights)
    if not readable or options or len(words) > LONGEST_FORM:
        msg = f"{endpoint!r} is no endpoint; {_UNIX}"
        raise PortError(msg)
    return re.sub(r"\\(.)", r"\1", path), None if rights is None else int(rights, 8), backlog


def _make_room(endpoint: str, path: str) -> None:
    """See that a unix socket can be made, and remove one that nobody listens on."""
    folder = Path(path).parent
    if not folder.is_dir():
        msg = f"{endpoint}: there is no folder {folder}"
        raise PortError(msg)
    if os.path.lexists(path) and not Path(path).is_socket():
        msg = f"{endpoint}: {path} is there, and no socket"
        raise PortError(msg)
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        msg = f"{endpoint}: nothing can be made in the folder {folder}"
        raise PortError(msg)
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            probe.connect(path)
    except ConnectionRefusedError:
        with contextlib.suppress(OSError):  # binding says what is wrong
            Path(path).unlink()
    except FileNotFoundError:
        pass
    except BlockingIOError as error:  # so many wait there already
        raise PortError(f"{endpoint}: another process listens there") from error
    except OSError as error:
        raise PortError(f"{endpoint}: {error.strerror or error}") from error
    else:
        raise PortError(f"{endpoint}: another process listens there")


def _explain(error: OSError, endpoint: str, port: int, interface: str) -> str:
    """Say why a port can't be had, and what helps."""
    if error.errno == errno.EADDRINUSE:
        return f"{endpoint}: port {port} is in use{by_whom(port)}"
    if error.errno == errno.EACCES:
        return (
            f"{endpoint}: port {port} needs root: have systemd open it, by gomail units install, "
            "or root start the server, by twistd with --uid and --gid; from 1024 on none does"
        )
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{endpoint}: {interface} is no address of this machine"
    return f"{endpoint}: {error.strerror or error}"
