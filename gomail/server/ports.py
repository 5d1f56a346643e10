"""
Ports: bound before anything forks or drops its rights; what goes wrong is told at once, in a line.

``tcp:PORT`` without an interface listens on IPv6 and IPv4, on one socket. Unix sockets are bound as
well, and those of systemd taken as they are. Other endpoint strings are Twisted's, and Twisted
listens on them.
"""

import contextlib
import errno
import os
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IReactorCore, IStreamServerEndpoint

from gomail.server.activation import missing, take
from gomail.server.occupant import by_whom
from gomail.server.unix import AsOwner, bind_file

BACKLOG = 1024
LONGEST_FORM = 3  # colons of tcp:25:interface=192.0.2.1:backlog=50
# What a kind without an interface listens on; nothing stands for all of IPv6 and IPv4.
_INTERFACES: dict[str, list[str]] = {
    "tcp": [],
    "tcp4": ["interface=0.0.0.0"],
    "tcp6": [r"interface=\:\:"],
}
_FIELD = re.compile(r"(?<!\\):")
_EXPECTED = "an endpoint such as tcp:25 or tcp:2525:interface=127.0.0.1 was expected"


class PortError(Exception):
    """One line that says why a port can't be listened on."""


@dataclass(frozen=True, slots=True)
class Port:
    """
    What is listened on.

    Attributes:
        endpoint: the endpoint string that it was made of.
        socket: bound and listening; None where Twisted does that.
        twisted: the endpoint, where Twisted listens.
        passed: whether somebody else has bound the socket, and keeps it: systemd, or our parent.
        shared: whether other processes of ours listen on it, too.
    """

    endpoint: str
    socket: "socket.socket | None" = None
    twisted: IStreamServerEndpoint | None = None
    passed: bool = False
    shared: bool = False

    def __str__(self) -> str:
        """Write it for people: ``[::]:2525 and 0.0.0.0:2525``."""
        if self.socket is None:
            return self.endpoint
        if self.socket.family == socket.AF_UNIX:
            name = os.fsdecode(self.socket.getsockname())
            return f"unix:{name.replace(chr(0), '@')}"
        host, port = self.socket.getsockname()[:2]
        if self.socket.family == socket.AF_INET:
            return f"{host}:{port}"
        both = host == "::" and not self.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        return f"[{host}]:{port}" + (f" and 0.0.0.0:{port}" if both else "")

    def close(self) -> None:
        """Give up what was bound before it is listened on."""
        if self.socket is None or self.socket.fileno() == -1:
            return
        if self.socket.family == socket.AF_UNIX and not self.passed:
            # Made by root, whose rights are gone? Then the next start removes it.
            with contextlib.suppress(OSError):
                Path(self.socket.getsockname()).unlink()
        self.socket.close()


def open_ports(
    endpoints: Iterable[str],
    reactor: IReactorCore,
    as_owner: AsOwner = contextlib.nullcontext,
    had: Callable[[str], Port | None] = lambda _: None,
) -> list[Port]:
    """
    Bind what several endpoint strings name: all of them, or none.

    Args:
        endpoints: the strings.
        reactor: what Twisted's own endpoints are for.
        as_owner: makes us, for a while, the user to whom a unix socket belongs.
        had: gives a port that is bound already, where there is one of that endpoint.

    Raises:
        PortError: see `open_port`.
    """
    ports: list[Port] = []
    with contextlib.ExitStack() as bound:
        for endpoint in endpoints:
            port = had(endpoint) or open_port(endpoint, reactor, as_owner)
            bound.callback(port.close)
            if _is_one_of(port, ports):
                msg = f"{endpoint}: another listener has the same socket"
                raise PortError(msg)
            ports.append(port)
        bound.pop_all()
    return ports


def open_port(
    endpoint: str, reactor: IReactorCore, as_owner: AsOwner = contextlib.nullcontext
) -> Port:
    """
    Bind what an endpoint string names.

    Args:
        endpoint: the string.
        reactor: what Twisted's own endpoints are for.
        as_owner: makes us, for a while, the user to whom a unix socket belongs.

    Raises:
        PortError: the string can't be read, or the port can't be had.
    """
    kind, *fields = _FIELD.split(endpoint)
    if kind == "haproxy":
        # Twisted's own would believe anybody, and greet before the header has come.
        msg = f"{endpoint}: whom is it to believe? A [[listener]] says so by its key proxy"
        raise PortError(msg)
    if kind in _INTERFACES:
        return Port(endpoint, socket=_listen(endpoint, [*_INTERFACES[kind], *fields]))
    try:
        twisted = serverFromString(reactor, endpoint)
    except Exception as error:  # whatever a plugin of Twisted's raises
        if kind == "systemd" and isinstance(error, LookupError):
            raise PortError(f"{endpoint}: {missing(os.environ, os.getpid())}") from error
        msg = f"{endpoint!r} is no endpoint ({error}); {_EXPECTED}"
        raise PortError(msg) from error
    if kind == "unix":
        return Port(endpoint, socket=_listen_unix(endpoint, fields, as_owner))
    if kind == "systemd":
        return Port(endpoint, socket=_take(endpoint, fields, twisted.fileno), passed=True)
    return Port(endpoint, twisted=twisted)


