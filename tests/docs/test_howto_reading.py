"""How-tos about those who read and answer: Dovecot for a phone, mutt with msmtp."""

import imaplib
import pwd
import re
import shutil
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from gomail.certificates.keeper import world_time
from gomail.certificates.wanted import Files
from tests.certificates.pairs import pair, written
from tests.docs.story import Story
from tests.docs.submission import Submission
from tests.interop.reading import on_disk, send
from tests.interop.server import Gomail, wait_for
from tests.interop.software import end, needs, run
from tests.patience import PATIENCE
from tests.system.running import free_port

pytestmark = pytest.mark.interop
# What the test needs beside the page's file: places of its own, no passwords of the machine.
_OURS = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user.pw_uid} gid={user.pw_gid} home={home}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
"""


def certified(folder: Path, name: str) -> Files:
    """Write a certificate and its key."""
    return written(folder, pair(name, ends=world_time() + timedelta(days=9)), name)


def trusting(files: Files) -> ssl.SSLContext:
    """Give what trusts one certificate, and does not look whose host it is."""
    context = ssl.create_default_context(cafile=files.certificate)
    context.check_hostname = False
    return context


@pytest.mark.needs_root
def test_howto_dovecot(folder: Path, owner: pwd.struct_passwd, owned: Gomail) -> None:
    """Debian's Dovecot, with the page's file, lets a phone read and flag what gomail stored."""
    program = needs("dovecot")
    with Story("docs/howto/dovecot.md") as story:
        settings = story.take("dovecot", "mail_location = maildir:~/Maildir")
        commands = story.take("sh", "sudo doveconf -n", "sudo systemctl restart dovecot")
    files, port = certified(folder, "mx.example.org"), free_port()
    etc = configured(folder, owner, settings, files, port)
    assert commands.startswith("sudo doveconf -n\n")
    understood = run([needs("doveconf"), "-n", "-c", etc / "dovecot.conf"])
    assert "mail_location = maildir:~/Maildir" in understood
    assert "ssl = required" in understood
    send(owned, 1, 2)
    with (folder / "dove/out").open("wb") as output:
        process = subprocess.Popen(
            [program, "-F", "-c", etc / "dovecot.conf"], stdout=output, stderr=output
        )
    try:
        with _connected(process, port, files, folder / "dove/out") as client:
            client.login("you", "secret")
            assert client.select("INBOX") == ("OK", [b"2"])
            assert client.store("1", "+FLAGS", r"(\Flagged)")[0] == "OK"
            _, folders = client.lsub()
            assert any(b"Junk" in each for each in folders if isinstance(each, bytes))
        wait_for("the flag", lambda: "cur:F" in on_disk(owned.maildir).values())
    finally:
        end(process)
    said = (folder / "dove/log").read_text()
    assert not re.search(r"Error|Fatal|Panic", said), said


def configured(
    folder: Path, owner: pwd.struct_passwd, settings: str, files: Files, port: int
) -> Path:
    """Give a folder with Debian's configuration, in which *settings* are the local.conf."""
    live = "/etc/letsencrypt/live/mx.example.org"
    settings = settings.replace(f"{live}/fullchain.pem", files.certificate)
    settings = settings.replace(f"{live}/privkey.pem", files.key)
    assert live not in settings
    etc = folder / "dovecot"
    shutil.copytree("/etc/dovecot", etc, ignore=shutil.ignore_patterns("private"))
    # No passwords of this machine, nor the certificate that Debian's installation makes.
    for name, ours in (("10-auth.conf", "!include auth-system"), ("10-ssl.conf", "ssl_")):
        lines = (etc / "conf.d" / name).read_text().splitlines(keepends=True)
        (etc / "conf.d" / name).write_text("".join(x for x in lines if not x.startswith(ours)))
    (folder / "dove").mkdir()
    ours = _OURS.format(folder=folder / "dove", user=owner, home=folder, port=port)
    (etc / "local.conf").write_text(settings + ours)
    return etc


def _connected(
    process: subprocess.Popen[bytes], port: int, files: Files, log: Path
) -> imaplib.IMAP4_SSL:
    """Connect, as soon as that is possible."""

    def connected() -> imaplib.IMAP4_SSL | None:
        assert process.poll() is None, log.read_text()
        try:
            return imaplib.IMAP4_SSL(
                "127.0.0.1", port, ssl_context=trusting(files), timeout=PATIENCE
            )
        except OSError:
            return None

    return wait_for("Dovecot to greet", connected)


def test_howto_reply(folder: Path) -> None:
    """What is typed sends a message by the page's files through a server that wants a password."""
    programs = needs("mutt"), needs("msmtp")
    files = certified(folder, "localhost")
    server = Submission(files, "you@example.org", "a secret")
    try:
        with Story("docs/howto/reply.md") as story:
            settings = story.take("msmtp", "host smtp.provider.example\nport 465\n")
            settings = settings.replace("smtp.provider.example", "localhost")
            settings = settings.replace("port 465", f"port {server.port}")
            trusted = f"defaults\ntls_trust_file {files.certificate}\n"
            (folder / ".msmtprc").write_text(settings.replace("defaults\n", trusted))
            (folder / ".config").mkdir()
            (folder / ".config/submission-password").write_text("a secret\n")
            _types(folder, story.take("sh", "chmod 600"))
            assert (folder / ".msmtprc").stat().st_mode & 0o777 == 0o600
            (folder / ".muttrc").write_text(story.take("muttrc", programs[1]))
            (folder / "Maildir").mkdir()
            for each in ("cur", "new", "tmp"):
                (folder / "Maildir" / each).mkdir()
            _types(folder, story.take("sh", "mutt -s"))
    finally:
        server.stop()
    ((addresses, content),) = server.taken
    assert addresses == ["FROM:<you@example.org>", "TO:<friend@example.net>"]
    assert b"\r\nSubject: My first answer\r\n" in content
    assert re.search(rb"\r\nFrom: (?:.* <)?you@example\.org>?\r\n", content)
    assert content.endswith(b"\r\n\r\nIt works.\r\n")
    (sent,) = (folder / "Maildir/.Sent").glob("*/*:2,S")
    assert b"My first answer" in sent.read_bytes()


def _types(home: Path, line: str) -> None:
    """Type a line, at home."""
    run(["sh", "-ec", line], cwd=home, environment={"HOME": str(home), "EMAIL": ""})
