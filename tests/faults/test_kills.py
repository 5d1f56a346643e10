"""Killed under load, again and again: what was acknowledged is there, whole."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from subprocess import Popen

import pytest

from tests.faults.client import Session, name_of, port_and_pid, start
from tests.patience import PATIENCE
from tests.thorough import often

pytestmark = pytest.mark.system

KILLS = often(6, 24)
SENDERS = 4


class Sender:
    """Sends one message after the other until the server dies; remembers what was acknowledged."""

    def __init__(self, number: int, port: int) -> None:
        """Begin to send."""
        self.acknowledged: dict[str, bytes] = {}
        self._random = random.Random(number)
        self._port = port
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        """Send small messages and big ones, to one mailbox and to both."""
        try:
            session = Session(self._port)
            try:
                while True:
                    content = self._content()
                    recipients = self._random.choice([("alice",), ("alice", "bob")])
                    reply = session.send(content, *recipients)
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

    def join(self) -> dict[str, bytes]:
        """Wait until the server is dead; give what was acknowledged until then."""
        self._thread.join(PATIENCE)
        return self.acknowledged


def is_whole(stored: bytes) -> bool:
    """Tell whether a message has the octets that its sum was made of."""
    head, _, body = stored.partition(b"\n\n")
    return head.endswith(sha256(body.replace(b"\n", b"\r\n")).hexdigest().encode())


@contextmanager
def running(root: Path) -> Iterator[Popen[bytes]]:
    """Run a server, and kill it in the end at the latest."""
    server = start(root)
    try:
        yield server
    finally:
        server.kill()
        server.communicate()


def test_r1_killed_server_has_lost_nothing(tmp_path: Path) -> None:
    """After two dozen kill -9 each acknowledged message is in its mailbox, and no half one is."""
    acknowledged: dict[str, bytes] = {}
    chance = random.Random(1)
    with ExitStack() as stack:
        # Two get ready while one dies.
        servers = [stack.enter_context(running(tmp_path)) for _ in range(2)]
        for kill in range(KILLS):
            server = servers.pop(0)
            port, _ = port_and_pid(server)
            servers.append(stack.enter_context(running(tmp_path)))
            senders = [Sender(kill * SENDERS + number, port) for number in range(SENDERS)]
            time.sleep(chance.uniform(0.02, 0.3))
            server.kill()
            for sender in senders:
                acknowledged |= sender.join()
    assert len(acknowledged) > KILLS
    for name, content in acknowledged.items():
        stored = (tmp_path / "alice/new" / name).read_bytes()
        assert stored.endswith(b"+0000\n" + content.replace(b"\r\n", b"\n"))
    for mailbox in ("alice", "bob"):
        for path in (tmp_path / mailbox / "new").iterdir():
            octets = path.read_bytes()
            assert is_whole(octets), path
            assert path.name.endswith(f",S={len(octets)}")
