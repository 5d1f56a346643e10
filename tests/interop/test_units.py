"""The units that are written out, judged and run by systemd itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gomail.cli import units as module
from gomail.cli.units import units
from tests.interop.booted import gomail_under_systemd, python
from tests.interop.server import wait_for
from tests.interop.software import needs, run
from tests.interop.systemd import Systemd

pytestmark = pytest.mark.interop
HIGHEST = 2.0  # of the exposure that systemd-analyze counts, from 0 to 10
UNITS = "etc/systemd/system"
SHAPES = {
    "one": ("--user", "daemon", "--maildir", "/srv/mail"),
    "many": ("--config", "gomail.toml"),
    "one without socket": ("--user", "daemon", "--maildir", "/srv/mail", "--no-socket"),
    "many without socket": ("--config", "gomail.toml", "--no-socket"),
    "group": ("--config", "group.toml"),
}
MX = ("--hostname", "mx.example.org", "--domain", "example.org")
MANY = """
hostname = "mx.example.org"
maildir = "/srv/mail/{domain}/{mailbox}"
[domains."example.org"]
mailboxes = ["alice", "bob"]
"""
HTML = """\
Subject: hello
MIME-Version: 1.0
Content-Type: text/html

<p>Hello.</p><script>alert(1)</script><img src="https://remote.example/seen.gif">
"""
# Sends a message, encrypted, to an address, and says good-bye.
SEND = """
import smtplib, ssl, sys
host, recipients, content = sys.argv[1:]
with smtplib.SMTP(host, 25, timeout=60) as session:
    session.starttls(context=ssl._create_unverified_context())
    session.sendmail("me@client.example", recipients.split(), content)
"""
# A handshake between two ends in one process; the server chooses its certificate in a callback.
HANDSHAKE = """
from datetime import datetime, timedelta
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL

key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.example.org")])
builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
now = datetime.now()
builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
certificate = builder.sign(key, SHA256())
named, alpn = [], []
contexts = SSL.Context(SSL.TLS_METHOD), SSL.Context(SSL.TLS_METHOD)
for context in contexts:
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_alpn_select_callback(lambda c, protocols: alpn.append(1) or protocols[0])
contexts[0].set_tlsext_servername_callback(lambda c: (named.append(1), c.set_context(contexts[1])))
contexts[0].set_info_callback(lambda *_: None)
contexts[1].set_verify(SSL.VERIFY_PEER, lambda *_: True)
contexts[1].set_alpn_protos([b"smtp"])
server, client = SSL.Connection(contexts[0], None), SSL.Connection(contexts[1], None)
server.set_accept_state()
client.set_connect_state()
client.set_tlsext_host_name(b"mx.example.org")
for _ in range(5):
    for here, there in ((client, server), (server, client)):
        try:
            here.do_handshake()
        except SSL.WantReadError:
            pass
        try:
            there.bio_write(here.bio_read(65536))
        except SSL.WantReadError:
            pass
client.send(b"EHLO")
server.bio_write(client.bio_read(65536))
assert server.recv(4) == b"EHLO" and named and alpn
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with two files of settings; the program lies in no home."""
    maildir = 'maildir = "/srv/mail/{domain}/{mailbox}"\n'
    domain = '[domains."a.example"]\nmailboxes = ["alice"]\n'
    (tmp_path / "gomail.toml").write_text(maildir + domain)
    (tmp_path / "group.toml").write_text(f'group = "mail"\n{maildir}{domain}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "_code", lambda _: ())


def write(root: Path, *options: str) -> list[Path]:
    """Write units below a folder, and give the paths of those for systemd."""
    done = CliRunner().invoke(units, ["install", "--root", str(root), *options])
    assert done.exit_code == 0, done.output
    return sorted((root / UNITS).iterdir())


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("shape", SHAPES)
def test_sandbox_is_tight(shape: str, tmp_path: Path) -> None:
    """The measure that systemd has for units finds each shape well protected."""
    service = write(tmp_path, *SHAPES[shape])[0]
    said = run([needs("systemd-analyze"), "security", "--offline=yes", "--no-pager", service])
    exposure = re.search(r"Overall exposure level for gomail.service: ([\d.]+)", said)
    assert exposure, said
    assert float(exposure[1]) <= HIGHEST, said


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("shape", SHAPES)
def test_units_are_sound(shape: str, tmp_path: Path) -> None:
    """Each line is one that systemd knows, with a value that it understands."""
    written = write(tmp_path, *SHAPES[shape])
    assert run([needs("systemd-analyze"), "verify", *written]) == ""


@pytest.mark.usefixtures("settings")
def test_unit_of_the_inbox_is_sound_and_tight(tmp_path: Path) -> None:
    """As the server's are."""
    options = (*SHAPES["one"], "--inbox")
    [service] = [each for each in write(tmp_path, *options) if "inbox" in each.name]
    assert run([needs("systemd-analyze"), "verify", service]) == ""
    said = run([needs("systemd-analyze"), "security", "--offline=yes", "--no-pager", service])
    exposure = re.search(r"Overall exposure level for gomail-inbox.service: ([\d.]+)", said)
    assert exposure, said
    assert float(exposure[1]) <= HIGHEST, said


