"""
Ports: bound before anything forks or drops its rights; what goes wrong is told at once, in a line.

``tcp:PORT`` without an interface listens on IPv6 and IPv4, on one socket. Unix sockets are bound as
well, and those of systemd taken as they are. Other endpoint strings are Twisted's, and Twisted
listens on them.
"""

import contextlib
import os
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IReactorCore, IStreamServerEndpoint

from gomail.server.activation import missing
from gomail.server.sockets import (
    ALL,
    EXPECTED,
    PortError,
    fields_of,
    listen_tcp,
    listen_unix,
    take_socket,
)
from gomail.server.unix import AsOwner

# What a kind without an interface listens on; nothing stands for all of IPv6 and IPv4.
_INTERFACES: dict[str, list[str]] = {
    "tcp": [],
    "tcp4": ["interface=0.0.0.0"],
    "tcp6": [r"interface=\:\:"],
}
_CALLED = re.compile(r"\A\w+\(\) ")
_FORMS = {
    "ssl": "ssl:PORT:privateKey=FILE:certKey=FILE was expected, with a key and its certificate, "
    "in PEM"
}
_OURS = 0o660  # rights to a unix socket that is for no mail


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

    @property
    def loopback(self) -> bool:
        """Whether programs of this machine alone reach its address; a path is no address."""
        if self.socket is None or self.socket.family not in {socket.AF_INET, socket.AF_INET6}:
            return False
        address = ip_address(self.socket.getsockname()[0].partition("%")[0])
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback

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
    endpoint: str,
    reactor: IReactorCore,
    as_owner: AsOwner = contextlib.nullcontext,
    mode: int = ALL,
) -> Port:
    """
    Bind what an endpoint string names.

    Args:
        endpoint: the string.
        reactor: what Twisted's own endpoints are for.
        as_owner: makes us, for a while, the user to whom a unix socket belongs.
        mode: rights to a unix socket, where the string says nothing of them.

    Raises:
        PortError: the string can't be read, or the port can't be had.
    """
    kind, *fields = fields_of(endpoint)
    if kind == "haproxy":
        # Twisted's own would believe anybody, and greet before the header has come.
        msg = f"{endpoint}: whom is it to believe? A [[listener]] says so by its key proxy"
        raise PortError(msg)
    if kind in _INTERFACES:
        return Port(endpoint, socket=listen_tcp(endpoint, [*_INTERFACES[kind], *fields]))
    if kind == "unix":
        return Port(endpoint, socket=listen_unix(endpoint, fields, as_owner, mode))
    try:
        twisted = serverFromString(reactor, endpoint)
    except Exception as error:  # whatever a plugin of Twisted's raises
        if kind == "systemd" and isinstance(error, LookupError):
            raise PortError(f"{endpoint}: {missing(os.environ, os.getpid())}") from error
        msg = f"{endpoint!r} is no endpoint ({_told(error)}); {_FORMS.get(kind, EXPECTED)}"
        raise PortError(msg) from error
    if kind == "systemd":
        return Port(endpoint, socket=take_socket(endpoint, fields, twisted.fileno), passed=True)
    return Port(endpoint, twisted=twisted)


def _told(error: Exception) -> str:
    """Tell what Twisted has against a string, but for the names of its functions."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return _CALLED.sub("", str(error))


def open_beside(
    endpoint: str,
    ports: Iterable[Port],
    reactor: IReactorCore,
    as_owner: AsOwner = contextlib.nullcontext,
    had: Callable[[str], Port | None] = lambda _: None,
) -> Port:
    """
    Bind what one more endpoint string names, for something else than *ports* are for.

    A unix socket is for its owner and the owner's group, where the string says nothing else.

    Raises:
        PortError: see `open_ports`.
    """
    port = had(endpoint) or open_port(endpoint, reactor, as_owner, _OURS)
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
