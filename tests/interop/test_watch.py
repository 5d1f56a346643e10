"""``gomail watch`` before a real server: a mail of Postfix's, and six silences, each named."""

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gomail.server.control.client import ask_status
from tests.interop.internet import RESOLVER, ROOT, Case, Internet
from tests.interop.postfix import Postfix
from tests.interop.software import needs, run
from tests.patience import PATIENCE
from tests.system.running import GOMAIL, Server, until
from tests.waiting import line_of

pytestmark = pytest.mark.interop

SOUND = "@ MX 10 mx\nmx A 5.9.1.1\n"
CASES = {
    "sound": Case(SOUND),
    "mx-missing": Case('@ TXT "nothing"\n'),
    "cached-old": Case("@ MX 10 old\nold A 5.9.1.2\n"),
}
SETTINGS = """
maildir = "{maildir}"
hostname = "mx.{name}.example"
control = "control"
[domains."{name}.example"]
mailboxes = ["you"]
[[listener]]
endpoint = "{endpoint}"
"""
OLD_TLS = """\
smtp_tls_security_level = encrypt
smtp_tls_mandatory_protocols = TLSv1.1
smtp_tls_mandatory_ciphers = low
tls_low_cipherlist = ALL:@SECLEVEL=0"""
SECONDS = ",".join(map(str, range(1, 601)))  # a silence is explained after each, until it is known
STEPS = ["tcp", "ehlo", "tls", "ehlo", "mail", "rcpt", "content", "durable", "path"]
# 5.9.1.1 is the server's own, and 5.9.1.2 somebody's outside, as far as addresses tell.
NETWORK = """
ip link set lo up
ip address add 5.9.1.1/32 dev lo
ip address add 5.9.1.2/32 dev lo
nft add table inet local
nft add chain inet local input '{ type filter hook input priority 0 ; }'
nft add rule inet local input tcp dport 2525 drop
exec "$@"
"""
CONNECT = """
import socket
socket.create_connection(("5.9.1.1", 2525), 60, ("5.9.1.2", 0)).recv(100)
"""


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    """Give DNS for all tests."""
    with tempfile.TemporaryDirectory(prefix="gomail-") as folder:
        servers = Internet(Path(folder), CASES)
        yield servers
        servers.stop()


