"""Workers: several processes on one port, and a parent that keeps them at it."""

import os
import random
import re
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.long.ledger import Ledger
from tests.faults.long.senders import Sender, begin, end
from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.crews import WORKERS, clients_of_all, configuration, pids, replaced, worker_of
from tests.system.running import GOMAIL, TWISTD, patched, runs, until
from tests.thorough import often

pytestmark = pytest.mark.system
KILLS = often(3, 8)
FEW_FILES = patched("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))")


def test_workers_serve_where_few_files_may_be_open(crew: Serve) -> None:
    """Each holds as little as that allows, also behind a reload; what it is told is all of it."""
    server = crew(command=FEW_FILES)
    assert "ulimit -n" in server.output
    server.tell(signal.SIGHUP)
    server.logged("is in force")
    assert server.connect().mail().startswith("250 ")
    assert "has ended" not in server.output
    assert server.stopped() == 0


def test_root_of_ones_own_is_refused(start: Serve, tmp_path: Path) -> None:
    """Nothing is made outside of it, and no worker fails in it for ever."""
    command = (*TWISTD, "--nodaemon", "--pidfile=", "--chroot", str(tmp_path))
    server = start("gomail", "--port", "tcp:0", "--workers", "2", command=command)
    assert server.ended() == 1
    assert "--chroot: " in server.complaints
    assert server.complaints.count("\n") == 1
    assert not (tmp_path / "Maildir").exists()


def test_all_workers_serve_one_port(crew: Serve) -> None:
    """Connections go to both, each message is stored once, and the log is one."""
    server = crew()
    clients = clients_of_all(server)
    for number, client in enumerate(clients):
        assert client.mail(f"number {number}").startswith("250 2.0.0 ")
        client.quit()
    assert len(server.messages()) == len(clients)
    until(lambda: server.output.count("Z stored ") == len(clients), "each has its line")
    assert "runs           2 workers" in server.output
    assert server.stopped() == 0


def test_r19_worker_that_is_killed_is_replaced(crew: Serve) -> None:
    """The log says so; the other one goes on, and what comes meanwhile is served."""
    server = crew()
    for number, pid in pids(server).items():
        os.kill(pid, signal.SIGKILL)
        assert server.connect().mail().startswith("250 ")
        replaced(server, pid)
        assert f"worker {number} has ended (" in server.output
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_r19_port_stays_open_while_no_worker_lives(crew: Serve) -> None:
    """Who connects then waits for the next one, and is neither refused nor reset."""
    server = crew()
    for pid in pids(server).values():
        os.kill(pid, signal.SIGKILL)
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_r19_worker_that_is_stopped_is_replaced(crew: Serve) -> None:
    """SIGSTOP leaves a process that takes connections and says nothing; it is ended."""
    server = crew()
    pid = pids(server)["1"]
    os.kill(pid, signal.SIGSTOP)
    replaced(server, pid)
    server.logged("worker 1 has ended (it was stopped by a signal)")
    assert server.stopped() == 0


def test_worker_that_leaves_by_itself_ends_what_is_under_way(crew: Serve) -> None:
    """An operator's SIGTERM to one of them is a restart of that one, in peace."""
    server = crew()
    client = server.connect().begin()
    client.send(b"Subject: half\r\n")
    pid = worker_of(server, client)
    os.kill(pid, signal.SIGTERM)
    until(lambda: "stopping: 1 sessions" in server.output, server.output)
    assert client.say("\r\nthe other half\r\n.").startswith("250 ")
    replaced(server, pid)
    assert server.stopped() == 0


def test_r1_killed_workers_have_lost_nothing(crew: Serve, tmp_path: Path) -> None:
    """A worker dies under load, again and again: each acknowledged message is there, whole."""
    option = configuration(
        tmp_path,
        'maildir = "mail/{mailbox}"\n[domains."here.example"]\nmailboxes = ["alice", "bob"]\n',
    )
    server = crew(*option)
    senders = [Sender(number, returning=True) for number in range(6)]
    ledger = Ledger(tmp_path / "mail", senders)
    chance = random.Random(3)
    for _ in range(KILLS):
        begin(senders, server.port)
        time.sleep(chance.uniform(0.05, 0.4))
        pid = chance.choice(list(pids(server).values()))
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)  # the other one goes on
        end(senders)
        ledger.settle()
        replaced(server, pid)
    assert ledger.wrong == []
    assert ledger.acknowledged > KILLS
    assert server.stopped() == 0


