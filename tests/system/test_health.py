"""What a real server finds out of itself, and tells: its log is read, and its status."""

import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import Server, patched, runs, stored, until

pytestmark = pytest.mark.system
LIMITS = """
[domains.localhost]
mailboxes = ["you"]
[limits]
size = "1 MiB"
disk-reserve = "4 MiB"
"""
SHORT = "from gomail.server import watch; watch.WINDOW = 2\n"  # the worst of two seconds counts
QUICK = """
from gomail.delivery import silence
silence.ASKED_AFTER, silence.TOLD_AFTER, silence.ENDED_AFTER = 1.0, 1.0, 3.0
"""
HANG = """
import os, time
from gomail.delivery import room
from gomail.server import judgement
from gomail.smtp.load import Mark
ask = room.free_octets
def hang(folder):
    while os.path.exists("hang"):
        time.sleep(0.01)
    return ask(folder)
room.free_octets = hang
judgement.RULES = tuple(
    rule._replace(mark=Mark(2.0, 2.0)) if rule.word == "disk-hangs" else rule
    for rule in judgement.RULES
)
"""


def agent_of(server: Server) -> int:
    """Give the process id of its delivery agent, once there is one that runs."""
    tasks = Path(f"/proc/{server.process.pid}/task")
    found: list[int] = []

    def look() -> bool:
        with suppress(OSError):  # a thread that has ended meanwhile
            lines = [(task / "children").read_text() for task in tasks.iterdir()]
            found[:] = [int(pid) for line in lines for pid in line.split() if runs(int(pid))]
        return len(found) == 1

    until(look, "no agent")
    return found[0]


def agent_at_work(server: Server) -> int:
    """Give the process id of the agent that has just stored a message."""
    found: list[int] = []

    def store() -> bool:
        found[:] = [agent_of(server)]
        return f"P{found[0]}Q" in server.connect().mail()

    until(store, "no agent stores anything")
    return found[0]


def recovered(server: Server) -> None:
    """Wait until the last that the log tells of its health is that it is well."""

    def last() -> str:
        return [line for line in server.output.splitlines() if " health " in line][-1]

    until(lambda: last().endswith(" health ok"), "it does not recover")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True, timeout=PATIENCE)


@pytest.mark.needs_root
def test_r6_full_disk_is_told_and_that_it_is_freed(
    serve: Serve, tmp_path: Path, small_disk: Path
) -> None:
    """Without mail, too; first that it gets low."""
    configuration = tmp_path / "gomail.toml"
    configuration.write_text(f'maildir = "{small_disk}/Maildir"\n{LIMITS}')
    server = serve("--config", str(configuration))
    filler = small_disk / "filler"
    filler.write_bytes(bytes(12_200_000))
    where = f"MiB are free on the disk of {small_disk}/Maildir, disk-reserve "
    server.logged(f"{where}and the largest message want 5.0: the largest messages are not taken")
    with filler.open("ab") as file:
        file.write(bytes(2_000_000))
    server.logged(f"{where}wants 4.0: no mail is taken until there is room")
    client = server.connect()
    client.say("EHLO client.example")
    assert client.say("MAIL FROM:<me@client.example>").startswith("452 4.3.1 ")
    filler.unlink()
    recovered(server)
    assert client.say("MAIL FROM:<me@client.example>").startswith("250 ")
    assert server.stopped() == 0


@pytest.mark.needs_root
def test_r8_disk_that_may_only_be_read_is_told(
    serve: Serve, tmp_path: Path, small_disk: Path
) -> None:
    """As it is when the kernel has found a fault in it."""
    configuration = tmp_path / "gomail.toml"
    configuration.write_text(f'maildir = "{small_disk}/Maildir"\n{LIMITS}')
    server = serve("--config", str(configuration))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, timeout=PATIENCE)
    client = server.connect()
    client.say("EHLO client.example")
    client.say("MAIL FROM:<me@client.example>")
    assert client.say("RCPT TO:<you@localhost>").startswith("451 4.2.0 ")
    server.logged("health failing: nothing can be stored: ")
    assert "Maildir: Read-only file system" in server.output
    assert server.stopped() == 0


