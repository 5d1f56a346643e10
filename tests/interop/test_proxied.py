"""The unit of an inbox that a proxy passes requests on to, run by systemd itself."""

from collections.abc import Iterator

import pytest

from tests.interop.booted import gomail_under_systemd
from tests.interop.systemd import Systemd
from tests.interop.test_units import MX, install

pytestmark = pytest.mark.interop


@pytest.fixture
def systemd() -> Iterator[Systemd]:
    """Give a systemd as PID 1, with gomail in /opt/gomail."""
    with gomail_under_systemd() as systemd:
        yield systemd


@pytest.mark.needs_root
def test_inbox_for_a_proxy_under_systemd(systemd: Systemd) -> None:
    """Its socket is made within the sandbox for the proxy's group, which alone is let in."""
    systemd.does("useradd", "--create-home", "--home-dir", "/home/alice", "alice")
    systemd.does("install", "-d", "-m", "700", "-o", "alice", "/var/lib/gomail")
    password = "/var/lib/gomail/inbox-password"
    set_it = f"/opt/gomail/bin/gomail inbox --set-password --password-file {password}"
    systemd.does("sh", "-c", f"echo correct horse | runuser -u alice -- {set_it}")
    path = "/var/lib/gomail-inbox/socket"
    listen = ("--inbox-listen", f"unix:{path}", "--inbox-group", "www-data")
    options = ("--host", "mail.example.org", "--proxy", "unix", *listen)
    install(systemd, "--user", "alice", "--inbox", *options, *MX)
    assert systemd.does("stat", "-c", "%U %G %a", path) == "alice www-data 660\n"
    curl = ("curl", "--silent", "--show-error", "--max-time", "30", "--unix-socket", path)
    proxy = ("runuser", "-u", "www-data", "--", *curl)
    assert 'name="password"' in systemd.does(*proxy, "http://mail.example.org/login")
    assert "Not under this name" in systemd.does(*proxy, "http://elsewhere.example/login")
    other = ("runuser", "-u", "nobody", "--", *curl)
    assert "Couldn't connect" in systemd.tries(*other, "http://mail.example.org/login")
    # A second time its folder is there, and as it should be.
    told = systemd.does(
        "/opt/gomail/bin/gomail", "units", "install", "--user", "alice", "--inbox", *options, *MX
    )
    assert "install -d" not in told
    assert systemd.wrong() == []
