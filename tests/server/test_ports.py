"""Endpoint strings become ports that are bound, or one line that says why not."""

import errno
import os
import socket

import pytest
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.testing import MemoryReactor

from gomail.server import occupant, sockets
from gomail.server.ports import Port, open_port, open_ports, try_sharing
from gomail.server.sockets import PortError
from tests.server.opening import failure, port_of
from tests.system.running import free_port


def test_port_alone_is_both_kinds_of_ip(opened: list[Port]) -> None:
    """One socket takes IPv6 and IPv4, and says so."""
    port = port_of(opened, "tcp:0")
    assert port.socket is not None
    number = port.socket.getsockname()[1]
    assert str(port) == f"[::]:{number} and 0.0.0.0:{number}"
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, number)).close()


@pytest.mark.parametrize(
    ("endpoint", "shown", "family"),
    [
        ("tcp:0:interface=127.0.0.1", "127.0.0.1:", socket.AF_INET),
        ("tcp:port=0:interface=127.0.0.1:backlog=5", "127.0.0.1:", socket.AF_INET),
        (r"tcp:0:interface=\:\:1", "[::1]:", socket.AF_INET6),
        ("tcp4:0", "0.0.0.0:", socket.AF_INET),
        ("tcp6:0", "[::]:", socket.AF_INET6),
        (r"tcp6:0:interface=\:\:1", "[::1]:", socket.AF_INET6),
    ],
)
def test_interface_is_one_kind(
    opened: list[Port], endpoint: str, shown: str, family: socket.AddressFamily
) -> None:
    """With an interface, or tcp4 and tcp6, it is that kind alone."""
    port = port_of(opened, endpoint)
    assert port.socket is not None
    assert str(port) == f"{shown}{port.socket.getsockname()[1]}"
    assert port.socket.family == family


