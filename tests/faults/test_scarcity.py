"""A server that is short of something: of open files, of memory for a thread, of room in a file."""

import re
import resource
import shutil
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.faults.client import Session, name_of, port_and_pid
from tests.faults.house import TEXT
from tests.faults.long.kills import running
from tests.faults.processes import children
from tests.faults.server import AGENT, FORGIVING, QUICK
from tests.patience import PATIENCE
from tests.system.running import until

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("prlimit") is None, reason="there is no prlimit(1)"),
]
SPARE = 4 << 20  # octets that a server may still have: enough for a session, too few for a thread
BIG = b"A: b\r\n\r\n" + b"0123456789abcde\r\n" * 8000


def until_stored(port: int, content: bytes) -> None:
    """Send a message until it is acknowledged."""
    end = time.monotonic() + PATIENCE
    while True:
        with closing(Session(port)) as session:
            reply = session.offer(content, "alice")
        if reply.startswith(b"250 "):
            return
        assert reply.startswith((b"451 ", b"452 ")), reply
        assert time.monotonic() < end, reply
        time.sleep(0.02)


def stored(root: Path) -> list[bytes]:
    """Give what a reader finds."""
    return [path.read_bytes() for path in (root / "alice/new").iterdir()]


@pytest.mark.parametrize("how", [(), (AGENT,)])
def test_r7_message_beyond_the_largest_file_is_deferred(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    """EFBIG: whoever sends it keeps it, nothing of it is left, and what is smaller is stored."""
    with running(tmp_path, QUICK, FORGIVING, *how, before=("prlimit", "--fsize=100000:")) as server:
        port, pid = port_and_pid(server)
        with closing(Session(port)) as session:
            reply = session.offer(BIG, "alice")
        assert reply.startswith((b"451 ", b"452 ")), reply
        until_stored(port, TEXT)
        for each in (pid, *children(pid)):
            resource.prlimit(each, resource.RLIMIT_FSIZE, (-1, -1))
        until_stored(port, BIG)
        until(lambda: not list((tmp_path / "alice/tmp").iterdir()), "it is not tidied up")
    small, big = sorted(stored(tmp_path), key=len)
    assert small.endswith(TEXT.replace(b"\r\n", b"\n"))
    assert big.endswith(BIG.replace(b"\r\n", b"\n"))


def test_r21_server_without_open_files_defers_and_goes_on(tmp_path: Path) -> None:
    """EMFILE: with sessions up to the last descriptor mail is 4xx, and 250 once they leave."""
    with running(tmp_path, QUICK, FORGIVING, before=("prlimit", "--nofile=24:")) as server:
        port, pid = port_and_pid(server)
        until_stored(port, TEXT)
        with ExitStack() as all_of_them:
            first = all_of_them.enter_context(closing(Session(port)))
            while len(list(Path(f"/proc/{pid}/fd").iterdir())) < 23:
                all_of_them.enter_context(closing(Session(port)))
            reply = first.offer(TEXT, "alice")
            assert reply.startswith((b"451 ", b"452 ")), reply
        until_stored(port, TEXT)
    assert len(stored(tmp_path)) == 2


def size_of(pid: int) -> int:
    """Give the octets of a process's address space."""
    found = re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def test_r21_server_without_memory_for_its_thread_defers_and_goes_on(tmp_path: Path) -> None:
    """A thread can't be started: mail is 4xx, and the next message has it tried again."""
    stack = ("prlimit", f"--stack={2 * SPARE}:")
    with running(tmp_path, QUICK, FORGIVING, before=stack) as server:
        port, pid = port_and_pid(server)
        with closing(Session(port)) as session:
            limit = size_of(pid) + SPARE
            resource.prlimit(pid, resource.RLIMIT_AS, (limit, -1))
            for _ in range(3):
                reply = session.offer(TEXT, "alice")
                assert reply.startswith(b"451 "), reply
            resource.prlimit(pid, resource.RLIMIT_AS, (-1, -1))
            name_of(session.offer(TEXT, "alice"))
    assert len(stored(tmp_path)) == 1
