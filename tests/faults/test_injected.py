"""
Each system call of a delivery fails, with each error that it may have, or is the server's last.

strace makes it so, from outside, for one message at a time: what is acknowledged is there, whole,
and whatever could not be made durable is deferred.
"""

import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.client import Session, name_of, port_and_pid
from tests.faults.house import STORED, TEXT
from tests.faults.long.kills import running
from tests.faults.processes import until_there_is
from tests.faults.server import AGENT, QUICK, SPARE
from tests.patience import PATIENCE
from tests.thorough import often

pytestmark = pytest.mark.system

ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EACCES", "EROFS", "EMFILE", "ENOMEM", "EINTR")
# Calls without which nothing is durable, and how many of each there are: three folders and the
# file, the file and the folder. What is tidied up behind them may fail.
NEEDED = (("openat", 4), ("writev", 1), ("fsync", 2), ("linkat", 1))
TIDYING = (("unlinkat", 1),)
POINTS = [(call, number + 1) for call, times in NEEDED + TIDYING for number in range(times)]


@pytest.fixture(scope="module", autouse=True)
def _strace() -> None:
    """See that strace may trace what runs already."""
    sleeper = subprocess.Popen(["sleep", "100"])
    probe = ["timeout", "-s", "INT", "1", "strace", "-p", str(sleeper.pid), "-o", os.devnull]
    try:
        told = subprocess.run(probe, check=False, capture_output=True, timeout=PATIENCE)
    except FileNotFoundError:
        pytest.skip("there is no timeout(1)")
    finally:
        sleeper.kill()
        sleeper.wait(PATIENCE)
    if shutil.which("strace") is None or b"attached" not in told.stderr:
        pytest.skip("strace is missing, or may not trace")


@contextmanager
def injected(pid: int, call: str, number: int, what: str) -> Iterator[None]:
    """Have the *number*-th *call* of a process and its threads end in *what*."""
    fault = f"inject={call}:{what}:when={number}"
    command = ["strace", "-f", "-p", str(pid), "-o", os.devnull, "-e", f"trace={call}", "-e", fault]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until_traced(pid)
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        try:
            tracer.wait(2)
        except subprocess.TimeoutExpired:  # it waits for threads of a process that was killed
            tracer.kill()
            tracer.wait(PATIENCE)


def until_traced(pid: int) -> None:
    """Wait until all threads of a process are traced."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        told = []
        with suppress(OSError):  # a thread has ended meanwhile
            told = [status.read_text() for status in Path(f"/proc/{pid}/task").glob("*/status")]
        if told and not any("TracerPid:\t0\n" in each for each in told):
            return
        time.sleep(0.005)
    pytest.fail("the process is not traced")


class Sender:
    """Sends one message at a time; has the verdict come only when all is in place."""

    def __init__(self, port: int) -> None:
        """Say EHLO."""
        self._session = Session(port)
        self.close = self._session.close

    def begin(self, mailbox: str) -> None:
        """Come as far as the content; where the system is in trouble still, a little later."""
        end = time.monotonic() + PATIENCE
        while not self._said(mailbox):
            assert time.monotonic() < end
            time.sleep(0.01)
            self._session.say(b"RSET\r\n")

    def _said(self, mailbox: str) -> bool:
        """Say MAIL, RCPT and DATA."""
        say = self._session.say
        return (
            say(b"MAIL FROM:<a@client.example>\r\n").startswith(b"250")
            and say(b"RCPT TO:<%s@here.example>\r\n" % mailbox.encode()).startswith(b"250")
            and say(b"DATA\r\n").startswith(b"354")
        )

    def end(self) -> bytes:
        """Send the content, and hear the verdict."""
        return self._session.say(TEXT + b".\r\n")


def assert_nothing_half(maildir: Path) -> None:
    """See that whatever is in a mailbox is whole."""
    for path in (maildir / "new").iterdir():
        assert path.read_bytes().endswith(b"+0000\n" + STORED)
        assert path.name.endswith(f",S={path.stat().st_size}")


@pytest.mark.parametrize("how", [(), (AGENT,)])
def test_r2_each_call_fails_with_each_error(tmp_path: Path, how: tuple[str, ...]) -> None:
    """What is needed for the promise and fails is deferred; what is not costs nobody anything."""
    faults = list(itertools.product(POINTS, ERRORS))[:: often(5, 1)]
    mailboxes = iter(SPARE)
    with running(tmp_path, QUICK, *how) as server:
        port, pid = port_and_pid(server)
        sender = Sender(port)
        for (call, number), error in faults:
            mailbox = next(mailboxes)
            sender.begin(mailbox)
            target = until_there_is(pid) if how else pid
            with injected(target, call, number, f"error={error}"):
                reply = sender.end()
            where = f"{call} {number} {error}: {reply!r}"
            assert_nothing_half(tmp_path / mailbox)
            if reply.startswith(b"250 "):
                assert (tmp_path / mailbox / "new" / name_of(reply)).exists(), where
                assert (call, number) not in POINTS[:-1] or error == "EINTR", where
            else:
                assert reply.startswith((b"451 ", b"452 ")), where
                assert call != "unlinkat", where
        sender.begin("alice")
        name_of(sender.end())
        sender.close()


@pytest.mark.parametrize(("call", "number"), [*POINTS, ("writev", 2)])
def test_r1_killed_at_each_call(tmp_path: Path, call: str, number: int) -> None:
    """
    An agent that dies there is followed by another, and nobody was told what is not so.

    The second writev is that of its outcome.
    """
    with running(tmp_path, AGENT) as server:
        port, pid = port_and_pid(server)
        sender = Sender(port)
        sender.begin("alice")
        agent = until_there_is(pid)
        with injected(agent, call, number, "signal=KILL"):
            reply = sender.end()
        assert reply.startswith(b"250 ") == (call == "unlinkat"), reply
        assert_nothing_half(tmp_path / "alice")
        assert reply.startswith((b"250 ", b"451 4.3.0 "))
        sender.begin("bob")
        name_of(sender.end())
        sender.close()


@pytest.mark.parametrize(("call", "number"), POINTS[:: often(4, 1)])
def test_r1_server_killed_at_each_call(tmp_path: Path, call: str, number: int) -> None:
    """Where the server itself stores, it is the end of the session, too."""
    with running(tmp_path) as server:
        port, pid = port_and_pid(server)
        sender = Sender(port)
        sender.begin("alice")
        with injected(pid, call, number, "signal=KILL"):
            try:
                reply = sender.end()
            except ConnectionError:
                reply = b""
            assert server.wait(PATIENCE) == -signal.SIGKILL  # tidying up comes behind the reply
        assert_nothing_half(tmp_path / "alice")
        if reply:
            assert (tmp_path / "alice/new" / name_of(reply)).exists()
        sender.close()
