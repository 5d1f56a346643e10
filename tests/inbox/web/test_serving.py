"""Where a real inbox listens that is not the loopback."""

import ssl
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.certificates.pairs import pair, written
from tests.inbox.web.browsing import GOMAIL_INBOX, home, set_password
from tests.inbox.web.conftest import StartInbox
from tests.patience import PATIENCE
from tests.system.running import Server, free_port

pytestmark = pytest.mark.system


def test_unix_socket_is_its_owners(start_inbox: StartInbox, tmp_path: Path) -> None:
    """Whoever may connect may read the mail."""
    inbox = start_inbox(listen=f"unix:{tmp_path}/s")
    assert "unix:" in inbox.server.output
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600


def test_tls_is_twisteds_own(tmp_path: Path, start_inbox: StartInbox) -> None:
    """An endpoint ssl: speaks HTTP with who offers more, as browsers do; the cookie is for TLS."""
    files = written(tmp_path, pair("localhost"))
    port, secret = free_port(), tmp_path / "password"
    set_password(secret, "correct horse")
    named = f"privateKey={files.key}:certKey={files.certificate}"
    listen = f"ssl:{port}:interface=127.0.0.1:{named}"
    start_inbox("--password-file", str(secret), listen=listen)
    again = Server(tmp_path, "--listen", listen, command=GOMAIL_INBOX, environment=home(tmp_path))
    assert again.ended() == 1  # found out by Twisted alone, when it listens
    assert again.complaints.startswith(f"gomail: {listen}: Couldn't listen on 127.0.0.1:{port}")
    assert again.complaints.count("\n") == 1
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    connection = HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
    connection.request("GET", "/login")
    page = connection.getresponse().read().decode()
    token = page.partition('name="token" value="')[2].partition('"')[0]
    form = urlencode({"token": token, "password": "correct horse"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/login", form, kind)
    assert "; Secure" in str(connection.getresponse().getheader("Set-Cookie"))
    connection.close()
