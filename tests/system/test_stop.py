"""How a server leaves: nobody is cut off in the middle, nothing is lost, and it always ends."""

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import ANY_PORT, Client, Server, patched, until
from tests.thorough import often

pytestmark = pytest.mark.system
RESTARTS = often(3, 6)
SENDERS = 4
QUICK = patched(
    "import gomail.server.listening as listening\n"
    "listening.DRAIN_TIME, listening.STOP_TIME = 0.5, 1.0"
)
HUNG_DISK = patched(
    "import gomail.server.listening as listening\n"
    "import os, stat, time\n"
    "listening.DRAIN_TIME, listening.STOP_TIME = 0.5, 1.0\n"
    "fsync = os.fsync\n"
    "def hang(fd):\n"
    "    status = os.fstat(fd)\n"
    "    big = stat.S_ISREG(status.st_mode) and status.st_size > 10**5\n"
    "    return time.sleep(10**6) if big else fsync(fd)\n"
    "os.fsync = hang"
)


def test_r17_idle_sessions_hear_421_and_the_port_is_closed(serve: Serve) -> None:
    """Whoever says nothing, or is between commands, is told to try again, in RFC 3463's words."""
    server = serve()
    port = server.port
    silent, greeted, in_transaction = server.connect(), server.connect(), server.connect()
    greeted.say("EHLO client.example")
    in_transaction.say("EHLO client.example")
    in_transaction.say("MAIL FROM:<me@client.example>")
    server.tell(signal.SIGTERM)
    for client in (silent, greeted, in_transaction):
        assert client.hear().startswith("421 4.3.2 ")
        assert client.hear() == ""
    assert server.ended() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), PATIENCE)


def test_r17_content_under_way_may_come_to_its_end(serve: Serve) -> None:
    """A client in the middle of its message is let finish, hears 250, and then 421."""
    server = serve()
    client = server.connect().begin()
    client.send(b"Subject: half\r\n")
    server.tell(signal.SIGTERM)
    server.logged("stopping: 1 sessions")
    client.send(b"\r\nthe other half\r\n")
    assert client.say(".").startswith("250 2.0.0 ")
    assert client.hear().startswith("421 4.3.2 ")
    assert server.ended() == 0
    (message,) = server.messages()
    assert message.endswith(b"Subject: half\n\nthe other half\n")


def test_r17_second_signal_changes_nothing(serve: Serve) -> None:
    """Another SIGTERM, and SIGHUP, while the server leaves neither kill it nor are errors."""
    server = serve()
    client = server.connect().begin()
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        server.tell(number)
        time.sleep(0.05)  # signals that come at the same time are one
    assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert server.ended() == 0
    assert "Traceback" not in server.output
    assert len(server.messages()) == 1


def test_second_interrupt_ends_the_waiting(serve: Serve) -> None:
    """Ctrl-C lets content come to its end; Ctrl-C once more doesn't."""
    server = serve()
    client = server.connect().begin()
    client.send(b"Subject: half\r\n")
    server.tell(signal.SIGINT)
    server.logged("stopping: 1 sessions")
    server.tell(signal.SIGINT)
    assert server.ended() == 0
    assert "Traceback" not in server.output
    assert server.messages() == []


def test_r17_client_that_never_ends_is_cut(serve: Serve) -> None:
    """Content that does not come to its end is dropped after the drain time; the exit code is 0."""
    server = serve(command=QUICK)
    client = server.connect().begin()
    client.send(b"Subject: for ever\r\n")
    server.tell(signal.SIGTERM)
    began = time.monotonic()
    assert server.ended() == 0
    assert time.monotonic() - began >= 0.5
    with suppress(ConnectionResetError):
        assert client.hear() == ""
    assert server.messages() == []


def test_r10_disk_that_hangs_does_not_keep_the_server_alive(serve: Serve, tmp_path: Path) -> None:
    """Where a file is never written, the process ends all the same; nothing was acknowledged."""
    (tmp_path / "thread.toml").write_text('storing = "thread"\n')  # an agent's disk does not hang
    server = serve("--config", str(tmp_path / "thread.toml"), command=HUNG_DISK)
    client = server.connect().begin()
    client.send(b"Subject: stuck\r\n\r\n" + b"x" * 70 + b"\r\n" * 10**5 + b".\r\n")
    other = server.connect()
    other.begin()
    other.send(b"Subject: behind it\r\n\r\nx\r\n.\r\n")
    server.tell(signal.SIGTERM)
    assert server.ended() == 0
    for waiting in (client, other):
        with suppress(ConnectionResetError):
            assert not waiting.hear().startswith("2")
    assert server.messages() == []


