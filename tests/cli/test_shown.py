"""``gomail units`` with an inbox: what that is started with."""

import sys
from pathlib import Path

import pytest

from gomail.cli import units as module
from tests.cli.test_units import USER, complaint, said


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder to install below; the program lies in no home."""
    monkeypatch.setattr(module, "_code", lambda _: ())
    monkeypatch.setattr(
        sys, "argv", ["pytest"]
    )  # not the program's own, as another test may have left it
    return tmp_path


def shown(*words: str) -> list[str]:
    """Give the lines of the unit of an inbox."""
    told = said("show", "--user", USER.pw_name, "--maildir", "/srv/mail", "--inbox", *words)
    return told.partition("gomail-inbox.service\n")[2].splitlines()


def steps(folder: Path, *words: str) -> str:
    """Install with an inbox, and give what is left to do."""
    options = ("--user", USER.pw_name, "--maildir", "/srv/mail", "--inbox", *words)
    return said("install", "--root", str(folder), *options).splitlines()[-1]


def test_inbox_is_started_with_what_is_said(folder: Path) -> None:
    """Its names, its proxies, and where it listens; the password that it needs is asked for."""
    options = ("--host", "mail.a.example", "--host", "192.0.2.1", "--proxy", "127.0.0.1")
    lines = shown(*options, "--proxy", "unix")
    [started] = [line for line in lines if line.startswith("ExecStart=")]
    assert started.endswith(
        " inbox --maildir /srv/mail --host mail.a.example --host 192.0.2.1"
        " --proxy 127.0.0.1/32 --proxy unix"
    )
    assert "IPAddressDeny=any" in lines
    path = "/var/lib/gomail/inbox-password"
    asked = f" && runuser -u {USER.pw_name} -- {sys.executable} -m gomail inbox --set-password"
    last = " && systemctl enable --now gomail-inbox.service"
    told = steps(folder, *options)
    assert told.endswith(f"gomail.service{asked} --password-file {path}{last}")
    (folder / path[1:]).parent.mkdir(parents=True)
    (folder / path[1:]).touch()
    told = steps(folder, *options)
    assert told.endswith(f"gomail.service{last}")


@pytest.mark.parametrize(
    ("listen", "is_local"),
    [
        ("tcp:8025", False),
        ("tcp:8025:interface=192.0.2.1", False),
        ("tcp:8025:interface=127.0.0.2", True),
        (r"tcp:8025:interface=\:\:1", True),
        ("unix:/srv/inbox/socket:mode=660", True),
    ],
)
def test_sandbox_of_the_inbox_is_as_wide_as_where_it_listens(
    folder: Path, listen: str, *, is_local: bool
) -> None:
    """Others reach it where that is said, and then there is a password."""
    lines = shown("--inbox-listen", listen)
    assert ("IPAddressDeny=any" in lines) is is_local
    assert ("IPAddressAllow=localhost" in lines) is is_local
    assert ("ReadWritePaths=/srv/inbox" in lines) is listen.startswith("unix")
    told = steps(folder, "--inbox-listen", listen)
    assert ("--set-password" in told) is not is_local
    assert (f"install -d -o {USER.pw_name} /srv/inbox &&" in told) is listen.startswith("unix")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "http://x/"), "--host http://x/: a name alone was expected"),
        (("--proxy", "banana"), '--proxy banana: a network such as "192.0.2.0/24" or "unix"'),
        (("--inbox-listen", "tcp:x"), "a port from 0 to 65535 was expected"),
        (("--inbox-listen", "ssl:8443"), "another tcp: or unix:PATH was expected of a unit"),
        (("--inbox-listen", "unix:socket"), "a path from the root on was expected"),
        (("--inbox-listen", "unix:/home/alice/s"), "in a folder of the socket's own"),
        (("--inbox-listen", "unix:/run/s"), "in a folder of the socket's own"),
        (("--inbox-listen", "unix:/home/../etc/a/s"), "in a folder of the socket's own"),
        (("--inbox-listen", "unix:/tmp/a/s"), "in a folder of the socket's own"),
        (("--inbox-listen", "unix:/srv/a b/s"), "letters, digits and"),
    ],
)
def test_what_no_inbox_is_started_with_is_told(options: tuple[str, ...], told: str) -> None:
    """Before there is a unit that fails."""
    words = ("show", "--user", USER.pw_name, "--maildir", "/srv/mail")
    assert told in complaint(*words, "--inbox", *options)
    assert "--inbox was expected beside them" in complaint(*words, *options)