@pytest.fixture
def systemd() -> Iterator[Systemd]:
    """Give a systemd as PID 1, with gomail in /opt/gomail, and its log in /run/gomail.log."""
    with gomail_under_systemd("WatchdogSec=3\nRestartSec=0.1\n") as systemd:
        yield systemd


def install(systemd: Systemd, *options: str) -> None:
    """Do what the README says: write the units, and then what that asks for."""
    told = systemd.does("/opt/gomail/bin/gomail", "units", "install", *options)
    systemd.does("sh", "-c", told.splitlines()[-1])
    assert systemd.shows("gomail.service", "ActiveState") == "active"


def send(systemd: Systemd, host: str, *recipients: str) -> None:
    """Send a mail from inside."""
    systemd.does(python(), "-c", SEND, host, " ".join(recipients), "Subject: x\n\nx\n")


def stored(systemd: Systemd, folder: str) -> int:
    """Count the messages in a Maildir."""
    return len(systemd.does("ls", f"{folder}/new").split())


@pytest.mark.needs_root
@pytest.mark.parametrize("socket", [(), ("--no-socket",)], ids=["socket", "no socket"])
def test_many_mailboxes_under_systemd(systemd: Systemd, socket: tuple[str, ...]) -> None:
    """It starts, receives by IPv4 and IPv6, reads its file again, and stops, in the sandbox."""
    systemd.writes("/etc/gomail.toml", MANY)
    install(systemd, *socket)
    assert systemd.shows("gomail.service", "StatusText").endswith("open")
    send(systemd, "127.0.0.1", "alice@example.org", "bob@example.org")
    send(systemd, "::1", "alice@example.org")
    assert stored(systemd, "/srv/mail/example.org/alice") == 2
    owner = systemd.does("stat", "-c", "%U %a", "/srv/mail/example.org/alice/new")
    assert owner == "gomail 700\n"
    systemd.writes("/etc/gomail.toml", MANY.replace('"bob"', '"carol"'))
    systemd.does("systemctl", "reload", "gomail.service")
    systemd.logs("the configuration was read again and is in force")
    send(systemd, "::1", "carol@example.org")
    assert stored(systemd, "/srv/mail/example.org/carol") == 1
    (name,) = systemd.does("ls", "/srv/mail/example.org/carol/new").split()
    agent = systemd.does("pgrep", "-u", "gomail", "-f", "gomail.delivery.agent").strip()
    assert f"P{agent}Q" in name  # it works in the sandbox, too
    systemd.does("systemctl", "stop", "gomail.service", *([] if socket else ["gomail.socket"]))
    assert systemd.shows("gomail.service", "Result") == "success"
    assert systemd.shows("gomail.service", "NRestarts") == "0"
    assert systemd.wrong() == []


@pytest.mark.needs_root
def test_tls_works_in_the_sandbox(systemd: Systemd) -> None:
    """OpenSSL's calls back to Python go through memory that is made executable by cffi."""
    systemd.writes("/etc/gomail.toml", MANY)
    install(systemd)
    service = systemd.does("cat", f"/{UNITS}/gomail.service")
    systemd.writes("/opt/gomail/handshake.py", HANDSHAKE)
    command = "ExecStart=/opt/gomail/bin/python /opt/gomail/handshake.py\\n"
    command += "StandardError=append:/run/gomail.log"
    other = re.sub("(?m)^ExecStart=.*$", command, service).replace("Type=notify", "Type=oneshot")
    systemd.writes(f"/{UNITS}/handshake.service", other)
    systemd.does("systemctl", "daemon-reload")
    systemd.does("systemctl", "start", "handshake.service")
    assert systemd.shows("handshake.service", "Result") == "success"


@pytest.mark.needs_root
def test_one_person_under_systemd(systemd: Systemd) -> None:
    """The Maildir in a home is written to; the rest of that home, and of others', is not seen."""
    systemd.does("useradd", "--create-home", "--home-dir", "/home/alice", "alice")
    systemd.writes("/home/alice/secret", "the key of everything")
    install(systemd, "--user", "alice", *MX)
    send(systemd, "127.0.0.1", "anybody@example.org")
    assert stored(systemd, "/home/alice/Maildir") == 1
    main = systemd.shows("gomail.service", "MainPID")
    seen = systemd.does("ls", "-A", f"/proc/{main}/root/home", f"/proc/{main}/root/home/alice")
    assert "secret" not in seen
    assert "Maildir" in seen
    rights = systemd.does("grep", "Cap", f"/proc/{main}/status")
    assert set(re.findall(r"\t(\w+)", rights)) == {"0" * 16}


