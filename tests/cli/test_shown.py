"""``gomail units`` with an inbox: what that is started with."""

import grp
import sys
from pathlib import Path

import pytest

from gomail.cli import units as module
from tests.cli.test_units import USER, complaint, said

GROUP = next(group.gr_name for group in grp.getgrall() if group.gr_gid)
OWN = "in a folder of the socket's own"
PROXIED = ("--proxy", "unix", "--inbox-listen", "unix:/srv/q/s")
LONG = f"unix:/srv/{'x' * 101}/s"


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


def test_folder_of_the_socket_is_made_for_the_group_of_the_proxy(folder: Path) -> None:
    """As the page on the inbox has it; the socket is the group's, whether that is said or not."""
    path = "/var/lib/gomail-inbox/socket"
    options = ("--proxy", "unix", "--inbox-group", GROUP)
    made = f" install -d -m 2750 -g {GROUP} -o {USER.pw_name} /var/lib/gomail-inbox &&"
    for listen in (f"unix:{path}", f"unix:{path}:mode=660"):
        lines = shown(*options, "--inbox-listen", listen)
        [started] = [line for line in lines if line.startswith("ExecStart=")]
        assert started.endswith(f" --proxy unix --listen unix:{path}:mode=660")
        assert "ReadWritePaths=/var/lib/gomail-inbox" in lines
        assert made in steps(folder, *options, "--inbox-listen", listen)


def test_state_folder_is_made_by_systemd_and_none_within_it(folder: Path) -> None:
    """What is not made there, a step makes."""
    told = steps(folder, "--inbox-listen", "unix:/var/lib/gomail/socket")
    assert "/var/lib/gomail &&" not in told
    told = steps(folder, "--inbox-listen", "unix:/var/lib/gomail/inbox/socket")
    assert f"install -d -o {USER.pw_name} /var/lib/gomail/inbox &&" in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "http://x/"), "--host http://x/: a name alone was expected"),
        (("--proxy", "banana"), '--proxy banana: a network such as "192.0.2.0/24" or "unix"'),
        (("--inbox-listen", "tcp:x"), "a port from 0 to 65535 was expected"),
        (("--inbox-listen", "ssl:8443"), "another tcp: or unix:PATH was expected of a unit"),
        (("--inbox-listen", "unix:socket"), "a path from the root on was expected"),
        (("--inbox-listen", "unix:/home/alice/s"), OWN),
        (("--inbox-listen", "unix:/run/s"), OWN),
        (("--inbox-listen", "unix:/home/../etc/a/s"), OWN),
        (("--inbox-listen", "unix:/tmp/a/s"), OWN),
        (("--inbox-listen", "unix://home/alice/s"), OWN),
        (("--inbox-listen", "unix:/run/inbox/s"), "that is still there after a boot"),
        (("--inbox-listen", "unix:/etc/systemd/system/s"), OWN),
        (("--inbox-listen", "unix:/var/lib/s"), "/var/lib is somebody else's"),
        (("--inbox-listen", LONG), "a path of 107 octets at most was expected"),
        (("--inbox-listen", "unix:/srv/q/s:mode=zz"), "mode=660 was expected, with rights"),
        (("--inbox-listen", "unix:/srv/q/s:backlog=99999999999"), "backlog=50 was expected"),
        (("--inbox-listen", "tcp:80"), "a port from 1024 on was expected"),
        (("--inbox-listen", "tcp:0"), "a port from 1024 on was expected"),
        (("--inbox-listen", "tcp:8025:frob=1"), "frob is not known"),
        (("--inbox-listen", "tcp:8025:interface=localhost"), "such as interface=127.0.0.1"),
        (("--inbox-group", GROUP), "--inbox-listen unix:PATH was expected beside it"),
        ((*PROXIED, "--inbox-group", "gone"), "a group of this machine was expected"),
        ((*PROXIED, "--inbox-group", "a b"), "a group of this machine was expected"),
        (PROXIED, "--inbox-group NAME was expected, the proxy's"),
        (
            ("--inbox-listen", "unix:/srv/q/s:mode=600", "--inbox-group", GROUP),
            "mode=660 was expected beside --inbox-group",
        ),
        (
            ("--inbox-listen", "unix:/var/lib/gomail/s", "--inbox-group", GROUP),
            "a folder elsewhere than in /var/lib/gomail",
        ),
        (("--inbox-listen", "unix:/srv/a b/s"), "letters, digits and"),
    ],
)
def test_what_no_inbox_is_started_with_is_told(options: tuple[str, ...], told: str) -> None:
    """Before there is a unit that fails."""
    words = ("show", "--user", USER.pw_name, "--maildir", "/srv/mail")
    assert told in complaint(*words, "--inbox", *options)
    assert "--inbox was expected beside them" in complaint(*words, *options)
