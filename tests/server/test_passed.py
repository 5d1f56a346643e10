"""Sockets that systemd passes, as endpoint strings name them."""

import socket
from pathlib import Path

import pytest
from twisted.internet import endpoints
from twisted.internet.testing import MemoryReactor
from twisted.python.systemd import ListenFDs

from gomail.server.ports import Port, open_ports
from gomail.server.sockets import PortError
from tests.server.opening import failure, port_of


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
