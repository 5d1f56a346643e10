"""What is said at the start of an inbox, and what stops it there."""

import os
import sys
from pathlib import Path

import pytest

from gomail.cli.inboxing import Options, makeService
from tests.inbox.web.browsing import GOMAIL_INBOX, make_maildir
from tests.system.running import TWISTD, Server

pytestmark = pytest.mark.system
LOOPBACK = "tcp:0:interface=127.0.0.1"


def refused(folder: Path, *said: str) -> str:
    """Begin an inbox that will not; give the line."""
    with pytest.raises(SystemExit) as caught:
        begin("--maildir", str(folder / "Maildir"), *said)
    return str(caught.value)


def begin(*said: str) -> None:
    """Begin an inbox."""
    options = Options()
    options.parseOptions(said)
    makeService(options)


@pytest.mark.parametrize("listen", ["tcp:0", "tcp:0:interface=0.0.0.0", r"tcp:0:interface=\:\:"])
def test_w3_without_a_password_it_is_for_this_machine_alone(tmp_path: Path, listen: str) -> None:
    """Whoever wants more is told how."""
    make_maildir(tmp_path / "Maildir")
    line = refused(tmp_path, "--listen", listen)
    assert "without a password the inbox is for this machine alone" in line
    assert "--set-password" in line


def test_w3_no_password_is_never_by_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is named is there; and a name means a proxy, and more people than this machine's."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    make_maildir(tmp_path / "Maildir")
    path = tmp_path / "missing"
    line = refused(tmp_path, "--password-file", str(path), "--listen", LOOPBACK)
    assert f"--set-password --password-file {path} writes it" in line
    line = refused(tmp_path, "--host", "mail.example.org", "--listen", LOOPBACK)
    assert "gomail inbox --set-password sets one" in line


def test_version_is_gomails(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it is made with."""
    with pytest.raises(SystemExit):
        begin("--version")
    assert capsys.readouterr().out.startswith("gomail ")


def test_wrong_options_end_the_process_with_one_line(tmp_path: Path) -> None:
    """And no traceback."""
    server = Server(tmp_path, command=GOMAIL_INBOX, environment={"HOME": str(tmp_path)})
    assert server.ended() == 1
    assert server.complaints.splitlines() == [
        f"gomail: there is no Maildir {tmp_path}/Maildir; --maildir names another"
    ]


@pytest.mark.parametrize(
    ("missing", "option"),
    [
        ("jinja2", "--listen=tcp:0:interface=127.0.0.1"),
        ("argon2", "--listen=tcp:0:interface=127.0.0.1"),
        ("argon2", "--set-password"),
    ],
)
def test_what_is_to_be_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, option: str
) -> None:
    """Without the extra it does not start, and says what to type."""
    make_maildir(tmp_path / "Maildir")
    for name in [each for each in sys.modules if each.startswith("gomail.inbox.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert "pip install 'gomail[inbox]'" in refused(tmp_path, option)


def test_maildir_that_is_none_or_not_for_us_is_told(tmp_path: Path) -> None:
    """In one line, and without a traceback."""
    (tmp_path / "Maildir" / "new").mkdir(parents=True)
    assert "a folder with new/ and cur/ was expected" in refused(tmp_path)
    (tmp_path / "Maildir" / "cur").symlink_to("new")
    assert "cur is a symbolic link, which is not followed" in refused(tmp_path)
    (tmp_path / "Maildir" / "cur").unlink()
    (tmp_path / "Maildir" / "cur").mkdir()
    tmp_path.chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        line = refused(tmp_path)
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)
    assert line.startswith(f"gomail: {tmp_path}/Maildir: the user with id {user or 65534} can't")


def test_twistd_runs_it(tmp_path: Path) -> None:
    """With its own options before ours; it stops as any service does."""
    make_maildir(tmp_path / "Maildir")
    command = (*TWISTD, "--nodaemon", "--pidfile=", "gomail-inbox")
    options = ("--maildir", "Maildir", "--listen", "tcp:0:interface=127.0.0.1")
    server = Server(tmp_path, *options, command=command, environment={"HOME": str(tmp_path)})
    server.logged("starting up")
    server.stopped()
    assert "Traceback" not in server.output + server.complaints
    assert "Doorway" not in server.output  # whose comings and goings are for programmers


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    """At the start, with what was expected."""
    assert "there is no Maildir" in refused(tmp_path)
    make_maildir(tmp_path / "Maildir")
    assert "--help lists the options" in refused(tmp_path, "--nonsense")
    for host in ("http://x/", "name:8801", ""):
        assert "a name alone was expected" in refused(tmp_path, f"--host={host}")
    assert "such as --maildir FOLDER, not 'foo'" in refused(tmp_path, "foo")
    assert '"192.0.2.0/24" or "unix" was expected, not "banana"' in refused(
        tmp_path, "--proxy", "banana"
    )
    for listen, told in {
        f"unix:{tmp_path}/s:mode=zzz": "unix:PATH or unix:PATH:mode=660 was expected",
        "unix:": "unix:PATH or unix:PATH:mode=660 was expected",
        "ssl:8443:privateKey=/none": "ssl:PORT:privateKey=FILE:certKey=FILE was expected",
    }.items():
        line = refused(tmp_path, "--listen", listen)
        assert line.startswith(f"gomail: {listen!r} is no endpoint")
        assert told in line
    line = refused(tmp_path, "--proxy=192.0.2.1/24")
    assert "was 192.0.2.0/24 meant?" in line
    line = refused(tmp_path, "--listen", "tcp:none")
    assert "no port from 0 to 65535; an endpoint such as tcp:PORT or" in line
    path = tmp_path / "password"
    path.write_text("secret")
    path.chmod(0o644)
    assert "chmod 600" in refused(tmp_path, "--password-file", str(path))
    path.chmod(0o600)
    assert "a hash of argon2 was expected" in refused(tmp_path, "--password-file", str(path))
    assert "Is a directory" in refused(tmp_path, "--password-file", str(tmp_path))
