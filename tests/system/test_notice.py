"""What a service manager hears from a real server, on its socket."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import ANY_PORT, Server

pytestmark = pytest.mark.system
WATCHDOG_TIME = 0.4  # seconds


class Manager:
    """A service manager that reads what it is told, datagram by datagram."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self.heard: list[list[str]] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.address)
        self.socket.settimeout(PATIENCE)

    def until(self, assignment: str) -> list[str]:
        """Read until something is told; give the lines of its datagram."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            lines = self.socket.recv(65536).decode().splitlines()
            self.heard.append(lines)
            if assignment in lines:
                return lines
        msg = f"{assignment} is not in {self.heard}"
        raise AssertionError(msg)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """Give a service manager."""
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.socket.close()


@pytest.fixture
def notify(start: Serve, manager: Manager) -> Callable[..., Server]:
    """Start servers that have a service manager."""
    environment = {
        "NOTIFY_SOCKET": manager.address,
        "WATCHDOG_USEC": str(int(WATCHDOG_TIME * 1_000_000)),
    }
    return lambda *arguments, **how: start(*ANY_PORT, *arguments, environment=environment, **how)


def test_life_of_a_server_is_told(notify: Callable[..., Server], manager: Manager) -> None:
    """Ready when the port answers, alive meanwhile, reloading and ready again, stopping."""
    server = notify()
    assert manager.until("READY=1") == ["READY=1", "STATUS=ok, 0 sessions open"]
    assert manager.heard == [["READY=1", "STATUS=ok, 0 sessions open"]]
    client = server.connect()  # somebody listens, and greets
    manager.until("STATUS=ok, 1 session open")
    manager.until("WATCHDOG=1")
    client.quit()
    server.tell(signal.SIGHUP)
    _, moment, _ = manager.until("RELOADING=1")
    assert moment.startswith("MONOTONIC_USEC=")
    manager.until("READY=1")
    server.tell(signal.SIGTERM)
    assert manager.until("STOPPING=1")[1] == "EXTEND_TIMEOUT_USEC=36000000"
    assert server.ended() == 0


def test_refused_configuration_ends_the_reload_as_well(
    notify: Callable[..., Server], manager: Manager, tmp_path: Path
) -> None:
    """Who waits for the reload to end does not wait for ever: the old configuration serves."""
    path = tmp_path / "gomail.toml"
    path.write_text('[domains."here.example"]\n')
    server = notify("--config", str(path))
    manager.until("READY=1")
    path.write_text("frob = 1\n")
    server.tell(signal.SIGHUP)
    manager.until("RELOADING=1")
    assert manager.until("READY=1")
    server.logged("the configuration stays as it was")
    assert server.stopped() == 0


def test_content_under_way_has_its_time_and_we_live_meanwhile(
    notify: Callable[..., Server], manager: Manager
) -> None:
    """The watchdog hears us while a message comes to its end."""
    server = notify()
    manager.until("READY=1")
    client = server.connect().begin()
    server.tell(signal.SIGTERM)
    assert manager.until("STOPPING=1")[2] == "STATUS=stopping, with 1 session open"
    manager.until("WATCHDOG=1")
    assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert server.ended() == 0


def test_stopped_process_tells_nothing(notify: Callable[..., Server], manager: Manager) -> None:
    """A process that does not turn gives no sign of life: that is what the watchdog is for."""
    server = notify()
    manager.until("WATCHDOG=1")
    server.tell(signal.SIGSTOP)
    os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WNOWAIT)
    manager.socket.settimeout(0)
    with pytest.raises(BlockingIOError):
        manager.until("nothing more")  # what was on its way is read
    manager.socket.settimeout(WATCHDOG_TIME * 3)
    with pytest.raises(TimeoutError):
        manager.until("nothing more")
    server.tell(signal.SIGCONT)
    manager.socket.settimeout(PATIENCE)
    manager.until("WATCHDOG=1")
    assert server.stopped() == 0
