"""SIGUSR2: the program that is there now takes the place of a parent, and nobody is refused."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.callers import Caller
from tests.system.conftest import Serve
from tests.system.crews import WORKERS, configuration, hand_over, heir_has_begun, pids
from tests.system.pages import Page
from tests.system.running import ANY_PORT, TWISTD, Client, Server, runs, until
from tests.system.test_refusing import comes_to
from tests.thorough import often

pytestmark = pytest.mark.system
HANDOVERS = often(1, 2)


def test_handover_under_load_refuses_and_loses_nothing(crew: Serve) -> None:
    """Again and again: no connection is refused or reset, and each message is stored once."""
    server = crew()
    callers = [Caller(server.port) for _ in range(3)]
    for _ in range(HANDOVERS):
        hand_over(server)
    sent = sum(caller.leave() for caller in callers)
    assert len(server.messages()) == sent > 0
    until(lambda: server.output.count("Z stored ") == sent, "each has its line")
    assert server.stopped() == 0


def test_content_under_way_comes_to_its_end(crew: Serve) -> None:
    """The process stays the same; the old worker stores what it has, and its line is in the log."""
    server = crew()
    pid = server.process.pid
    client, old = server.connect().begin(), set(pids(server).values())
    files = open_files(pid)
    client.send(b"Subject: half\r\n")
    hand_over(server)
    assert server.connect().mail().startswith("250 ")
    assert client.say("\r\nthe other half\r\n.").startswith("250 ")
    client.quit()
    until(lambda: not any(map(runs, old)), "the old ones have ended")
    until(lambda: server.output.count("the former worker") == WORKERS, server.output)
    server.logged("handover: over after ")
    said = [
        line.split("handover: ")[1] for line in server.output.splitlines() if "handover:" in line
    ]
    assert [line.split(";")[0].split(" after ")[0] for line in said] == [
        "the program that is there now is tried, and then takes our place",
        "this process runs the program that was tried",
        "its own workers serve",
        "over",
    ]
    until(lambda: server.output.count("Z stored ") == 2, server.output)
    assert server.process.pid == pid
    assert runs(pid)
    assert not zombies_of(pid)
    assert open_files(pid) == files
    assert server.stopped() == 0


def open_files(pid: int) -> int:
    """Count what a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def zombies_of(pid: int) -> list[int]:
    """Give the children of a process that nobody has buried."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if not runs(int(child))]


def test_stop_waits_for_former_workers(crew: Serve) -> None:
    """They have the time that everybody has."""
    server = crew()
    client = server.connect().begin()
    hand_over(server)
    server.tell(signal.SIGTERM)
    assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert server.ended() == 0
    assert len(server.messages()) == 1


def test_signals_meanwhile_do_no_harm(crew: Serve) -> None:
    """The program that has taken the place does not heed them yet, and would end by one."""
    server = crew()
    before = set(pids(server).values())
    server.tell(signal.SIGUSR2)

    def taken() -> bool:
        server.tell(signal.SIGUSR1)
        assert server.process.poll() is None
        now = set(pids(server).values())
        return not before & now and len(now) == WORKERS

    until(taken, "new workers serve")
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


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


def test_stop_goes_before_a_handover(crew: Serve) -> None:
    """No program takes the place of one that stops, and no worker is started any more."""
    server = crew()
    client = server.connect().begin()
    server.tell(signal.SIGUSR2)
    server.logged("is tried, and then takes our place")
    server.tell(signal.SIGTERM)
    server.logged("no program takes our place")
    assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert server.ended() == 0
    assert server.output.count(" serves (pid ") == WORKERS


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


def test_another_configuration_is_in_force(crew: Serve, tmp_path: Path) -> None:
    """What needs a restart needs no more than this; a port that is not named any more is closed."""
    first, second = tmp_path / "first", tmp_path / "second"
    text = 'hostname = "{}"\n[[listener]]\nendpoint = "unix:{}"\n[domains.localhost]\n'
    option = configuration(tmp_path, text.format("old.example", first))
    server = crew(*option)
    configuration(tmp_path, text.format("new.example", second))
    hand_over(server)
    assert Client.connect_unix(second).greeting.startswith("220 new.example ")
    assert server.connect().greeting.startswith("220 new.example ")
    assert not first.exists()
    assert server.stopped() == 0
    assert not second.exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hostnam = 1\n", "hostnam: there is no such key"),
        ("workers = 1\n", "workers: at least 2 were expected"),
        (
            'workers = 2\n[[listener]]\nendpoint = "unix:/missing/s"\n',
            "there is no folder /missing",
        ),
    ],
)
def test_program_that_would_not_start_takes_no_place(
    serve: Serve, tmp_path: Path, text: str, problem: str
) -> None:
    """The log says why, and everything is as it was."""
    option = configuration(tmp_path, "workers = 2\n")
    server = serve(*option)
    until(lambda: len(pids(server)) == WORKERS, server.output)
    before = pids(server)
    client = server.connect().begin()
    configuration(tmp_path, text)
    server.tell(signal.SIGUSR2)
    server.logged("trouble: handover: no program takes our place: gomail: ")
    assert problem in server.output
    assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert pids(server) == before
    assert server.stopped() == 0


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [("unix:/missing/s", "there is no folder /missing"), ("stdio:x", "workers can share tcp:")],
)
def test_trial_leaves_everything_as_it_was(
    start: Serve, tmp_path: Path, endpoint: str, problem: str
) -> None:
    """A unix socket's file, too; and what a parent of workers can't have is found by it."""
    path = tmp_path / "smtp"
    text = f'workers = 2\n[domains.localhost]\n[[listener]]\nendpoint = "unix:{path}"\n'
    option = configuration(tmp_path, text)
    server = start(*option)
    until(lambda: len(pids(server)) == WORKERS, server.output)
    configuration(tmp_path, f'{text}[[listener]]\nendpoint = "{endpoint}"\n')
    server.tell(signal.SIGUSR2)
    server.logged("trouble: handover: no program takes our place: gomail: ")
    assert problem in server.output
    assert Client.connect_unix(path).mail().startswith("250 ")
    assert server.stopped() == 0
    assert not path.exists()


def test_server_alone_says_that_it_can_not(serve: Serve) -> None:
    """There is nobody who could hold the ports for it."""
    server = serve()
    server.tell(signal.SIGUSR2)
    server.logged("only the parent of workers gives way")
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_heir_goes_on_with_the_page_of_metrics(crew: Serve, tmp_path: Path) -> None:
    """It takes mail all the time; counts begin anew, and nothing is left in the end."""
    server = crew("--metrics", f"unix:{tmp_path}/page")
    page = Page(server, tmp_path / "page")
    assert server.connect().mail().startswith("250 ")
    until(lambda: page.value("messages_total") == 1, "it is counted")
    began = page.value("start_time_seconds")
    server.tell(signal.SIGUSR2)
    found, heir = set(), False
    while not heir:
        with suppress(ConnectionResetError):  # an answer under way goes with its program
            found.add(page.probe("/readyz")[0])
            heir = page.value("start_time_seconds") != began and len(pids(server)) == WORKERS
    assert found == {200}
    until(lambda: page.value("workers_serving") == WORKERS, "its own serve")
    assert page.value("messages_total") == 0
    assert server.stopped() == 0
    assert not (tmp_path / "page").exists()


def test_daemon_goes_on_with_its_log_and_its_number(start: Serve, tmp_path: Path) -> None:
    """Its pid file names it still, and it is stopped by that."""
    server = start(
        "--logfile", "log", "gomail", "--port", "tcp:0", "--workers", "2", command=TWISTD
    )
    assert server.ended() == 0
    log, pidfile = tmp_path / "log", tmp_path / "twistd.pid"
    pid = int(pidfile.read_text())
    try:
        until(lambda: log.read_text().count(" serves (pid") == WORKERS, "they serve")
        os.kill(pid, signal.SIGUSR2)
        until(lambda: log.read_text().count(" serves (pid") == 2 * WORKERS, "new ones serve")
        assert int(pidfile.read_text()) == pid
        assert Client.connect(server.port).mail().startswith("250 ")
        os.kill(pid, signal.SIGTERM)
        until(lambda: not runs(pid), "it has ended")
        assert len(server.messages()) == 1
        assert not pidfile.exists()
    finally:
        if runs(pid):
            os.kill(pid, signal.SIGKILL)


def test_parent_gives_way_to_none_that_could_not_log(start: Serve, tmp_path: Path) -> None:
    """It says how its log fares; no program takes over that could not log, and that is told."""
    folder, away = tmp_path / "log", tmp_path / "away"
    folder.mkdir()
    (tmp_path / "g.toml").write_text(
        'control = "control"\nstoring = "thread"\n[domains."localhost"]\n'
    )
    options = ("--nodaemon", "--logfile", "log/gomail.log", "gomail", "-c", "g.toml")
    server = start(*options, *ANY_PORT, "--workers", str(WORKERS), command=TWISTD).started()
    log, old = folder / "gomail.log", away / "gomail.log"
    until(lambda: log.read_text().count(" serves (pid") == WORKERS, "they serve")
    folder.rename(away)
    server.tell(signal.SIGUSR1)
    comes_to(tmp_path, lambda _, reasons: list(reasons) == ["log-grows"])
    server.tell(signal.SIGUSR2)
    problem = f"no program takes our place: gomail: the log {log} can't be written: No such file"
    until(lambda: problem in old.read_text(), f"it is said: {old.read_text()}")
    until(lambda: "health degraded: no new log can be begun" in old.read_text(), "and this")
    assert server.connect().mail().startswith("250 ")
    folder.mkdir()
    comes_to(tmp_path, lambda state, _: state == "ok")
    server.tell(signal.SIGUSR2)
    until(lambda: log.read_text().count(" serves (pid") == WORKERS, "new ones serve")
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_variable_without_a_parent_is_told(start: Serve) -> None:
    """Somebody has it in their environment."""
    server = start("--port", "tcp:0", environment={"GOMAIL_LEGACY": "[[],"})
    assert server.ended() == 1
    assert "only a parent of workers sets it" in server.complaints
    assert server.complaints.count("\n") == 1