class Watched:
    """A server, and who waits for a mail to it, in a folder of their own."""

    def __init__(self, folder: Path, internet: Internet) -> None:
        self.folder = folder
        self._dns = [
            *("--root-hint", f"{ROOT}:{internet.port}"),
            *("--resolver", f"{RESOLVER}:{internet.resolver_port}"),
        ]
        self.server: Server | None = None
        self._watch: subprocess.Popen[str] | None = None

    def serve(
        self,
        name: str,
        endpoint: str = "tcp:0:interface=127.0.0.1",
        within: Sequence[str] = (),
        maildir: str = "Maildir",
    ) -> Server:
        """Start the server, for one of the domains."""
        settings = SETTINGS.format(name=name, endpoint=endpoint, maildir=maildir)
        (self.folder / "gomail.toml").write_text(settings)
        options = ("--config", "gomail.toml")
        self.server = server = Server(self.folder, *options, command=(*within, *GOMAIL))
        until(lambda: "stop it with" in server.output, f"it starts: {server.complaints}")
        until(self._is_there, "it can be asked")
        return server

    def _is_there(self) -> bool:
        """Tell whether the server answers."""
        return bool(ask_status(str(self.folder / "control")))

    def watch(self, silences: str = SECONDS) -> dict[str, Any]:
        """Begin to wait, and give what it says first."""
        command = [sys.executable, "-m", "gomail.cli.main", "watch", "--json"]
        self._watch = subprocess.Popen(
            [*command, "--config", "gomail.toml", "--silences", silences, *self._dns],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self.told()

    def told(self) -> dict[str, Any]:
        """Give the next line."""
        assert self._watch is not None
        line = line_of(self._watch)
        assert line, "it has ended"
        return json.loads(line)

    def explains(self, code: str) -> None:
        """Wait until a silence has this one reason, and no other."""
        deadline, codes = time.monotonic() + PATIENCE, list[str]()
        while codes != [code]:
            assert time.monotonic() < deadline, f"{code} was expected, not {codes}"
            told = self.told()
            codes = [each["code"] for each in told.get("reasons", ())]

    def ended(self) -> int:
        """Give the status that it ends with."""
        assert self._watch is not None
        return self._watch.wait(PATIENCE)

    def interrupted(self) -> int:
        """Type Ctrl-C, and give that status."""
        assert self._watch is not None
        self._watch.send_signal(2)
        return self.ended()

    def end(self) -> None:
        """End both."""
        if self._watch is not None:
            self._watch.kill()
            self._watch.wait(PATIENCE)
            assert self._watch.stdout is not None
            self._watch.stdout.close()
        if self.server is not None:
            self.server.kill()


@pytest.fixture
def watched(folder: Path, internet: Internet) -> Iterator[Watched]:
    """Give what starts both."""
    made = Watched(folder, internet)
    yield made
    made.end()


@pytest.fixture
def postfix(folder: Path) -> Iterator[Callable[..., Postfix]]:
    """Give what starts a Postfix that sends; it is stopped in the end."""
    started: list[Postfix] = []

    def start(port: int, recipient: str, more: str = "", sender: str = "") -> Postfix:
        started.append(Postfix(folder, port, more))
        message = b"Subject: first\r\n\r\nHello\r\n"
        run([*started[0].sendmail, "-i", "-f", sender, recipient], feed=message)
        started[0].start()
        return started[0]

    yield start
    for each in started:
        each.stop()


@pytest.mark.needs_root
def test_mail_of_postfix_is_told_step_by_step(
    watched: Watched, postfix: Callable[..., Postfix], folder: Path
) -> None:
    """To the address that was proposed; and the line in the end reads it."""
    port = watched.serve("sound").port
    waiting = watched.watch("3600")
    assert waiting["waiting"].startswith("you+hello-")
    postfix(port, waiting["waiting"], "smtp_tls_security_level = may", "me@a.example")
    ticks = [watched.told() for _ in STEPS]
    assert [tick["tick"] for tick in ticks] == STEPS
    assert all(tick["well"] for tick in ticks)
    assert ticks[2]["version"] == "TLSv1.3"
    last = watched.told()
    assert last["arrived"] == ticks[-1]["path"]
    assert shlex.split(last["command"]) == ["mutt", "-f", str(folder / "Maildir")]
    assert b"\nSubject: first\n" in Path(last["arrived"]).read_bytes()
    assert watched.ended() == 0


@pytest.mark.needs_root
@pytest.mark.parametrize(
    ("recipient", "more", "code"),
    [
        ("yuo@sound.example", "", "unknown-mailbox"),
        ("you@elsewhere.example", "", "wrong-domain"),
        ("you@sound.example", OLD_TLS, "tls-failed"),
    ],
)
def test_silence_of_a_sender_that_comes_is_named(
    watched: Watched, postfix: Callable[..., Postfix], recipient: str, more: str, code: str
) -> None:
    """Nobody is told of DNS or a firewall, where somebody has come."""
    port = watched.serve("sound").port
    watched.watch()
    postfix(port, recipient, more)
    watched.explains(code)
    assert watched.interrupted() == 1


def test_silence_without_an_mx_is_named(watched: Watched) -> None:
    """As gomail dns would; and so is an old one that caches have still."""
    watched.serve("mx-missing")
    watched.watch()
    watched.explains("mx-missing")
    assert watched.interrupted() == 1


def test_silence_while_caches_have_an_old_mx_is_named(watched: Watched, internet: Internet) -> None:
    """With nothing else: there is nothing to do but to wait."""
    assert internet.ask_resolver("cached-old.example", "MX").answer
    internet.change("cached-old", Case(SOUND), 2)
    watched.serve("cached-old")
    watched.watch()
    watched.explains("cached-old")


@pytest.mark.needs_root
def test_silence_behind_a_firewall_is_named(watched: Watched) -> None:
    """DNS is sound, and the kernel drops what comes; once it does not, somebody comes."""
    for each in ("ip", "nft"):
        needs(each)
    within = [needs("unshare"), "--net", "sh", "-ec", NETWORK, "sh"]
    server = watched.serve("sound", "tcp:2525:interface=0.0.0.0", within)
    inside = [needs("nsenter"), f"--net=/proc/{server.process.pid}/ns/net"]
    connect = [*inside, sys.executable, "-c", CONNECT]
    with subprocess.Popen(connect) as outside:
        watched.watch()
        watched.explains("no-connection")
        assert outside.poll() is None
        assert ask_status(str(watched.folder / "control"))["last-public"] is None
        run([*inside, needs("nft"), "flush", "ruleset"])
        assert outside.wait(PATIENCE) == 0
    last = ask_status(str(watched.folder / "control"))["last-public"]
    assert last["address"] == "5.9.1.2"
    watched.explains("not-sent")


def test_line_in_the_end_survives_a_shell(watched: Watched, folder: Path) -> None:
    """Whatever the Maildir is called."""
    odd = folder / "my mail's $HOME"
    server = watched.serve("sound", maildir=odd.name)
    waiting = watched.watch("3600")
    assert server.connect().mail("x", waiting["waiting"]).startswith("250 ")
    told = watched.told()
    while "command" not in told:
        told = watched.told()
    echoed = run(["sh", "-c", told["command"].replace("mutt -f", "printf %s")])
    assert echoed == str(odd)
