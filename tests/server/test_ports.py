"""Endpoint strings become ports that are bound, or one line that says why not."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet import endpoints
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.testing import MemoryReactor
from twisted.python.systemd import ListenFDs

from gomail.server import occupant, sockets
from gomail.server.ports import Port, open_port, open_ports, try_sharing
from gomail.server.sockets import PortError
from tests.system.running import free_port


@pytest.fixture
def opened() -> Iterator[list[Port]]:
    """Close what a test opens."""
    opened: list[Port] = []
    yield opened
    for port in opened:
        port.close()


def port_of(opened: list[Port], endpoint: str) -> Port:
    """Open a port that is closed with the test."""
    port = open_port(endpoint, MemoryReactor())
    opened.append(port)
    return port


def failure(endpoint: str) -> str:
    """Give the line that says why a port can't be had."""
    with pytest.raises(PortError) as raised:
        open_port(endpoint, MemoryReactor())
    assert "\n" not in str(raised.value)
    return str(raised.value)


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
        ("tcp:25:backlog=x", "has no port from 0 to 65535"),
        ("tcp:25:frob=1", "frob is not known"),
        ("tcp:25:26", "26 is not known"),
        ("frob:25", "is no endpoint"),
        ("haproxy:tcp:25", "A [[listener]] says so by its key proxy"),
        ("unix:missing/socket", "/missing"),
        ("unix:" + "x" * 200, "AF_UNIX path too long"),
        ("unix", "is no endpoint"),
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


def test_unix_socket_that_nobody_listens_on_can_be_had(opened: list[Port], tmp_path: Path) -> None:
    """What kill -9 left behind keeps nobody out; a file that is no socket does."""
    path = tmp_path / "a:b"
    endpoint = f"unix:{path}".replace("a:b", r"a\:b")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        left.listen(0)
        for _ in range(3):  # those that wait there are more than the kernel takes soon
            assert "another process listens there" in failure(endpoint)
    port = port_of(opened, endpoint)
    assert str(port) == f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    port.close()
    assert not path.exists()
    path.touch()
    assert f"{path} is there, and no socket" in failure(endpoint)


