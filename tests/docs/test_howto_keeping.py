"""How-tos about what is kept: certificates that are renewed, backups, and what an end leaves."""

import os
import re
import signal
import smtplib
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.docs.machine import Machine, machine
from tests.docs.story import Story
from tests.interop.certbot import GOMAIL, MX, Authority, Certbot
from tests.interop.conftest import StartGomail
from tests.interop.openssl import number, serial
from tests.interop.server import Gomail, wait_for
from tests.interop.software import needs, needs_user, run
from tests.patience import PATIENCE
from tests.system.running import TWISTD, runs

pytestmark = pytest.mark.interop
COPIES = "/etc/gomail/certificates"
BEGIN = ("--hostname", MX, "--domain", "example.org")


@pytest.fixture
def authority(folder: Path) -> Iterator[Authority]:
    """Give an authority of our own."""
    (folder / "pebble").mkdir()
    ours = Authority(folder / "pebble")
    yield ours
    ours.stop()


@pytest.mark.needs_root
def test_howto_certificate(folder: Path, authority: Authority, start_gomail: StartGomail) -> None:
    """What certbot got is served by the page's settings, and shown; what it renews is, too."""
    certbot = Certbot(folder, authority)
    certbot.certify(MX)
    copies = folder / "copies"
    with Story("docs/howto/certificate.md") as story:
        install = story.take("sh", 'sudo "$(which gomail)" certificates install --user you')
        settings = story.take("toml", COPIES)
        look = story.take("sh", "sudo systemctl reload gomail\n", "certificates show --config")
    words = install.split()[3:]
    words[words.index("you")] = "daemon"
    places = ("--letsencrypt", str(certbot.folder), "--folder", str(copies))
    said = run([*GOMAIL, "certificates", *words[words.index("install") :], *places])
    assert settings.replace(COPIES, str(copies)) in said
    plain = f'hostname = "{MX}"\n[[listener]]\nendpoint = "tcp:0:interface=127.0.0.1"\n'
    gomail = start_gomail(settings=plain)
    live = certbot.folder / "live" / MX / "fullchain.pem"
    assert serial(gomail) != number(live.read_bytes())
    path = folder / "gomail.toml"
    path.write_text(plain + settings.replace(COPIES, str(copies)))
    gomail.tell(signal.SIGHUP)  # what systemctl reload does
    wait_for("certbot's certificate", lambda: serial(gomail) == number(live.read_bytes()))
    shown = run([*GOMAIL, *look.splitlines()[1].split()[3:-1], str(path)])
    assert f"names   {MX}\n" in shown
    certbot.renew()
    wait_for("the renewed one", lambda: serial(gomail) == number(live.read_bytes()))


def send(gomail: Gomail, *numbers: int) -> None:
    """Send messages with these numbers; each is acknowledged."""
    with smtplib.SMTP("127.0.0.1", gomail.port, timeout=PATIENCE) as client:
        for each in numbers:
            content = f"Subject: {each}\r\n\r\nNumber {each}.\r\n"
            client.sendmail("me@client.example", ["you@example.org"], content)


def reads(maildir: Path, stop: Event) -> None:
    """See each new message, as a mail program that looks again and again, until told to stop."""
    while not stop.is_set():
        for path in (maildir / "new").iterdir():
            path.rename(maildir / "cur" / f"{path.name}:2,S")


def test_howto_backup_while_mail_comes_and_is_read(folder: Path, gomail: Gomail) -> None:
    """All that was there when the backup began is in it, and whole."""
    needs("rsync")
    with Story("docs/howto/backup.md") as story:
        script = story.take("sh", "rsync -a", "--link-dest").replace("/media", str(folder))
        story.take("sh", "rsync -a /media/backup/last/")
    (folder / "backup").mkdir()
    before = set(range(60))
    send(gomail, *before)
    stop = Event()
    reader = Thread(target=reads, args=(gomail.maildir, stop), daemon=True)
    sender = Thread(target=send, args=(gomail, *range(60, 120)), daemon=True)
    reader.start()
    sender.start()
    try:
        # Status 24 says that files have vanished: what the page says to do once more.
        twice = re.sub(r"(?m)^(rsync .*)$", r"\1 || [ $? = 24 ]", script)
        run(["sh", "-ec", twice], environment={"HOME": str(folder)})
    finally:
        sender.join(PATIENCE)
        stop.set()
        reader.join(PATIENCE)
    kept = [path.read_text() for path in (folder / "backup/last").glob("[cn]*/*")]
    numbers = {
        int(found[1]) for text in kept if (found := re.search(r"\nNumber (\d+)\.\n\Z", text))
    }
    assert before <= numbers
    assert len(kept) >= len(numbers)
    assert all(re.search(r"\nNumber \d+\.\n\Z", text) for text in kept)


def howto_log(home: Path) -> str:
    """Give logrotate's file of the page, for root's folder here and a user of this machine's."""
    with Story("docs/howto/log.md") as story:
        story.take("sh", "sudo install -d -m 750 -o alice -g alice /var/log/gomail")
        rules = story.take("logrotate", "create 640 alice alice", "kill -USR1")
    rules = rules.replace("/var/log/", f"{home.parent}/log/").replace("/home/alice/", f"{home}/")
    return rules.replace("640 alice alice", "640 nobody nogroup")