def test_machine_without_ipv6_listens_on_ipv4(
    opened: list[Port], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel knows no IPv6, the default is IPv4."""
    real = socket.socket

    def without(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported")
        return real(family, kind)

    monkeypatch.setattr(socket, "socket", without)
    assert str(port_of(opened, "tcp:0")).startswith("0.0.0.0:")


def test_port_can_be_had_again_at_once(opened: list[Port]) -> None:
    """After a restart the old connections, which linger, keep nobody out."""
    first = port_of(opened, "tcp:0:interface=127.0.0.1")
    assert first.socket is not None
    number = first.socket.getsockname()[1]
    client = socket.create_connection(("127.0.0.1", number))
    first.socket.setblocking(True)
    first.socket.accept()[0].close()
    first.socket.close()
    client.close()
    assert str(port_of(opened, f"tcp:{number}:interface=127.0.0.1")) == f"127.0.0.1:{number}"


def test_port_in_use_names_the_process(opened: list[Port]) -> None:
    """Where it can be found out, the process that has the port is named."""
    port = port_of(opened, "tcp:0")
    assert port.socket is not None
    number = port.socket.getsockname()[1]
    assert failure(f"tcp:{number}").startswith(f"tcp:{number}: port {number} is in use by ")
    assert f"(pid {os.getpid()})" in failure(f"tcp:{number}")


def test_all_ports_are_bound_or_none() -> None:
    """Where the second one can't be had, the first one is free again."""
    first = f"tcp:{free_port()}:interface=127.0.0.1"
    for _ in range(2):
        with pytest.raises(PortError, match="frob:1"):
            open_ports([first, "frob:1"], MemoryReactor())
    (port,) = open_ports([first], MemoryReactor())
    assert port.socket is not None
    port.socket.close()


def test_port_of_another_users_process_is_in_use_all_the_same(
    opened: list[Port], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it can't be found out, the line is shorter."""
    port = port_of(opened, "tcp:0")
    assert port.socket is not None
    number = port.socket.getsockname()[1]
    monkeypatch.setattr(occupant, "_listening", lambda _: [])
    assert failure(f"tcp:{number}") == f"tcp:{number}: port {number} is in use"


ROOT = (
    "tcp:25: port 25 needs root: have systemd open it, by gomail units install, "
    "or root start the server, by twistd with --uid and --gid; from 1024 on none does"
)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errno.EACCES, ROOT),
        (errno.EADDRNOTAVAIL, "tcp:25:  is no address of this machine"),
        (errno.ENOBUFS, f"tcp:25: {os.strerror(errno.ENOBUFS)}"),
    ],
)
def test_other_errors_are_explained(monkeypatch: pytest.MonkeyPatch, error: int, told: str) -> None:
    """What the kernel says is told in the words of an operator."""

    def fail(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(sockets, "_bind", fail)
    interface = ":interface=0.0.0.0" if error == errno.EADDRNOTAVAIL else ""
    line = failure(f"tcp:25{interface}")
    assert line.startswith(told.replace(":  is", ":interface=0.0.0.0: 0.0.0.0 is"))


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("tcp:", "has no port from 0 to 65535"),
        ("tcp:x", "has no port from 0 to 65535"),
        ("tcp:65536", "has no port from 0 to 65535"),
        ("tcp:\u0662\u0665", "has no port from 0 to 65535"),
        (f"tcp:{'9' * 5000}", "has no port from 0 to 65535"),
        ("tcp:25:backlog=x", "backlog=50 was expected, or another number up to 2147483647"),
        ("tcp:25:backlog=\u0665", "backlog=50 was expected"),
        ("tcp:25:backlog=2147483648", "backlog=50 was expected"),
        ("tcp:25:frob=1", "frob is not known"),
        ("tcp:25:26", "26 is not known"),
        ("frob:25", "is no endpoint"),
        ("haproxy:tcp:25", "A [[listener]] says so by its key proxy"),
        ("unix:missing/socket", "/missing"),
        ("unix:" + "x" * 200, "AF_UNIX path too long"),
        ("unix", "unix:PATH or unix:PATH:mode=660 was expected"),
        ("unix:", "unix:PATH or unix:PATH:mode=660 was expected"),
        ("unix:socket:mode=zzz", "unix:PATH or unix:PATH:mode=660 was expected"),
        ("unix:socket:mode=999", "with rights as chmod has them in figures"),
        ("unix:socket:mode=", "with rights as chmod has them in figures"),
        ("unix:socket:frob=1", "unix:PATH or unix:PATH:mode=660 was expected"),
        ("unix:socket:660:5:1", "unix:PATH or unix:PATH:mode=660 was expected"),
        ("unix:socket:backlog=x", "backlog=50 was expected"),
        ("unix:socket:backlog=99999999999999999999", "another number up to 2147483647"),
        ("unix:socket:660:\u0665", "backlog=50 was expected"),
        (f"unix:socket:backlog={'9' * 5000}", "backlog=50 was expected"),
        ("ssl:8443", "server.pem: No such file or directory); ssl:PORT:privateKey=FILE:certKey="),
        ("ssl", "(missing 1 required positional argument: 'port'); ssl:PORT:privateKey=FILE"),
        ("systemd:x", "exactly one of descriptor index or name); an endpoint such as tcp:PORT"),
    ],
)
def test_endpoint_that_cannot_be_is_one_line(endpoint: str, told: str) -> None:
    """It is named, and what is wrong with it."""
    assert told in failure(endpoint)
    assert endpoint in failure(endpoint)


def test_other_endpoints_are_twisteds() -> None:
    """What Twisted or its plugins know can be listened on."""
    port = open_port("stdio:", MemoryReactor())
    assert port.socket is None
    assert str(port) == "stdio:"
    assert IStreamServerEndpoint.providedBy(port.twisted)
    port.close()


def test_ports_that_twisted_listens_on_can_not_be_shared() -> None:
    """All are closed then; and those that were bound here can be."""
    bound = socket.create_server(("127.0.0.1", 0))
    shared = [Port("tcp:0", socket=bound)]
    try_sharing(shared)
    assert bound.fileno() != -1
    with pytest.raises(
        PortError, match=r"ssl:465: workers can share tcp:, unix: and systemd: only"
    ):
        try_sharing([*shared, Port("ssl:465", twisted=object())])  # type: ignore[arg-type]
    assert bound.fileno() == -1
