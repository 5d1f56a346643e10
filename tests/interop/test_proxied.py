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
    """Its socket is made within the sandbox, and is the proxy's by its name and the password."""
    systemd.does("useradd", "--create-home", "--home-dir", "/home/alice", "alice")
    systemd.does("install", "-d", "-m", "700", "-o", "alice", "/var/lib/gomail")
    password = "/var/lib/gomail/inbox-password"
    set_it = f"/opt/gomail/bin/gomail inbox --set-password --password-file {password}"
    systemd.does("sh", "-c", f"echo correct horse | runuser -u alice -- {set_it}")
    listen = "unix:/srv/inbox/socket:mode=660"
    options = ("--host", "mail.example.org", "--proxy", "unix", "--inbox-listen", listen)
    install(systemd, "--user", "alice", "--inbox", *options, *MX)
    assert systemd.does("stat", "-c", "%U %a", "/srv/inbox/socket") == "alice 660\n"
    curl = ("curl", "--silent", "--max-time", "30", "--unix-socket", "/srv/inbox/socket")
    assert 'name="password"' in systemd.does(*curl, "http://mail.example.org/login")
    assert "Not under this name" in systemd.does(*curl, "http://elsewhere.example/login")
    assert systemd.wrong() == []