def test_r11_clock_that_is_set_back_delays_nothing(serve: Serve, tmp_path: Path) -> None:
    """Set back by a day, the clock holds up neither the log nor the end (R11)."""
    *python, quick = QUICK
    clock = (
        "import os, time\n"
        "now = time.time\n"
        "time.time = lambda: now() - (86400 if os.path.exists('back') else 0)\n"
    )
    server = serve(command=(*python, clock + quick))
    client = server.connect().begin()
    (tmp_path / "back").touch()
    server.connect().mail()
    server.logged("stored ")
    server.tell(signal.SIGTERM)
    assert server.ended() == 0
    with suppress(ConnectionResetError):
        assert client.hear() == ""


def test_ctrl_c_stops_as_well(serve: Serve) -> None:
    """SIGINT lets idle sessions hear 421, too."""
    server = serve()
    client = server.connect()
    server.tell(signal.SIGINT)
    assert client.hear().startswith("421 4.3.2 ")
    assert server.ended() in {0, -signal.SIGINT, 128 + signal.SIGINT}


class Sender(Thread):
    """
    Sends message after message, whatever happens to the server; notes what was acknowledged.

    Attributes:
        acknowledged: the text of each message that was answered with 250.
        surprises: replies that no sender should see.
    """

    def __init__(self, number: int, port: int) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.port = port
        self.acknowledged: list[str] = []
        self.surprises: list[str] = []
        self.enough = Event()

    def run(self) -> None:
        """Send until it is enough."""
        while not self.enough.is_set():
            with suppress(OSError, AssertionError):
                self.talk(Client.connect(self.port))

    def talk(self, client: Client) -> None:
        """Send messages in one session until it ends."""
        while not self.enough.is_set():
            text = f"message {self.number}.{len(self.acknowledged)} " + "x" * (self.number * 500)
            for line in ("EHLO c.example", "MAIL FROM:<>", "RCPT TO:<you@localhost>", "DATA"):
                self.expect(client, client.say(line))
            reply = self.expect(client, client.say(f"Subject: load\r\n\r\n{text}\r\n."))
            assert reply.startswith("250 "), reply
            self.acknowledged.append(text)

    def expect(self, client: Client, reply: str) -> str:
        """See that the reply is one that a server that leaves may give."""
        if reply and reply[:3] not in {"250", "354", "421"}:
            self.surprises.append(reply)
        assert reply[:1] in {"2", "3"}, reply
        return reply


def takes_mail_for(server: Server, address: str) -> bool:
    """Tell whether an address is welcome."""
    client = server.connect()
    client.say("EHLO client.example")
    client.say("MAIL FROM:<>")
    reply = client.say(f"RCPT TO:<{address}>")
    client.quit()
    return reply.startswith("250 ")


@pytest.fixture
def senders() -> Iterator[list[Sender]]:
    """Give senders, who stop with the test."""
    made = [Sender(number, 0) for number in range(SENDERS)]
    yield made
    for sender in made:
        sender.enough.set()


def begin_load(senders: list[Sender], port: int) -> None:
    """Have the senders begin."""
    for sender in senders:
        sender.port = port
        sender.start()


def end_load(senders: list[Sender], server: Server) -> None:
    """Have them stop, and see that what was acknowledged is stored, octet for octet."""
    for sender in senders:
        sender.enough.set()
    for sender in senders:
        sender.join(PATIENCE)
        assert not sender.is_alive()
        assert sender.surprises == []
        assert sender.acknowledged
    bodies = [message.partition(b"\n\n")[2].decode() for message in server.messages()]
    lost = {f"{text}\n" for sender in senders for text in sender.acknowledged} - set(bodies)
    assert lost == set()


def test_r17_restarts_under_load_lose_nothing(start: Serve, senders: list[Sender]) -> None:
    """Restarted while mail comes in: each 250 is on disk, and each exit is clean (R17)."""
    server = start(*ANY_PORT).started()
    port = server.port
    begin_load(senders, port)
    for _ in range(RESTARTS):
        before = sum(len(sender.acknowledged) for sender in senders)
        until(
            lambda before=before: sum(len(s.acknowledged) for s in senders) >= before + SENDERS,  # type: ignore[misc]
            "no mail comes in",
        )
        assert server.stopped() == 0
        server = start("--port", str(port))
    server.started()
    end_load(senders, server)
    assert server.stopped() == 0
    assert "Traceback" not in server.output


def test_r18_reloads_under_load_lose_nothing(
    serve: Serve, senders: list[Sender], tmp_path: Path
) -> None:
    """The configuration is read again and again, good and bad, while mail comes in (R18)."""
    path = tmp_path / "gomail.toml"
    path.write_text('[domains."localhost"]\n')
    server = serve("--config", str(path))
    begin_load(senders, server.port)
    for number in range(50):
        good = f'[domains."localhost"]\n[domains."d{number}.example"]\n'
        path.write_text(good if number % 5 else "frob = ")
        server.tell(signal.SIGHUP)
        time.sleep(0.02)
    path.write_text('[domains."localhost"]\n[domains."last.example"]\n')
    server.tell(signal.SIGHUP)
    until(lambda: takes_mail_for(server, "a@last.example"), "it was not read again")
    end_load(senders, server)
    assert "Traceback" not in server.output
    assert server.stopped() == 0