def test_r20_workers_end_with_their_parent(crew: Serve) -> None:
    """It is killed: what is under way comes to its end, idle sessions hear 421, and all is over."""
    server = crew()
    working = list(pids(server).values())
    client, idle = server.connect().begin(), server.connect()
    client.send(b"Subject: half\r\n")
    server.process.kill()
    assert idle.hear().startswith("421 4.3.2 ")
    assert client.say("\r\nthe other half\r\n.").startswith("250 ")
    assert client.hear().startswith("421 4.3.2 ")
    until(lambda: not any(map(runs, working)), "all have ended")
    assert len(server.messages()) == 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def test_r17_stop_reaches_all(crew: Serve) -> None:
    """Idle sessions of each hear 421, content may come to its end, and the exit code is 0."""
    server = crew()
    working = list(pids(server).values())
    clients = [server.connect().begin() for _ in range(6)]
    idle = [server.connect() for _ in range(6)]
    server.tell(signal.SIGTERM)
    for client in idle:
        assert client.hear().startswith("421 4.3.2 ")
    for client in clients:
        assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert server.ended() == 0
    assert not any(map(runs, working))
    assert len(server.messages()) == len(clients)
    # Each that has sessions says that it stops, and which one it is.
    said = re.findall(r"Z worker [12]: \[.*\] stopping: (\d+) sessions", server.output)
    assert sum(map(int, said)) == len(clients) + len(idle)


def test_what_is_typed_at_the_terminal_is_for_the_parent(crew: Serve) -> None:
    """Ctrl-C reaches a whole group of processes; content under way has its time all the same."""
    server = crew(command=("setsid", *GOMAIL))
    group = os.getpgid(server.process.pid)
    assert all(os.getpgid(pid) != group for pid in pids(server).values())
    client = server.connect().begin()
    os.killpg(group, signal.SIGINT)
    server.logged("stopping: ")
    assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert server.ended() == 0


def test_second_interrupt_ends_the_waiting(crew: Serve) -> None:
    """In all of them."""
    server = crew()
    clients = [server.connect().begin() for _ in range(4)]
    server.tell(signal.SIGINT)
    server.logged("stopping: ")
    for _ in range(WORKERS):
        until(lambda: server.output.count("stopping: ") >= 1, "they stop")
    server.tell(signal.SIGINT)
    for client in clients:
        with suppress(ConnectionResetError):
            assert client.hear() == ""
    assert server.ended() == 0
    assert server.messages() == []


def test_worker_does_not_make_the_root_anew(crew: Serve, tmp_path: Path) -> None:
    """An empty folder in its place is the mount point of a disk that is missing: 4xx."""
    option = configuration(
        tmp_path, 'maildir = "mail/{mailbox}"\n[domains.localhost]\nmailboxes = ["you", "me"]\n'
    )
    server = crew(*option)
    assert server.connect().mail().startswith("250 ")
    (tmp_path / "mail").rename(tmp_path / "away")
    (tmp_path / "mail").mkdir()
    for pid in pids(server).values():
        os.kill(pid, signal.SIGKILL)
        replaced(server, pid)
    client = server.connect()
    client.say("EHLO client.example")
    client.say("MAIL FROM:<me@client.example>")
    assert client.say("RCPT TO:<me@localhost>")[:1] == "4"
    assert list((tmp_path / "mail").iterdir()) == []
    (tmp_path / "mail").rmdir()
    (tmp_path / "away").rename(tmp_path / "mail")
    assert server.stopped() == 0


@pytest.mark.parametrize("reactor", ["select", "asyncio"])
def test_workers_run_on_the_reactor_that_twistd_was_told(start: Serve, reactor: str) -> None:
    """And their parent does."""
    server = start(
        "--nodaemon", "--pidfile=", f"--reactor={reactor}", "gomail", "--port", "tcp:0",
        "--workers", "2", command=TWISTD,
    )  # fmt: skip
    server.started()
    until(lambda: len(pids(server)) == WORKERS, server.output)
    name = {"select": "SelectReactor", "asyncio": "AsyncioSelectorReactor"}[reactor]
    until(lambda: server.output.count(name) == WORKERS + 1, server.output)
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_variable_without_a_parent_is_told(start: Serve) -> None:
    """Somebody has it in their environment."""
    server = start("--port", "tcp:0", environment={"GOMAIL_WORKER": "1"})
    assert server.ended() == 1
    assert "only the parent of workers sets it" in server.complaints
    assert server.complaints.count("\n") == 1
