"""An inbox that root starts, and that is its reader's before it looks at anything."""

import os
import re
import shutil
import signal
import socket
import stat
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gomail.units.shape import in_home
from tests.inbox.web.browsing import hear_out, make_maildir, put
from tests.interop.booted import python
from tests.patience import PATIENCE
from tests.system.running import Server, until

pytestmark = [pytest.mark.system, pytest.mark.needs_root]
NOBODY = 65534
TWISTD = "from twisted.scripts.twistd import run; run()"
DROPPED = ("--nodaemon", "--pidfile=", "--uid", str(NOBODY), "--gid", str(NOBODY), "gomail-inbox")
CHECKOUT = str(Path(__file__).parents[3])


@pytest.fixture
def home() -> Iterator[Path]:
    """Make a folder of the reader's, with a Maildir that is the reader's alone."""
    home = Path(tempfile.mkdtemp(dir="/tmp"))
    home.chmod(0o755)
    put(make_maildir(home / "Maildir"), 1, "Subject: for the reader\n\nHello.\n")
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    (home / "Maildir").chmod(0o700)
    yield home
    shutil.rmtree(home)


def start(home: Path, *options: str) -> Server:
    """Start it as root, whose environment has root's folders."""
    roots = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), f"{home}/of-root")
    # Nobody may read a Python, or a checkout, in root's home.
    if in_home(CHECKOUT):
        pytest.skip("the checkout is in a home")
    paths = os.pathsep.join([CHECKOUT, sysconfig.get_path("purelib")])
    command = (python(), "-c", TWISTD, *DROPPED)
    return Server(home, *options, command=command, environment={**roots, "PYTHONPATH": paths})


def refused(home: Path, *options: str) -> str:
    """Give the line with which it ends."""
    server = start(home, *options)
    assert server.ended() == 1
    return server.complaints


def test_inbox_of_root_is_its_readers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process, the index and the socket; nothing is of root's, or left of the socket."""
    monkeypatch.setenv("CACHE_DIRECTORY", f"{home}/cache")
    server = start(home, "--maildir", "Maildir", "--listen", f"unix:{home}/s")
    try:
        until((home / "s").exists, "the socket is there")
        with socket.socket(socket.AF_UNIX) as browser:
            browser.settimeout(PATIENCE)
            browser.connect(f"{home}/s")
            browser.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b"for the reader" in hear_out(browser)
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        all_four = "\t".join([str(NOBODY)] * 4)
        assert re.findall(r"^[UG]id:\t(.*)", status, re.MULTILINE) == [all_four] * 2
        made = [home / "s", *(home / "cache").rglob("*")]
        assert {path.stat().st_uid for path in made} == {NOBODY}
        assert any(stat.S_ISREG(path.stat().st_mode) for path in made)
        assert not (home / "of-root").exists()
        assert server.stopped() in {0, -signal.SIGTERM}
        assert not (home / "s").exists()
    finally:
        server.kill()


@pytest.mark.parametrize("what", ["Maildir", "gomail.toml", "password"])
def test_what_root_alone_may_read_is_not_read(home: Path, what: str) -> None:
    """Neither mail, nor what is set, nor a password's hash."""
    (home / "gomail.toml").write_text(f'maildir = "{home}/Maildir"\n[domains."example.org"]\n')
    (home / "password").touch()
    os.chown(home / what, 0, 0)
    (home / what).chmod(0o700 if what == "Maildir" else 0o600)
    said = ("--config", f"{home}/gomail.toml", "--password-file", f"{home}/password")
    line = refused(home, *said, "--listen", "tcp:0:interface=127.0.0.1")
    assert re.fullmatch(rf"gomail: .*{home}/{what}.*Permission denied.*\n", line)


def test_home_is_the_readers(home: Path) -> None:
    """As it would be without root."""
    line = refused(home, "--listen", "tcp:0:interface=127.0.0.1")
    assert line == "gomail: there is no Maildir /nonexistent/Maildir; --maildir names another\n"
