"""Who sent it, end to end: a server, DNS, and clients that nobody trusts."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.conftest import Serve
from tests.system.dns import DNS
from tests.system.running import Server, patched, until

pytestmark = pytest.mark.system

ZONE = """
client.example. 60 IN TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.example.org. 60 IN TXT "v=DMARC1; p=reject"
1.0.0.127.in-addr.arpa. 60 IN PTR localhost.example.
localhost.example. 60 IN A 127.0.0.1
"""
HONEST = "From: me@client.example\n\nhello"
FORGED = "From: joe@example.org\n\nhello"
Begin = Callable[..., Server]


@pytest.fixture
def dns() -> Iterator[DNS]:
    """DNS that knows a client, and an author who sends nothing."""
    with DNS(ZONE) as dns:
        yield dns


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the configuration is."""
    return tmp_path / "gomail.toml"


@pytest.fixture
def examining(serve: Serve, dns: DNS, path: Path) -> Begin:
    """Start servers that trust nobody, and ask DNS."""

    def begin(toml: str = "", *options: str) -> Server:
        configure(path, dns, toml)
        return serve("--config", str(path), *options)

    return begin


def configure(path: Path, dns: DNS, toml: str = "") -> None:
    """Write a configuration."""
    resolvers = f'[checks]\nresolvers = ["127.0.0.1:{dns.port}"]\n'
    path.write_text(f'hostname = "mx.here.example"\ntrusted = []\n{resolvers}{toml}')


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_forged_mail_is_told_from_honest(examining: Begin, options: tuple[str, ...]) -> None:
    """The one is marked, the other goes to junk; it stands in the message and in the log."""
    server = examining("", *options)
    assert "by the DNS of 127.0.0.1:" in server.output
    assert send(server, HONEST).startswith("250 ")
    assert send(server, FORGED).startswith("250 ")
    (honest,) = in_folder(server, ".")
    (forged,) = in_folder(server, ".Junk")
    assert "spf=pass smtp.mailfrom=client.example" in " ".join(honest.split())
    assert "dmarc=fail" in forged
    server.logged("junk by dmarc-reject")
    assert "starting on" not in server.output  # nothing is said of each question
    assert server.stopped() == 0


def test_policy_and_checks_change_with_a_reload(examining: Begin, dns: DNS, path: Path) -> None:
    """For sessions to come, and without a restart."""
    server = examining()
    for toml, codes in (
        ('[policy]\ndmarc-reject = "refuse"\n', "550 5.7.26 "),
        ('[policy]\ndmarc-reject = "refuse"\nshadow = ["dmarc-reject"]\n', "250 "),
        ('[policy]\ndmarc-reject = "defer"\n', "451 4.7.26 "),
    ):
        configure(path, dns, toml)
        reloaded(server)
        assert send(server, FORGED).startswith(codes)
    server.logged("would refuse by dmarc-reject")
    asked = len(dns.asked)
    path.write_text('hostname = "mx.here.example"\ntrusted = []\n[checks]\nenabled = false\n')
    reloaded(server)
    assert send(server, FORGED).startswith("250 ")
    assert len(dns.asked) == asked
    assert not any("Authentication-Results" in text for text in in_folder(server, ".")[-1:])


def test_r12_dead_dns_costs_no_mail(serve: Serve, path: Path) -> None:
    """Not even where all that fails is to be refused; which it is when somebody answers again."""
    with DNS(ZONE) as dead:
        configure(path, dead, '[policy]\ndmarc-reject = "refuse"\nspf-fail = "refuse"\n')
    server = serve("--config", str(path))
    for text in (HONEST, FORGED):
        assert send(server, text).startswith("250 ")
    stored = in_folder(server, ".")
    assert len(stored) == 2
    assert all("spf=temperror" in text and "dmarc=temperror" in text for text in stored)
    with DNS(ZONE, dead.port):
        until(lambda: send(server, FORGED).startswith("550 5.7.26 "), server.output)


def reloaded(server: Server) -> None:
    """Have it read its file again."""
    before = server.output.count("is in force")
    server.tell(signal.SIGHUP)
    until(lambda: server.output.count("is in force") > before, server.output)


def send(server: Server, text: str) -> str:
    """Send a message, and give the verdict."""
    client = server.connect().begin("anybody@mx.here.example")
    lines = text.replace("\n", "\r\n")
    return client.say(f"{lines}\r\n.")


def in_folder(server: Server, folder: str) -> list[str]:
    """Give the messages in a folder of the Maildir, in the order in which they came."""
    paths = sorted((server.folder / "Maildir" / folder).glob("new/*"))
    return [path.read_text() for path in paths]


MISSING = patched("import sys\nsys.modules['spftrace'] = None")


def test_without_the_libraries_nothing_is_checked_and_that_is_said(start: Serve) -> None:
    """With the command that brings them; mail is taken as ever."""
    server = start("--port", "tcp:0", command=MISSING).started()
    assert "checks         nothing; pip install 'gomail[checks]' brings SPF" in server.output
    assert server.connect().mail().startswith("250 ")


def test_checks_that_are_wanted_and_missing_are_an_error(start: Serve, path: Path) -> None:
    """In one line."""
    path.write_text("[checks]\nenabled = true\n")
    server = start("--port", "tcp:0", "--config", str(path), command=MISSING)
    assert server.ended() != 0
    (line,) = server.complaints.splitlines()
    assert "there is no library spftrace here; pip install 'gomail[checks]' brings it" in line


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_reload_that_wants_what_is_missing_changes_nothing(
    start: Serve, path: Path, options: tuple[str, ...]
) -> None:
    """A parent sees it before its workers do: they would leave, and others could not begin."""
    path.write_text("trusted = []\n")
    arguments = ("--config", str(path), "--port", "tcp:0", *options)
    server = start(*arguments, command=MISSING).started()
    path.write_text("trusted = []\n[checks]\nenabled = true\n")
    server.tell(signal.SIGHUP)
    server.logged("the configuration stays as it was: checks.enabled: there is no library spftrace")
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0