def asked(systemd: Systemd, path: str, *options: str) -> str:
    """Ask the inbox for a page, or send a form."""
    curl = ("curl", "--silent", "--show-error", "--fail", "--max-time", "30")
    return systemd.does(*curl, *options, f"http://127.0.0.1:8025{path}")


@pytest.mark.needs_root
def test_inbox_under_systemd(systemd: Systemd) -> None:
    """In its sandbox messages are read by children, marked, and followed live; a hang is mended."""
    systemd.does("useradd", "--create-home", "--home-dir", "/home/alice", "alice")
    systemd.writes("/home/alice/secret", "the key of everything")
    install(systemd, "--user", "alice", "--inbox", *MX)
    assert systemd.shows("gomail-inbox.service", "StatusText") == "http://127.0.0.1:8025/"
    systemd.does(python(), "-c", SEND, "127.0.0.1", "anybody@example.org", HTML)
    (key,) = set(re.findall(r'data-key="(\w+)"', asked(systemd, "/?q=subject:hello")))
    page = asked(systemd, f"/message/{key}?view=html")
    assert "1 remote reference blocked" in page
    assert "<p>Hello.</p>" in asked(systemd, f"/message/{key}/html")
    (token,) = re.findall(r'name="token" value="(\w+)"', page)
    form = ("--data", f"token={token}&mark=flagged")
    asked(systemd, f"/message/{key}/mark", *form, "--header", "Accept: application/json")
    assert ":2,F" in systemd.does("ls", "/home/alice/Maildir/new", "/home/alice/Maildir/cur")
    events = ("curl", "--silent", "--max-time", "2", "http://127.0.0.1:8025/live/events")
    assert '"messages": 1' in systemd.tries(*events)  # by the server's control socket
    (index,) = systemd.does("find", "/var/cache/gomail", "-name", "*.sqlite").split()
    assert systemd.does("stat", "-c", "%U %a", index) == "alice 600\n"
    main = systemd.shows("gomail-inbox.service", "MainPID")
    seen = systemd.does("ls", "-A", f"/proc/{main}/root/home/alice")
    assert seen == "Maildir\n"
    systemd.does("kill", "-STOP", main)
    wait_for("a restart", lambda: int(systemd.shows("gomail-inbox.service", "NRestarts")) > 0)
    wait_for("it is ready", lambda: systemd.shows("gomail-inbox.service", "SubState") == "running")
    assert key in asked(systemd, "/")
    systemd.does("systemctl", "stop", "gomail-inbox.service")
    assert systemd.shows("gomail-inbox.service", "Result") == "success"
    assert systemd.wrong() == []


@pytest.mark.needs_root
def test_group_that_shares_the_maildirs_under_systemd(systemd: Systemd) -> None:
    """Files go to the group, and folders have the setgid bit, which the sandbox allows for once."""
    systemd.writes("/etc/gomail.toml", f'group = "mail"\n{MANY}')
    install(systemd)
    send(systemd, "127.0.0.1", "alice@example.org")
    folder = "/srv/mail/example.org/alice/new"
    assert systemd.does("stat", "-c", "%U %G %a", folder) == "gomail mail 2770\n"
    files = systemd.does("sh", "-c", f"stat -c '%U %G %a' {folder}/*")
    assert files == "gomail mail 660\n"


@pytest.mark.needs_root
def test_r19_process_that_does_not_turn_is_started_anew(systemd: Systemd) -> None:
    """The watchdog ends it; what came meanwhile waits in the socket, and is received."""
    systemd.writes("/etc/gomail.toml", MANY)
    install(systemd)
    systemd.does("kill", "-STOP", systemd.shows("gomail.service", "MainPID"))
    send(systemd, "127.0.0.1", "alice@example.org")
    assert int(systemd.shows("gomail.service", "NRestarts")) > 0
    assert stored(systemd, "/srv/mail/example.org/alice") == 1


@pytest.mark.needs_root
def test_r19_mail_that_comes_while_it_is_killed_is_received(systemd: Systemd) -> None:
    """Who connects while the process is gone is greeted by the next one."""
    systemd.writes("/etc/gomail.toml", MANY)
    install(systemd)
    for count in range(1, 4):
        systemd.does("kill", "-KILL", systemd.shows("gomail.service", "MainPID"))
        send(systemd, "::1", "alice@example.org")
        assert stored(systemd, "/srv/mail/example.org/alice") == count
