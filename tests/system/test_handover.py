"""SIGUSR2: the program that is there now takes the place of a parent, and nobody is refused."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.callers import Caller
from tests.system.conftest import Serve
from tests.system.crews import WORKERS, configuration, hand_over, pids
from tests.system.pages import Page
from tests.system.running import ANY_PORT, TWISTD, Client, runs, until
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
