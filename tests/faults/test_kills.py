"""Killed under load, again and again: what was acknowledged is there, whole."""

import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from subprocess import Popen

import pytest

from tests.faults.client import Session, name_of, port_and_pid, start
from tests.faults.server import AGENT, QUICK
from tests.patience import PATIENCE
from tests.thorough import often

pytestmark = pytest.mark.system

KILLS = often(6, 24)
SENDERS = 4


class Sender:
    """Sends one message after the other until the server dies; remembers what was acknowledged."""

    def __init__(self, number: int, port: int, *, patient: bool = False) -> None:
        """Begin to send; a *patient* one goes on behind 451, and leaves when it is told."""
        self.acknowledged: dict[str, bytes] = {}
        self._patient = patient
        self._leaving = False
        self._random = random.Random(number)
        self._port = port
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        """Send small messages and big ones, to one mailbox and to both."""
        try:
            session = Session(self._port)
            try:
                while not self._leaving:
                    content = self._content()
                    recipients = self._random.choice([("alice",), ("alice", "bob")])
                    reply = session.send(content, *recipients)
                    if self._patient and reply.startswith(b"451 "):
                        time.sleep(0.05)  # for so long the system is believed to be in trouble
                    else:
                        self.acknowledged[name_of(reply)] = content
            finally:
                session.close()
        except OSError:
            return  # the server is dead

    def _content(self) -> bytes:
        """Make a message that nobody has sent before."""
        octets = self._random.randbytes(self._random.choice([20, 500, 30_000])).hex()
        lines = b"".join(b"%s\r\n" % octets[i : i + 70].encode() for i in range(0, len(octets), 70))
        return b"X-Sum: " + sha256(lines).hexdigest().encode() + b"\r\n\r\n" + lines

    def leave(self) -> dict[str, bytes]:
        """Send no more messages; give what was acknowledged."""
        self._leaving = True
        return self.join()

    def join(self) -> dict[str, bytes]:
        """Wait until the server is dead; give what was acknowledged until then."""
        self._thread.join(PATIENCE)
        return self.acknowledged


def is_whole(stored: bytes) -> bool:
    """Tell whether a message has the octets that its sum was made of."""
    head, _, body = stored.partition(b"\n\n")
    return head.endswith(sha256(body.replace(b"\n", b"\r\n")).hexdigest().encode())


@contextmanager
def running(root: Path, *how: str) -> Iterator[Popen[bytes]]:
    """Run a server, and kill it in the end at the latest."""
    server = start(root, *how)
    try:
        yield server
    finally:
        server.kill()
        server.communicate()


@pytest.mark.parametrize("how", [(), (AGENT,)])
def test_r1_killed_server_has_lost_nothing(tmp_path: Path, how: tuple[str, ...]) -> None:
    """After two dozen kill -9 each acknowledged message is in its mailbox, and no half one is."""
    acknowledged: dict[str, bytes] = {}
    chance = random.Random(1)
    with ExitStack() as stack:
        # Two get ready while one dies.
        servers = [stack.enter_context(running(tmp_path, *how)) for _ in range(2)]
        for kill in range(KILLS):
            server = servers.pop(0)
            port, _ = port_and_pid(server)
            servers.append(stack.enter_context(running(tmp_path, *how)))
            senders = [Sender(kill * SENDERS + number, port) for number in range(SENDERS)]
            time.sleep(chance.uniform(0.02, 0.3))
            server.kill()
            for sender in senders:
                acknowledged |= sender.join()
    assert len(acknowledged) > KILLS
    assert_whole(tmp_path, acknowledged)


def test_r1_killed_agent_has_lost_nothing(tmp_path: Path) -> None:
    """
    The server goes on without it, and with the next one; what it had taken was not acknowledged.

    The kill comes at a moment of its own in each round; senders hear 451 for some, and go on.
    """
    acknowledged: dict[str, bytes] = {}
    chance = random.Random(2)
    with running(tmp_path, AGENT, QUICK) as server:
        port, pid = port_and_pid(server)
        for kill in range(KILLS):
            senders = [
                Sender(kill * SENDERS + number, port, patient=True) for number in range(SENDERS)
            ]
            time.sleep(chance.uniform(0.02, 0.3))
            agent = until_there_is(pid)
            os.kill(agent, signal.SIGKILL)
            time.sleep(0.1)  # the thread stores meanwhile
            for sender in senders:
                acknowledged |= sender.leave()
        assert until_there_is(pid)
    assert len(acknowledged) > KILLS
    assert_whole(tmp_path, acknowledged)


def test_r1_dead_agent_closes_no_door(tmp_path: Path) -> None:
    """Whose message it had taken hears 451; all others are served by the thread, at once."""
    with running(tmp_path, AGENT) as server:
        port, pid = port_and_pid(server)
        unlucky, other = Session(port), Session(port)
        unlucky.say(b"MAIL FROM:<a@client.example>\r\n")
        unlucky.say(b"RCPT TO:<alice@here.example>\r\n")
        unlucky.say(b"DATA\r\n")
        agent = until_there_is(pid)
        os.kill(agent, signal.SIGSTOP)
        verdict = threading.Timer(0.2, os.kill, (agent, signal.SIGKILL))
        verdict.start()
        assert unlucky.say(b"A: b\r\n\r\nbody\r\n.\r\n").startswith(b"451 4.3.0 ")
        name_of(other.send(b"A: b\r\n\r\nbody\r\n", "alice"))
        unlucky.close()
        other.close()
        verdict.join()


def until_there_is(pid: int) -> int:
    """Wait until a server has an agent at work, and give the agent's process id."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if is_at_work(int(child)):
                    return int(child)
        time.sleep(0.01)
    pytest.fail("there was no agent")


def is_at_work(agent: int) -> bool:
    """Tell whether an agent leaves signals to its server by now: then it is about to say so."""
    with suppress(OSError):  # it is dead
        ignored = re.search(r"SigIgn:\t(\w+)", Path(f"/proc/{agent}/status").read_text())
        return ignored is not None and bool(int(ignored[1], 16) & 1 << signal.SIGHUP - 1)
    return False


def assert_whole(root: Path, acknowledged: dict[str, bytes]) -> None:
    """See that what was acknowledged is there as it was sent, and that nothing is half there."""
    for name, content in acknowledged.items():
        stored = (root / "alice/new" / name).read_bytes()
        assert stored.endswith(b"+0000\n" + content.replace(b"\r\n", b"\n"))
    for mailbox in ("alice", "bob"):
        for path in (root / mailbox / "new").iterdir():
            octets = path.read_bytes()
            assert is_whole(octets), path
            assert path.name.endswith(f",S={len(octets)}")
