"""The program that takes a parent's place: what it goes by, and the mail where it can't begin."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.conftest import Serve
from tests.system.crews import WORKERS, configuration, hand_over, heir_has_begun, pids
from tests.system.running import ANY_PORT, Client, Server, patched, runs, until
from tests.thorough import often

pytestmark = pytest.mark.system
HANDOVERS = often(1, 2)


def before_it_begins(server: Server) -> None:
    """Have a handover begin, and wait until the program is tried."""
    server.tell(signal.SIGUSR2)
    server.logged("is tried, and then takes our place")


@pytest.mark.parametrize("moment", [before_it_begins, heir_has_begun][:HANDOVERS])
def test_reload_that_comes_meanwhile_follows(
    serve: Serve, tmp_path: Path, moment: Callable[[Server], None]
) -> None:
    """The heir reads the file again, which may say something else than what was tried."""
    text = "workers = 2\n[limits]\nsize = {}\n"
    server = serve(*configuration(tmp_path, text.format(70_000)))
    until(lambda: len(pids(server)) == WORKERS, server.output)
    old = set(pids(server).values())
    moment(server)
    configuration(tmp_path, text.format(80_000))
    server.tell(signal.SIGHUP)
    server.logged("the configuration was read again and is in force")
    until(lambda: len(set(pids(server).values()) - old) == WORKERS, server.output)
    until(lambda: not any(map(runs, old)), "the old ones have ended")
    assert "SIZE 80000" in server.connect().say("EHLO client.example")
    assert server.stopped() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_heir_that_is_ended_at_once_leaves_no_worker_behind(
    crew: Serve, number: signal.Signals
) -> None:
    """It does not know yet what a signal is; what is under way with them comes to its end."""
    server = crew()
    client, old = server.connect().begin(), list(pids(server).values())
    heir_has_begun(server)
    server.tell(number)
    assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert server.ended() in {0, -number}
    until(lambda: not any(map(runs, old)), "the old ones have ended")
    assert len(server.messages()) == 1


@pytest.mark.parametrize("text", ["hostnam = 1\n", None][:HANDOVERS])
def test_heir_goes_by_what_was_tried(serve: Serve, tmp_path: Path, text: str | None) -> None:
    """A file that is changed or removed at that moment ends no mail; the log says so."""
    server = serve(*configuration(tmp_path, "workers = 2\n"))
    until(lambda: len(pids(server)) == WORKERS, server.output)
    old = set(pids(server).values())
    heir_has_begun(server)
    if text is None:
        (tmp_path / "gomail.toml").unlink()
    else:
        configuration(tmp_path, text)
    until(lambda: len(set(pids(server).values()) - old) == WORKERS, server.output)
    server.logged("the configuration has changed since it was tried")
    assert server.connect().mail().startswith("250 ")
    server.tell(signal.SIGHUP)
    server.logged("the configuration stays as it was")
    assert server.stopped() == 0
    assert "can't begin" not in server.output


def spoilt(server: Server, tmp_path: Path) -> Client:
    """Have an heir come that can't begin, and give a client of the workers before."""
    client = server.connect()
    heir_has_begun(server)
    (tmp_path / "names").unlink()
    server.logged("handover: the program that was tried can't begin: gomail: ")
    assert "2 workers of the one before serve on" in server.output
    return client


@pytest.fixture
def listed(serve: Serve, tmp_path: Path) -> Server:
    """Start a server whose mailboxes are in a file of its own, and that has a unix socket."""
    (tmp_path / "names").write_text("a\n")
    text = (
        'workers = 2\nmaildir = "mail/{mailbox}"\n[[listener]]\nendpoint = "unix:smtp"\n'
        '[domains.localhost]\nmailboxes = "names"\n'
    )
    server = serve(*configuration(tmp_path, text))
    until(lambda: len(pids(server)) == WORKERS, server.output)
    return server


def test_workers_serve_on_while_an_heir_can_not_begin(listed: Server, tmp_path: Path) -> None:
    """
    It is tried again; nobody is refused meanwhile, and what is logged is written.

    Who has mended the file need not wait: SIGUSR2 has it read again, whatever was tried.
    """
    client = spoilt(listed, tmp_path)
    old = set(pids(listed).values())
    assert Client.connect_unix(tmp_path / "smtp").mail("x", "a@localhost").startswith("250 ")
    until(lambda: listed.output.count("can't begin") > 1, listed.output)
    assert listed.connect().mail("x", "a@localhost").startswith("250 ")
    until(lambda: listed.output.count("Z stored ") == 2, listed.output)
    text = (tmp_path / "gomail.toml").read_text()
    configuration(tmp_path, text.replace('"names"', '["a"]'))
    listed.tell(signal.SIGUSR2)
    until(lambda: len(set(pids(listed).values()) - old) == WORKERS, listed.output)
    assert client.say("RSET").startswith("250 ")
    assert Client.connect_unix(tmp_path / "smtp").mail("x", "a@localhost").startswith("250 ")
    until(lambda: len(pids(listed)) == WORKERS, listed.output)
    assert listed.stopped() == 0
    assert not (tmp_path / "smtp").exists()


def test_program_that_is_taken_apart_meanwhile_ends_no_mail(crew: Serve, tmp_path: Path) -> None:
    """As while another version is installed: it begins as soon as it is whole again."""
    server = crew("--log-format", "json", environment={"PYTHONPATH": str(tmp_path)})
    old, broken = set(pids(server).values()), tmp_path / "twisted.py"
    heir_has_begun(server)
    broken.write_text("raise ImportError('it is being installed')")
    server.logged("can't begin: ImportError: it is being installed; 2 workers")
    (said,) = (line for line in server.output.splitlines() if "being installed" in line)
    assert json.loads(said)["event"] == "trouble"
    broken.unlink()
    assert server.connect().mail().startswith("250 ")
    until(lambda: len(set(pids(server).values()) - old) == WORKERS, server.output)
    assert server.stopped() == 0


def test_place_that_is_held_can_be_ended(listed: Server, tmp_path: Path) -> None:
    """By the signal that ends any; workers leave in their time."""
    client, old = spoilt(listed, tmp_path), list(pids(listed).values())
    listed.tell(signal.SIGTERM)
    assert listed.ended() == -signal.SIGTERM
    client.quit()
    until(lambda: not any(map(runs, old)), "the old ones have ended")


def test_program_takes_the_place_where_nothing_lies_in_memory_alone(start: Serve) -> None:
    """As with a Python that was built for an old C library: keys are written to no disk."""
    command = patched("import os; del os.memfd_create")
    server = start("--workers", "2", *ANY_PORT, command=command).started()
    until(lambda: len(pids(server)) == WORKERS, server.output)
    hand_over(server)
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_handover_that_nobody_thought_of_is_told_and_the_mail_goes_on(start: Serve) -> None:
    """Whatever goes wrong with it: there is a line, and the next one has its turn."""
    command = patched("import os; os.memfd_create = lambda name: 1 / 0")
    server = start("--workers", "2", *ANY_PORT, command=command).started()
    until(lambda: len(pids(server)) == WORKERS, server.output)
    for count in (1, 2):
        server.tell(signal.SIGUSR2)
        told = "no program takes our place: ZeroDivisionError"
        until(lambda: server.output.count(told) == count, server.output)  # noqa: B023 -- at once
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0
