"""Unix sockets, as endpoint strings name them: whose file it is, and with which mode."""

import errno
import os
import socket
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactor

from gomail.server.ports import Port, open_port, open_ports
from gomail.server.sockets import PortError
from tests.server.opening import failure, port_of


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


@pytest.mark.parametrize(
    "written", ["unix:{}:mode=660", "unix:address={}:mode=0660:backlog=5", "unix:{}:660"]
)
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