@pytest.mark.parametrize("written", ["unix:{}:mode=660", "unix:address={}:mode=0660:backlog=5"])
def test_unix_socket_has_its_mode_before_anybody_can_connect(
    opened: list[Port], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """Listening comes last; by default everybody on this machine may connect, as on a port."""
    modes: list[int] = []

    class Watched(socket.socket):
        def listen(self, backlog: int = 0, /) -> None:
            modes.append(Path(self.getsockname()).stat().st_mode & 0o777)
            super().listen(backlog)

    monkeypatch.setattr(socket, "socket", Watched)
    port_of(opened, written.format(tmp_path / "group"))
    port_of(opened, f"unix:{tmp_path}/all:lockfile=0")
    assert modes == [0o660, 0o666]


def test_unix_socket_is_the_same_file_wherever_twistd_goes(
    opened: list[Port], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path begins where gomail was started."""
    monkeypatch.chdir(tmp_path)
    assert str(port_of(opened, "unix:socket")) == f"unix:{tmp_path}/socket"


def test_unix_socket_that_may_not_be_looked_at_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether somebody listens there can't be told, so that it stays as it is."""

    def fail(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(socket.socket, "connect", fail)
    endpoint = f"unix:{tmp_path}/socket"
    assert failure(endpoint) == f"{endpoint}: Permission denied"


def test_unix_socket_that_cannot_be_bound_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel says is told."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(socket.socket, "bind", fail)
    assert failure(f"unix:{tmp_path}/socket").endswith("/socket: No space left on device")


def test_unix_socket_goes_where_another_port_cannot_be_had(tmp_path: Path) -> None:
    """A start that fails leaves nothing."""
    with pytest.raises(PortError, match="frob:1"):
        open_ports([f"unix:{tmp_path}/socket", "frob:1"], MemoryReactor())
    assert list(tmp_path.iterdir()) == []


def test_port_is_closed_where_its_file_can_not_be_removed(tmp_path: Path) -> None:
    """It is root's, whose rights are gone; here a folder stands in its place."""
    port = open_port(f"unix:{tmp_path}/socket", MemoryReactor())
    (tmp_path / "socket").unlink()
    (tmp_path / "socket").mkdir()
    port.close()
    assert port.socket is not None
    assert port.socket.fileno() == -1


def test_unix_socket_needs_a_folder_that_may_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of somebody else's is named."""
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert f"nothing can be made in the folder {tmp_path}" in failure(f"unix:{tmp_path}/socket")


class Passed:
    """Sockets as systemd passes them, each with its name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._numbers: dict[str, int] = {}
        self._monkeypatch = monkeypatch
        monkeypatch.delenv("LISTEN_FDNAMES", raising=False)

    def put(self, number: int, name: str = "smtp") -> None:
        """Have a descriptor passed."""
        self._numbers[name] = number
        found = ListenFDs(list(self._numbers.values()), list(self._numbers))
        self._monkeypatch.setattr(endpoints._SystemdParser, "_sddaemon", found)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Passed:
    """Give what stands for systemd."""
    return Passed(monkeypatch)


@pytest.mark.parametrize("which", ["index=0", "name=smtp"])
def test_socket_of_systemd_is_taken_as_it_is(
    opened: list[Port], passed: Passed, which: str
) -> None:
    """Its real address is told, whatever the endpoint is called; it is still systemd's."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as bound:
        passed.put(bound.fileno())
        port = port_of(opened, f"systemd:domain=INET6:{which}")
        number = bound.getsockname()[1]
        assert port.passed
        assert str(port) == f"[::]:{number} and 0.0.0.0:{number}"
        port.close()
        bound.setblocking(True)
        socket.create_connection(("127.0.0.1", number)).close()
        bound.accept()[0].close()


def test_unix_socket_of_systemd_stays(opened: list[Port], passed: Passed, tmp_path: Path) -> None:
    """Its file is systemd's to remove; abstract ones have none."""
    with socket.socket(socket.AF_UNIX) as bound, socket.socket(socket.AF_UNIX) as other:
        bound.bind(str(tmp_path / "socket"))
        other.bind(f"\0{tmp_path}")
        for each in (bound, other):
            each.listen()
        passed.put(bound.fileno(), "file")
        passed.put(other.fileno(), "abstract")
        port = port_of(opened, "systemd:UNIX:name=file")
        assert str(port) == f"unix:{tmp_path}/socket"
        assert str(port_of(opened, "systemd:UNIX:name=abstract")) == f"unix:@{tmp_path}"
        port.close()
        assert (tmp_path / "socket").is_socket()


def test_socket_that_two_listeners_have_is_told(passed: Passed) -> None:
    """They would take each other's connections."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        passed.put(bound.fileno())
        same = ["systemd:domain=INET:index=0", "systemd:domain=INET:name=smtp"]
        with pytest.raises(PortError, match="name=smtp: another listener has the same socket"):
            open_ports(["stdio:", *same], MemoryReactor())


@pytest.mark.usefixtures("passed")
def test_missing_socket_of_systemd_is_one_line() -> None:
    """What is expected is named."""
    assert failure("systemd:domain=INET:index=0") == (
        "systemd:domain=INET:index=0: no such socket was passed to this process; systemd does so "
        "by LISTEN_FDS and LISTEN_FDNAMES when a socket unit starts it, and "
        "systemd-socket-activate --fdname=NAME does"
    )
    assert "no such socket was passed" in failure("systemd:domain=INET:name=smtp")


def test_unfit_socket_of_systemd_is_one_line(passed: Passed) -> None:
    """Of another kind than was said, say: a listener for this machine alone may not get a port."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        passed.put(bound.fileno())
        assert failure("systemd:domain=UNIX:index=0").endswith("which is domain=INET")


def test_endpoint_of_systemd_that_cannot_be_is_one_line() -> None:
    """Twisted says what it lacks."""
    assert "Specify exactly one" in failure("systemd:domain=INET")


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
