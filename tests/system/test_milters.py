"""Milters, end to end: a server, filters on real sockets, and clients."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gomail.milters.packets import packet
from gomail.milters.place import read_place
from tests.milters.filter import CONTINUE, Filter, added
from tests.system.conftest import Serve
from tests.system.filters import Listening
from tests.system.running import TWISTD, Server, stored, until

pytestmark = pytest.mark.system

Listen = Callable[..., Listening]
READ = "the configuration was read again and is in force"
MARKED = added(b"X-Filter", b" yes") + CONTINUE
WORKERS = ("--workers", "2")
TEXT = "Subject: hello\n\nhello\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the configuration is."""
    return tmp_path / "gomail.toml"


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Have filters listen, until the test ends."""
    listening: list[Listening] = []

    def listen(filtering: Filter, path: Path | None = None) -> Listening:
        listening.append(Listening(filtering, path))
        return listening[-1]

    yield listen
    for each in listening:
        each.die()


def configure(path: Path, *milters: Listening, more: str = "") -> tuple[str, str]:
    """Write a configuration with these milters, each with *more*, and give the option for it."""
    tables = [f'[[milter]]\nendpoint = "{each.endpoint}"\n{more}' for each in milters]
    path.write_text("checks.enabled = false\n" + "".join(tables))
    return "--config", str(path)


def reload(server: Server, path: Path, *milters: Listening) -> None:
    """Have it go by other milters."""
    before = server.output.count(READ)
    configure(path, *milters)
    server.tell(signal.SIGHUP)
    until(lambda: server.output.count(READ) > before, server.output)


def junk(server: Server) -> list[bytes]:
    """Give the messages in the junk folder."""
    folder = server.folder / "Maildir/.Junk"
    return stored(folder) if folder.exists() else []


@pytest.mark.parametrize("kind", ["unix", "tcp", "workers"])
def test_milter_has_its_say(
    serve: Serve, listen: Listen, path: Path, tmp_path: Path, kind: str
) -> None:
    """It adds a field below ours, refuses, and has mail kept apart, by twistd and with workers."""
    filtering = Filter({b"E": MARKED})
    milter = listen(filtering, None if kind == "tcp" else tmp_path / "socket")
    options = configure(path, milter, more='junk-field = "X-Spam: Yes"\n')
    twistd = (*TWISTD, "--nodaemon", "--pidfile=", "gomail")
    how = {} if kind == "workers" else {"command": twistd}
    server = serve(*options, *(WORKERS if kind == "workers" else ()), **how)

    assert server.connect().mail("hello").startswith("250 ")
    (message,) = server.messages()
    top, _, rest = message.partition(b"Received: ")
    assert top.startswith(b"Return-Path: <me@client.example>\n")
    assert rest.endswith(b"\n" + TEXT.replace("\n", "\nX-Filter: yes\n", 1).encode())

    filtering.answers[b"E"] = packet(b"y", b"554 5.7.1 no such filth, please\0")
    assert server.connect().mail().startswith("554 5.7.1 no such filth, please [")
    filtering.answers[b"R"] = packet(b"r")
    client = server.connect()
    client.say("EHLO client.example")
    client.say("MAIL FROM:<me@client.example>")
    assert client.say("RCPT TO:<you@localhost>").startswith("550 5.7.1 ")
    del filtering.answers[b"R"]
    assert junk(server) == []

    for end in (packet(b"q", b"looks bad\0") + CONTINUE, added(b"X-Spam", b" Yes") + CONTINUE):
        filtering.answers[b"E"] = end
        assert server.connect().mail().startswith("250 ")
    assert len(junk(server)) == 2
    assert len(server.messages()) == 1
    assert server.stopped() == 0


@pytest.mark.parametrize(("on_failure", "options"), [("accept", ()), ("defer", WORKERS)])
def test_dead_milter_costs_no_mail(  # noqa: PLR0913, PLR0917 -- fixtures
    serve: Serve,
    listen: Listen,
    path: Path,
    tmp_path: Path,
    on_failure: str,
    options: tuple[str, ...],
) -> None:
    """Neither the message that it dies in, nor the next, whose client is told at once."""
    milter = listen(Filter({b"E": MARKED}), tmp_path / "socket")
    server = serve(*configure(path, milter, more=f'on-failure = "{on_failure}"\n'), *options)
    accepted = on_failure == "accept"
    client = server.connect().begin()
    milter.die()
    verdict = client.say("Subject: hello\r\n\r\nhello\r\n.")
    assert verdict.startswith("250 " if accepted else "451 4.7.1 ")
    server.logged(f"milter unix:{tmp_path}/socket: it closed the connection")
    sender = client.say("MAIL FROM:<me@client.example>")
    assert sender.startswith("250 " if accepted else "451 4.7.1 ")
    server.logged("it can't be reached: No such file or directory; ")
    assert len(server.messages()) == accepted
    if accepted:
        assert server.connect().mail().startswith("250 ")
        assert all(b"X-Filter" not in message for message in server.messages())


def test_milter_that_hangs_costs_its_time_and_no_mail(
    serve: Serve, listen: Listen, path: Path
) -> None:
    """What is set for it, and the message is stored without it."""
    milter = listen(Filter({b"E": b""}))
    server = serve(*configure(path, milter, more="content-time = 1\n"))
    assert server.connect().mail().startswith("250 ")
    server.logged("it did not answer in time; message ")
    assert ".1 is accepted without it" in server.output
    (message,) = server.messages()
    assert message.endswith(b"\nSubject: Hello\n\nHello\n")


@pytest.mark.parametrize("options", [(), WORKERS], ids=["alone", "workers"])
def test_milters_change_with_a_reload(
    serve: Serve, listen: Listen, path: Path, options: tuple[str, ...]
) -> None:
    """For sessions to come; those that have had a message, and those within one, keep theirs."""
    first = listen(Filter({b"E": added(b"X-First", b" yes") + CONTINUE}))
    second = listen(Filter({b"E": added(b"X-Second", b" yes") + CONTINUE}))
    server = serve(*configure(path, first), *options)
    assert f"  asks           {read_place(first.endpoint)}\n" in server.output
    old = server.connect().begin()
    old.send(b"Subject: old\r\n\r\n")
    reload(server, path, second)
    assert old.say("old\r\n.").startswith("250 ")
    assert old.mail("old").startswith("250 ")
    assert server.connect().mail("second").startswith("250 ")
    reload(server, path)
    assert old.mail("old").startswith("250 ")
    assert server.connect().mail("none").startswith("250 ")
    fields = sorted(message.rpartition(b"Subject: ")[2] for message in server.messages())
    assert fields == [
        b"none\n\nnone\n",
        *[b"old\nX-First: yes\n\nold\n"] * 3,
        b"second\nX-Second: yes\n\nsecond\n",
    ]


@pytest.mark.parametrize("options", [(), WORKERS], ids=["alone", "workers"])
def test_milters_of_a_reload_share_the_files_that_there_are(
    serve: Serve, listen: Listen, path: Path, options: tuple[str, ...]
) -> None:
    """How many sessions there may be was settled at the start, and nobody has asked for others."""
    command = ("prlimit", "--nofile=1500:1500", sys.executable, "-m", "gomail", "run")
    server = serve(*configure(path), *options, command=command)
    assert "this process may not open more files" in server.output
    reload(server, path, listen(Filter({b"E": MARKED})))
    assert "restart" not in server.output
    assert server.connect().mail("filtered").startswith("250 ")
    assert b"\nX-Filter: yes\n" in server.messages()[0]


def test_a_socket_that_is_missing_is_told_at_the_start(
    serve: Serve, path: Path, tmp_path: Path
) -> None:
    """Whoever has mistaken its path sees so at once; filters that begin later are no mistake."""
    text = f'[[milter]]\nendpoint = "unix:{tmp_path}/none"\non-failure = "defer"\n'
    path.write_text("checks.enabled = false\n" + text)
    server = serve("--config", str(path))
    told = f"milter unix:{tmp_path}/none: there is no such socket yet; until then mail is deferred"
    assert f"  note           {told}\n" in server.output