@pytest.mark.needs_root
@pytest.mark.parametrize("cut", [False, True], ids=["create", "copytruncate"])
def test_howto_log_is_rotated(folder: Path, *, cut: bool) -> None:
    """Logrotate moves the log in root's folder, and the server goes on in the new one."""
    needs("logrotate")
    user, home = needs_user("nobody"), folder / "home"
    rules, log = howto_log(home), folder / "log" / "gomail.log"
    if cut:
        rules = re.sub(r"(?s)    create .*endscript\n", "    copytruncate\n", rules)
    home.mkdir()
    log.parent.mkdir()
    os.chown(home, user.pw_uid, user.pw_gid)
    for each in (folder, home, log.parent):
        each.chmod(0o755)
    (home / "rules").write_text(rules)
    identity = ("--uid", str(user.pw_uid), "--gid", str(user.pw_gid))
    daemon = ["--pidfile", str(home / "gomail.pid"), "--logfile", str(log), "gomail"]
    run([*TWISTD, *identity, *daemon, "--port", "tcp:0"], cwd=home)
    pid = int((home / "gomail.pid").read_text())
    try:
        for _ in range(2):
            os.kill(pid, signal.SIGHUP)
            wait_for("a line", lambda: "is in force" in log.read_text())
            run(["logrotate", "--force", "--state", home / "state", home / "rules"])
        wait_for("the new one", lambda: log.stat().st_size == 0)
        os.kill(pid, signal.SIGHUP)
        wait_for("a line in it", lambda: "is in force" in log.read_text())
        assert b"\0" not in log.read_bytes()
        assert (log.stat().st_uid, log.stat().st_mode & 0o777) == (user.pw_uid, 0o640)
        assert "is in force" in log.with_name("gomail.log.1").read_text()
        assert log.with_name("gomail.log.2.gz").exists()
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_for("its end", lambda: not runs(pid))


def begun(here: Machine, *options: str) -> None:
    """Have gomail run by its units, as the tutorial has it."""
    here.types(
        "install -d -m 700 ~/Maildir\n"
        f"sudo gomail units install --user you {' '.join((*BEGIN, *options))}\n"
        "sudo systemctl daemon-reload\n"
        "sudo systemctl enable --now gomail.socket gomail.service"
    )


@pytest.mark.needs_root
def test_howto_backup_is_restored() -> None:
    """A Maildir that was lost is as it was, and mail goes on to come."""
    needs("rsync")
    with machine() as here, Story("docs/howto/backup.md") as story:
        begun(here)
        for subject in ("seen", "unseen"):
            here.sends("you@example.org", subject)
        here.types('cd Maildir/new\nset -- *\nmv "$1" "../cur/$1:2,S"')
        listed = here.types("ls Maildir/new Maildir/cur")
        here.systemd.does("install", "-d", "-o", "you", "/var/backup")
        script = story.take("sh", "--link-dest").replace("/media", "/var")
        here.types(script)
        here.types(script)  # by now there is a last one to link to
        here.types("rm -rf Maildir/new Maildir/cur")
        here.types(story.take("sh", "systemctl stop").replace("/media", "/var"))
        assert here.types("ls Maildir/new Maildir/cur") == listed
        here.sends("you@example.org", "after all")
        assert "Subject: after all" in here.types("cat Maildir/new/*")


# What commands and people leave beside what the units are: configurations, drop-ins, state, and
# the inbox with its index and its password.
LEFT = """\
sudo systemctl enable --now gomail-inbox.service
echo correct horse | gomail inbox --set-password
sudo install -D -o you /dev/null /var/cache/gomail/inbox-0123456789abcdef.sqlite
install -D /dev/null ~/.cache/gomail/inbox-0123456789abcdef.sqlite
sudo install -D /dev/null /etc/systemd/system/gomail-inbox.service.d/override.conf
sudo install -d -m 2750 -o you /var/lib/gomail-inbox
gomail init you@example.org
gomail doctor --no-dns --changes || true
sudo install --backup=numbered -m 644 ~/gomail.toml /etc/gomail.toml
sudo install --backup=numbered -m 644 ~/gomail.toml /etc/gomail.toml
sudo install -D /dev/null /etc/systemd/system/gomail.service.d/override.conf
sudo install -D /dev/null /etc/systemd/system/gomail.socket.d/override.conf
sudo sh -c "gomail doctor --no-dns --changes || true"
"""


@pytest.mark.needs_root
def test_howto_uninstall() -> None:
    """Nothing is left of what was installed but the program's folder, and the mail is."""
    with machine() as here, Story("docs/howto/uninstall.md") as story:
        begun(here, "--inbox")
        here.sends("you@example.org", "kept")
        here.types(LEFT)
        here.systemd.does("systemd-sysusers", "/run/shown/checkout/gomail/units/gomail.sysusers")
        here.types(story.take("sh", "systemctl disable"))
        # In the machine /root is this one's, to be read alone; its sudo leaves HOME as it is.
        here.types(story.take("sh", "XDG_STATE_HOME").replace("/root/", "/home/you/"))
        here.types(story.take("sh", "userdel gomail"))
        places = ("/etc", "/var", "/srv", "/home", "/tmp")
        left = here.systemd.does("find", *places, "-xdev", "-name", "*gomail*")
        assert left == ""
        assert "could not be found" in here.systemd.tries("systemctl", "status", "gomail.service")
        assert here.systemd.does("ss", "-Hltn", "sport", "=", ":25") == ""
        assert "gomail" not in here.systemd.does("getent", "passwd")
        assert "Subject: kept" in here.types("cat ~/Maildir/new/*")