def test_agent_that_hangs_by_itself_is_replaced(serve: Serve, tmp_path: Path) -> None:
    """Its sender hears 451 instead of waiting for minutes, and the next one's mail is stored."""
    server = serve(command=patched(SHORT + QUICK))
    agent = agent_at_work(server)
    os.kill(agent, signal.SIGSTOP)
    assert server.connect().mail("lost on the way").startswith("451 4.3.0 ")
    server.logged("the delivery agent has said nothing for")
    server.logged("though the disk answers); the server stores without one")
    # Where a disk takes seconds at times, even a good agent may be taken for one that hangs.
    again = [server.connect().mail("comes again")]
    while not again[-1].startswith("250 "):
        assert again[-1].startswith("451 4.3.0 "), again
        again.append(server.connect().mail("comes again"))
    assert agent_at_work(server) != agent
    recovered(server)
    messages = stored(tmp_path / "Maildir")
    assert [b"lost on the way" in each for each in messages].count(True) == 0
    assert [b"comes again" in each for each in messages].count(True) >= 1
    assert server.stopped() == 0


def test_agent_that_hangs_holds_up_nobody_else(serve: Serve, tmp_path: Path) -> None:
    """The thread stores what comes behind; when the agent goes on, so does who waited for it."""
    server = serve(command=patched(SHORT + QUICK.replace("3.0", "3600.0")))
    agent = agent_at_work(server)
    os.kill(agent, signal.SIGSTOP)
    waiting = server.connect().begin()
    waiting.send(b"Subject: waits\r\n\r\nwaits\r\n.\r\n")
    server.logged("health degraded: the delivery agent has said nothing for")
    for _ in range(3):
        assert server.connect().mail("goes by").startswith("250 ")
    assert "there is no delivery agent" not in server.output
    os.kill(agent, signal.SIGCONT)
    assert waiting.hear().startswith("250 ")
    recovered(server)
    assert agent_at_work(server) == agent
    messages = stored(tmp_path / "Maildir")
    assert [b"\n\nwaits\n" in each for each in messages].count(True) == 1
    assert [b"\n\ngoes by\n" in each for each in messages].count(True) == 3
    assert server.stopped() == 0


def test_reactor_that_stood_still_is_told(serve: Serve) -> None:
    """A process that is stopped for a while is late for everything."""
    server = serve(command=patched(SHORT))
    server.tell(signal.SIGSTOP)
    time.sleep(2.5)  # that it stands still for so long is what is tested
    server.tell(signal.SIGCONT)
    server.logged("the reactor is ")
    recovered(server)
    assert server.stopped() == 0


def test_open_files_that_come_to_an_end_are_told(serve: Serve) -> None:
    """And that there are more again."""
    server = serve(command=patched(SHORT))
    agent_of(server)
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)

    def told() -> bool:
        """Have all be open that may be, also once what was open for a moment is not any more."""
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
        return " files may be open, and are" in server.output

    until(told, server.output)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    recovered(server)
    assert server.stopped() == 0


def test_r10_hanging_disk_is_told_without_a_service_manager(serve: Serve, tmp_path: Path) -> None:
    """Nobody has sent anything; and it goes on when the disk comes back."""
    server = serve(command=patched(HANG))
    (tmp_path / "hang").touch()
    server.logged("health failing: the disk has not answered for 2 s")
    (tmp_path / "hang").unlink()
    recovered(server)
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_database_that_cannot_be_asked_is_told(serve: Serve, tmp_path: Path) -> None:
    """Without mail, and that another is in its place; nobody hears 550 meanwhile."""
    database, aside = tmp_path / "mail.db", tmp_path / "new.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE mailboxes (domain TEXT, name TEXT)")
        connection.execute("INSERT INTO mailboxes VALUES ('localhost', 'you')")
    configuration = tmp_path / "gomail.toml"
    domain = f'[domains.localhost]\nmailboxes = "sqlite:{database}"\n'
    configuration.write_text(f'maildir = "{tmp_path}/Maildir"\n{domain}')
    aside.write_bytes(database.read_bytes())
    server = serve("--config", str(configuration))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TABLE mailboxes")
    why = f"nobody knows whose mail to take: {database}: no such table: mailboxes"
    server.logged(f"health failing: {why}")
    client = server.connect()
    client.say("EHLO client.example")
    client.say("MAIL FROM:<me@client.example>")
    assert client.say("RCPT TO:<nobody@localhost>").startswith("451 4.3.0 ")
    aside.rename(database)
    assert client.say("RCPT TO:<you@localhost>").startswith("250 ")
    assert client.say("RCPT TO:<nobody@localhost>").startswith("550 5.1.1 ")
    recovered(server)
    assert server.stopped() == 0