def open_beside(
    endpoint: str,
    ports: Iterable[Port],
    reactor: IReactorCore,
    as_owner: AsOwner = contextlib.nullcontext,
    had: Callable[[str], Port | None] = lambda _: None,
) -> Port:
    """
    Bind what one more endpoint string names, for something else than *ports* are for.

    Raises:
        PortError: see `open_ports`.
    """
    port = had(endpoint) or open_port(endpoint, reactor, as_owner)
    if _is_one_of(port, ports):
        port.close()
        msg = f"{endpoint}: a listener has the same socket"
        raise PortError(msg)
    return port


def try_sharing(ports: Sequence[Port]) -> None:
    """
    See that several processes can listen on *ports*; else close them.

    Raises:
        PortError: Twisted listens on one by itself.
    """
    for port in ports:
        if port.socket is None:
            for each in ports:
                each.close()
            msg = f"{port.endpoint}: workers can share tcp:, unix: and systemd: only"
            raise PortError(msg)


def _is_one_of(port: Port, others: Iterable[Port]) -> bool:
    """Tell whether another port has the same socket: systemd's can be named twice."""
    if port.socket is None:
        return False
    sockets = (each.socket for each in others if each.socket is not None)
    return any(os.path.sameopenfile(port.socket.fileno(), each.fileno()) for each in sockets)


def _take(endpoint: str, fields: list[str], fileno: int) -> socket.socket:
    """Take the socket of a ``systemd:`` endpoint, which Twisted has found."""
    options = dict(field.split("=", 1) for field in fields if "=" in field)
    domain = options.get("domain") or next(field for field in fields if "=" not in field)
    try:
        return take(fileno, domain)
    except ValueError as error:
        raise PortError(f"{endpoint}: {error}") from error


def _listen(endpoint: str, fields: list[str]) -> socket.socket:
    """Bind a ``tcp:`` endpoint."""
    port, interface, backlog = _read(endpoint, fields)
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
            return _listen(endpoint, [*fields, "interface=0.0.0.0"])  # a machine without IPv6
        raise PortError(_explain(error, endpoint, port, interface)) from error
    return bound


def _bind(bound: socket.socket, interface: str, port: int, backlog: int) -> None:
    """Bind and listen, as Twisted does it."""
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((interface, port))
    bound.listen(backlog)


def _read(endpoint: str, fields: list[str]) -> tuple[int, str, int]:
    """Read port, interface and backlog of a ``tcp:`` endpoint."""
    options = dict(field.split("=", 1) for field in fields if "=" in field)
    words = [field for field in fields if "=" not in field]
    port = words[0] if words else options.pop("port", "")
    interface = options.pop("interface", "").replace("\\:", ":")
    backlog = options.pop("backlog", str(BACKLOG))
    largest = 65535
    if not port.isdecimal() or int(port) > largest or not backlog.isdecimal():
        msg = f"{endpoint!r} has no port from 0 to {largest}; {_EXPECTED}"
        raise PortError(msg)
    if options or len(words) > 1:
        unknown = ", ".join(filter(None, [*words[1:], *options]))
        msg = f"{endpoint!r}: {unknown} is not known; interface= and backlog= are"
        if endpoint.count(":") > LONGEST_FORM:
            msg += r"; a colon in an address is written \:, as in interface=\:\:1"
        raise PortError(msg)
    return int(port), interface, int(backlog)


def _listen_unix(endpoint: str, fields: list[str], as_owner: AsOwner) -> socket.socket:
    """
    Bind a ``unix:`` endpoint.

    A file that a killed server has left is no socket that anybody listens on, and makes room.
    """
    options = dict(field.split("=", 1) for field in fields if "=" in field)
    path = next((each for each in fields if "=" not in each), None) or options["address"]
    path = os.path.abspath(re.sub(r"\\(.)", r"\1", path))  # noqa: PTH100 -- without links
    _make_room(endpoint, path)
    bound = socket.socket(socket.AF_UNIX)
    try:
        bound.setblocking(False)
        bind_file(bound, path, int(options.get("mode", "666"), 8), as_owner)
        bound.listen(int(options.get("backlog", BACKLOG)))
    except OSError as error:
        bound.close()
        raise PortError(f"{endpoint}: {error.strerror or error}") from error
    return bound


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
            "or root start the server, by twistd with --uid and --gid; --port 2525 needs none"
        )
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{endpoint}: {interface} is no address of this machine"
    return f"{endpoint}: {error.strerror or error}"
