"""A server that is started as root: the port is bound by root, all else is somebody else's."""

import os
import re
import shutil
import signal
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import Serve
from tests.system.running import ANY_PORT, TWISTD, Client

pytestmark = [pytest.mark.system, pytest.mark.needs_root]
NOBODY = 65534
DROPPED = ("--uid", str(NOBODY), "--gid", str(NOBODY))


@pytest.fixture
def home() -> Iterator[Path]:
    """Make a folder that belongs to nobody, where all folders above it may be passed."""
    home = Path(tempfile.mkdtemp(dir="/tmp"))
    home.chmod(0o755)
    os.chown(home, NOBODY, NOBODY)
    yield home
    shutil.rmtree(home)


def low_port() -> int:
    """Give a free port that only root may open."""
    for port in range(1023, 600, -1):
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::", port))
            except OSError:
                continue
            return port
    pytest.skip("no port is free")


def test_port_is_roots_and_files_are_not(start: Serve, home: Path) -> None:
    """On a port below 1024 mail is taken as nobody; Maildir, message and log are nobody's."""
    port = low_port()
    command = (*TWISTD, "--nodaemon", *DROPPED, "--logfile", "gomail.log", "gomail")
    server = start("--port", str(port), folder=home, command=command)
    assert Client.connect(port).mail().startswith("250 ")
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    assert re.findall(r"^[UG]id:\t(.*)", status, re.MULTILINE) == ["\t".join([str(NOBODY)] * 4)] * 2
    made = [home / "gomail.log", *(home / "Maildir").rglob("*"), home / "Maildir"]
    assert len(made) >= 6
    for path in made:
        assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, NOBODY), path
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IRWXO), path
    assert server.stopped() == 0
    assert "Traceback" not in (home / "gomail.log").read_text()


def test_messages_are_shown_by_nobody(start: Serve, home: Path) -> None:
    """--dialogue and SIGHUP go on working when the rights are gone."""
    (home / "g.toml").write_text('[domains."localhost"]\n')
    command = (*TWISTD, "--nodaemon", *DROPPED, "gomail")
    server = start(*ANY_PORT, "--dialogue", "-c", "g.toml", folder=home, command=command).started()
    server.tell(signal.SIGHUP)
    server.logged("is in force")
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_maildir_that_nobody_may_write_is_told(start: Serve, home: Path) -> None:
    """It is tried as the user who will store there, and the line names him."""
    os.chown(home, 0, 0)
    command = (*TWISTD, "--nodaemon", *DROPPED, "gomail")
    server = start(*ANY_PORT, folder=home, command=command)
    assert server.ended() == 1
    told = f"gomail: the Maildir {home}/Maildir can't be used by nobody: Permission denied\n"
    assert server.complaints == told
    assert sorted(each.name for each in home.iterdir()) == ["err", "out"]


def test_log_that_is_a_link_gives_nothing_of_roots_away(start: Serve, home: Path) -> None:
    """Whoever owns the folder of the log can't have root give them a file, nor write to it."""
    target = home.with_name(f"{home.name}-root's")
    target.write_text("root's")
    target.chmod(0o600)
    try:
        (home / "gomail.log").symlink_to(target)
        command = (*TWISTD, "--nodaemon", *DROPPED, "--logfile", "gomail.log", "gomail")
        server = start(*ANY_PORT, folder=home, command=command)
        assert server.ended() == 1
        why = "can't be written: Permission denied\n"
        assert server.complaints == f"gomail: the log {home}/gomail.log {why}"
        found = target.stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o600)
        assert target.read_text() == "root's"
    finally:
        target.unlink()


def test_log_that_is_roots_is_given_to_nobody(start: Serve, home: Path) -> None:
    """One that stands in root's folder, or was written as root before, goes on."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        log = Path(folder, "gomail.log")
        log.write_text("before\n")
        log.chmod(0o600)
        command = (*TWISTD, "--nodaemon", *DROPPED, "--logfile", str(log), "gomail")
        server = start(*ANY_PORT, folder=home, command=command).started()
        assert server.connect().mail().startswith("250 ")
        assert server.stopped() == 0
        assert (log.stat().st_uid, log.stat().st_gid) == (NOBODY, NOBODY)
        assert log.read_text().startswith("before\n")
        assert log.read_text().count("Z stored ") == 1


def test_log_below_a_folder_of_others_is_not_opened_by_root(start: Serve, home: Path) -> None:
    """They may put a link to any folder of root's in the place of one."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        (home / "log").symlink_to(folder)
        command = (*TWISTD, "--nodaemon", *DROPPED, "--logfile", "log/gomail.log", "gomail")
        server = start(*ANY_PORT, folder=home, command=command)
        assert server.ended() == 1
        told = f"gomail: the log {home}/log/gomail.log can't be written: Permission denied\n"
        assert server.complaints == told
        assert not [*folder.iterdir()]
    finally:
        folder.rmdir()
