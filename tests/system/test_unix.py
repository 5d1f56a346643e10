"""Unix sockets of a real server: who may connect, who is who, and what is left behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import TWISTD, Client, until

pytestmark = pytest.mark.system
NOBODY, MAIL = 65534, 8  # the latter is the group of mail programs in Debian


def test_client_of_a_unix_socket_is_called_so(start: Serve, tmp_path: Path) -> None:
    """It has no address, in Received and in the log; the file goes when the server stops."""
    path = tmp_path / "smtp.sock"
    server = start("--port", f"unix:{path}:mode=600")
    client = Client.connect_unix(path)
    assert client.mail().startswith("250 ")
    client.quit()
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"Received: from client.example (unix socket)\n" in server.messages()[0]
    server.logged("of unix ('client.example'): ehlo=1 mail=1 rcpt=1 data=1 quit=1")
    assert server.stopped() == 0
    assert [each.name for each in tmp_path.iterdir() if "smtp" in each.name] == []


def test_killed_server_keeps_nobody_out(start: Serve, tmp_path: Path) -> None:
    """What kill -9 leaves is no lock, whatever pid the next one has; a server that lives is."""
    path = tmp_path / "smtp.sock"
    first = start("--port", f"unix:{path}")
    Client.connect_unix(path).quit()
    second = start("--port", f"unix:{path}")
    assert second.ended() == 1
    assert second.complaints == f"gomail: unix:{path}: another process listens there\n"
    assert Client.connect_unix(path).mail().startswith("250 ")
    first.tell(signal.SIGKILL)
    first.ended()
    assert path.is_socket()
    third = start("--port", f"unix:{path}")
    until(lambda: "stop it with" in third.output, "no announcement")
    assert Client.connect_unix(path).mail().startswith("250 ")
    assert third.stopped() == 0
    assert not path.exists()


_CONNECT = (
    "import os, socket, sys; os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(65533);"
    "socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
)


def connects(path: Path, gid: int) -> bool:
    """Tell whether a process of some user, in that group, can connect."""
    command = [sys.executable, "-c", _CONNECT, str(path), str(gid)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=PATIENCE)
    assert done.returncode == 0 or "PermissionError" in done.stderr, done.stderr
    return done.returncode == 0


@pytest.mark.needs_root
def test_group_of_the_folder_may_connect(start: Serve) -> None:
    """mode=660 in a folder with setgid: the mail programs' group, nobody else; started by root."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        home, run = Path(name), Path(name, "run")
        home.chmod(0o755)
        os.chown(home, NOBODY, NOBODY)
        run.mkdir()
        os.chown(run, 0, MAIL)
        run.chmod(0o2755)
        path = run / "smtp"
        dropped = ("--uid", str(NOBODY), "--gid", str(NOBODY))
        command = (*TWISTD, "--nodaemon", "--pidfile=", *dropped, "gomail")
        for _ in range(2):  # the second finds what the first, no more root, could not remove
            server = start("--port", f"unix:{path}:mode=660", folder=home, command=command)
            until(lambda: "starting up" in server.output, "no server")  # noqa: B023 -- at once
            assert connects(path, MAIL)
            assert not connects(path, NOBODY)
            assert Client.connect_unix(path).mail().startswith("250 ")
            assert server.stopped() == 0, server.output
            assert not re.search("Traceback|trouble", server.output)
            assert path.is_socket()
