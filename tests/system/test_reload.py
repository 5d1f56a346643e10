"""SIGHUP reads the configuration again: all of it is in force afterwards, or nothing changes."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.conftest import Serve
from tests.system.running import ANY_PORT, GOMAIL, Client, Server, until

pytestmark = pytest.mark.system
READ = "the configuration was read again and is in force"
KEPT = "the configuration stays as it was"

Reload = Callable[[str], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of the configuration, which takes mail for old.example."""
    path = tmp_path / "gomail.toml"
    path.write_text('[domains."old.example"]\nmailboxes = ["alice"]\n')
    return path


@pytest.fixture
def server(serve: Serve, path: Path) -> Server:
    """Give a server that goes by that file."""
    return serve("--config", str(path))


def reload(server: Server, path: Path, toml: str, told: str = READ) -> None:
    """Change the file, have it read, and wait until the log says what came of it."""
    before = server.output.count(told)
    path.write_text(toml)
    server.tell(signal.SIGHUP)
    until(lambda: server.output.count(told) > before, f"{told} in {server.output}")


def recipient(client: Client, address: str) -> str:
    """Ask whether an address is welcome, and give the code."""
    client.say("RSET")
    client.say("MAIL FROM:<me@client.example>")
    return client.say(f"RCPT TO:<{address}>")[:3]


def test_domains_mailboxes_and_aliases_change_for_sessions_under_way(
    server: Server, path: Path
) -> None:
    """A session that was open before goes by the new names from its next command on."""
    client = server.connect()
    client.say("EHLO client.example")
    assert recipient(client, "alice@old.example") == "250"
    assert recipient(client, "bob@new.example") == "550"
    reload(
        server,
        path,
        '[domains."new.example"]\nmailboxes = ["bob"]\n'
        '[domains."new.example".aliases]\ncarol = "bob"\n',
    )
    assert recipient(client, "alice@old.example") == "550"
    assert recipient(client, "bob@new.example") == "250"
    assert recipient(client, "carol@new.example") == "250"
    assert server.stopped() == 0


def test_r18_transaction_under_way_is_stored(server: Server, path: Path) -> None:
    """A recipient that was welcome gets its message, though it is gone from the file since."""
    client = server.connect().begin("alice@old.example")
    client.send(b"Subject: x\r\n")
    reload(server, path, '[domains."new.example"]\n')
    assert client.say("\r\nx\r\n.").startswith("250 ")
    assert len(server.messages()) == 1


def test_limits_and_trust_change_for_new_sessions(server: Server, path: Path) -> None:
    """The size that EHLO announces, and who is trusted, are those of the file as it is now."""
    old = server.connect()
    reload(
        server,
        path,
        'trusted = ["unix"]\n[checks]\nenabled = false\n[domains."old.example"]\n'
        '[limits]\nsize = "1 MiB"\nerrors = 6\nerrors-free = 6\n',
    )
    new = server.connect()
    assert "SIZE 1048576" in new.say("EHLO client.example")
    assert "SIZE 52428800" in old.say("EHLO client.example")
    assert [new.say("FROB")[:3] for _ in range(6)] == ["500"] * 5 + ["421"]
    assert [old.say("FROB")[:3] for _ in range(8)] == ["500"] * 8


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("frob = 1 2\n", "line 1: this is no TOML"),
        ('[domains."new.example"]\nmailboxes = ["a"]\n[limits]\nsize = 1\n', "limits.size"),
        ('[domains."new.example".aliases]\na = "b@elsewhere.example"\n', "elsewhere.example"),
    ],
)
def test_r18_bad_file_changes_nothing(server: Server, path: Path, toml: str, told: str) -> None:
    """What can't be read is told in one line of the log, and all stays as it was."""
    reload(server, path, toml, KEPT)
    (line,) = (line for line in server.output.splitlines() if KEPT in line)
    assert told in line
    assert str(path) in line
    assert server.connect().mail("x", "alice@old.example").startswith("250 ")
    reload(server, path, '[domains."new.example"]\n')
    assert server.connect().mail("x", "alice@new.example").startswith("250 ")


def test_r18_missing_file_changes_nothing(server: Server, path: Path) -> None:
    """A file that is gone is told, and costs no mail."""
    path.unlink()
    server.tell(signal.SIGHUP)
    server.logged(KEPT)
    assert server.connect().mail("x", "alice@old.example").startswith("250 ")


def test_what_needs_a_restart_is_said_and_stays(server: Server, path: Path, tmp_path: Path) -> None:
    """Host name, Maildir, listeners and the like are named in the log, and stay as they were."""
    reload(
        server,
        path,
        'hostname = "other.example"\nmaildir = "other"\nlog-format = "json"\n'
        '[domains."old.example"]\n[limits]\nsessions = 10\nhops = 30\n',
        "needs a restart",
    )
    (line,) = (line for line in server.output.splitlines() if "needs a restart" in line)
    assert line.endswith(": hostname, maildir, log-format, limits.sessions")
    assert "other.example" not in server.connect().greeting
    assert server.connect().mail("x", "anybody@old.example").startswith("250 ")
    assert len(server.messages()) == 1
    assert not (tmp_path / "other").exists()


def test_signal_without_a_file_does_no_harm(serve: Serve) -> None:
    """SIGHUP to a server that has no file, as from a terminal that is closed, does not end it."""
    server = serve()
    server.tell(signal.SIGHUP)
    server.logged(READ)
    assert "restart" not in server.output
    assert server.connect().mail().startswith("250 ")


def test_file_is_found_from_where_the_server_was_started(start: Serve, path: Path) -> None:
    """A relative path is that of the start."""
    server = start(*ANY_PORT, "--config", path.name, command=GOMAIL).started()
    reload(server, path, '[domains."new.example"]\n')
    assert server.connect().mail("x", "alice@new.example").startswith("250 ")
