"""How-tos about where gomail stands: for several domains, behind a proxy, beside other services."""

import re
import signal
import smtplib
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS
from tests.docs.examples import TWISTD, running, send
from tests.docs.story import Story
from tests.interop.certbot import GOMAIL
from tests.interop.haproxy import HAProxy
from tests.interop.server import wait_for
from tests.interop.software import needs, run
from tests.patience import PATIENCE
from tests.system.running import Server, free_port

CONTENT = b"Subject: x\r\n\r\nHello.\r\n"


def mail(port: int, *recipients: str, source: str = "127.0.0.2") -> dict[str, tuple[int, bytes]]:
    """Send a message from an address of this machine; give who was refused."""
    with smtplib.SMTP("127.0.0.1", port, "x.example", PATIENCE, (source, 0)) as client:
        return client.sendmail("me@client.example", recipients, CONTENT)


@pytest.mark.interop
def test_howto_haproxy(folder: Path) -> None:
    """HAProxy and gomail by the page's own files: the client is known by its address."""
    needs("haproxy")
    port = free_port()
    with Story("docs/howto/haproxy.md") as story:
        whole = story.take("haproxy", "bind :25\n", "192.0.2.25:2525 send-proxy-v2")
        whole = whole.replace(":25\n", " 127.0.0.1:{port}\n").replace(
            "192.0.2.25:2525", f"127.0.0.1:{port}"
        )
        settings = story.take("toml", 'endpoint = "tcp:2525"', "192.0.2.10")
        settings = settings.replace("tcp:2525", f"tcp:{port}:interface=127.0.0.1")
    (folder / "gomail.toml").write_text(
        f'hostname = "mx.example.org"\n{settings.replace("192.0.2.10", "127.0.0.1")}'
        '[checks]\nenabled = false\n[domains."example.org"]\n'
    )
    gomail = Server(folder, "--config", "gomail.toml")
    try:
        wait_for("an announcement", lambda: "stop it with" in gomail.output)
        proxy = HAProxy(folder, whole=whole)
        try:
            wait_for("HAProxy to listen", lambda: _listens(proxy.port))
            assert mail(proxy.port, "you@example.org") == {}
            gomail.logged("of 127.0.0.2:")
            (message,) = gomail.messages()
            assert b"Received: from x.example ([127.0.0.2])" in message
        finally:
            proxy.stop()
    finally:
        assert gomail.stopped() == 0


def _listens(port: int) -> bool:
    """Tell whether a session can be had."""
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE).quit()
    except OSError:
        return False
    return True


@pytest.mark.system
def test_howto_domains(tmp_path: Path) -> None:
    """Mail for two domains goes where the page says, and nowhere else."""
    with Story("docs/howto/domains.md") as story:
        settings = story.take("toml", "carol@example.net").replace("/srv/mail", f"{tmp_path}/mail")
        check = story.take("sh", "gomail config check", "systemctl reload")
        tables = story.take("sql")
    with closing(sqlite3.connect(tmp_path / "gomail.db")) as database, database:
        database.executescript(tables)
    names = f'mailboxes = "sqlite:{tmp_path}/gomail.db"\n'
    stored = f'maildir = "/m/{{mailbox}}"\n[domains."example.org"]\n{names}'
    (tmp_path / "stored.toml").write_text(f'{stored}[domains."example.net"]\n{names}')
    told = run([*GOMAIL, "config", "check", str(tmp_path / "stored.toml")])
    assert "2 domains, 2 mailboxes" in told
    assert "never found" not in told
    listener = '[[listener]]\nendpoint = "tcp:0:interface=127.0.0.1"\n'
    (tmp_path / "gomail.toml").write_text(settings + listener)
    words = check.splitlines()[0].replace("/etc", str(tmp_path)).split()
    run([*GOMAIL, *words[1:]])
    gomail = Server(tmp_path, "--config", "gomail.toml").started()
    refused = mail(
        gomail.port,
        *("sales@example.org", "carol@example.org", "anybody@example.net"),
        *("anybody@example.org", "postmaster@example.net", "x@post.example.org"),
    )
    gomail.tell(signal.SIGHUP)  # what systemctl reload does
    gomail.logged("the configuration was read again and is in force")
    assert gomail.stopped() == 0
    assert refused.keys() == {"anybody@example.org", "x@post.example.org"}
    found = {
        path.parents[1].relative_to(tmp_path / "mail") for path in tmp_path.glob("mail/*/*/new/*")
    }
    assert found == {Path("example.org/alice"), Path("example.org/bob"), Path("example.net/carol")}


@pytest.mark.system
def test_howto_beside(tmp_path: Path) -> None:
    """The page's application, started as the page says, serves mail and pages."""
    smtp, web = free_port(), free_port()
    with Story("docs/howto/beside.md") as story:
        application = story.take("python")
        assert application == (DOCS / "examples/beside.tac").read_text()
        (tmp_path / "beside.tac").write_text(application.replace("8080", str(web)))
        settings = story.take("toml").replace("2525", str(smtp))
        (tmp_path / "gomail.toml").write_text(settings)
        program, *words = story.take("sh").split()
    assert program == "twistd"
    (tmp_path / "public").mkdir()
    (tmp_path / "public/index.html").write_text("Hello.")
    with running(tmp_path, "-c", TWISTD, *words, port=smtp) as process:
        send(smtp, "anybody@here.example")
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/", timeout=PATIENCE) as page:
            assert page.read() == b"Hello."
    assert process.returncode in {0, -signal.SIGINT}
    (stored,) = tmp_path.glob("Maildir/new/*")
    assert re.search(rb"\n\nHello.\n\Z", stored.read_bytes())
