"""What a service manager hears from a real inbox, on its socket."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inbox.web.browsing import GOMAIL_INBOX, home, make_maildir
from tests.system.running import Server
from tests.system.test_notice import Manager

pytestmark = pytest.mark.system


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """Give a service manager."""
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.socket.close()


def test_life_of_an_inbox_is_told(tmp_path: Path, manager: Manager) -> None:
    """Ready where it says, alive meanwhile, stopping."""
    make_maildir(tmp_path / "Maildir")
    told = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "400000"}
    options = ("--maildir", f"{tmp_path}/Maildir", "--listen", "tcp:0:interface=127.0.0.1")
    environment = {**home(tmp_path), **told}
    server = Server(tmp_path, *options, command=GOMAIL_INBOX, environment=environment)
    try:
        ready, status = manager.until("READY=1")
        assert ready == "READY=1"
        assert status.removeprefix("STATUS=") in server.output
        assert status.startswith("STATUS=http://127.0.0.1:")
        for _ in range(2):
            assert manager.until("WATCHDOG=1") == ["WATCHDOG=1"]
        server.tell(signal.SIGTERM)
        assert manager.until("STOPPING=1") == ["STOPPING=1"]
    finally:
        server.kill()
