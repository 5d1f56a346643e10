"""The order checker at work: the server passes it, and those that cheat do not."""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.faults.cheats import CHEATS, FILESYSTEM, TOGETHER
from tests.faults.client import Session, name_of, port_and_pid, start, traced_to_the_end
from tests.faults.order import STRACE, check, read_calls
from tests.faults.server import AGENT
from tests.patience import PATIENCE

BIG = b"A: b\r\n\r\n" + b"0123456789abcde\r\n" * 2000


def send_some(port: int) -> None:
    """Send messages small and big, for one mailbox and for two."""
    session = Session(port)
    for number in range(5):
        name_of(session.send(b"A: %d\r\n\r\nbody\r\n" % number, "alice"))
        name_of(session.send(BIG, "alice", "bob"))
    session.close()


def traced(root: Path, *cheats: str) -> list[str]:
    """Have a server take messages under strace, from several clients at once; give the trace."""
    probe = ["strace", "-o", os.devnull, "true"]
    if (
        shutil.which("strace") is None
        or subprocess.run(probe, check=False, timeout=PATIENCE).returncode
    ):
        pytest.skip("strace is missing, or may not trace")
    trace = root / "trace"
    (root / "mail").mkdir()
    server = start(root / "mail", *cheats, before=[*STRACE, "-o", str(trace)])
    port, pid = port_and_pid(server)
    try:
        clients = [threading.Thread(target=send_some, args=(port,), daemon=True) for _ in range(3)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(PATIENCE)
        Session(port).close()  # whoever is greeted knows that the call for the last 250 has ended
    finally:
        os.kill(pid, signal.SIGKILL)  # strace itself would not be disturbed
        traced_to_the_end(server)
    return trace.read_text(errors="replace").splitlines()


@pytest.mark.system
@pytest.mark.parametrize("how", [(), (FILESYSTEM,), (AGENT,), (AGENT, FILESYSTEM)])
def test_r1_everything_is_durable_before_the_250(tmp_path: Path, how: tuple[str, ...]) -> None:
    """For each 250: written, file synced, linked, folder synced, and only then sent."""
    checked, wrong = check(traced(tmp_path, *how))
    assert wrong == []
    assert checked == 30


@pytest.mark.system
@pytest.mark.parametrize("cheat", CHEATS)
@pytest.mark.parametrize("how", [(), (AGENT,)])
def test_server_that_cheats_is_caught(tmp_path: Path, how: tuple[str, ...], cheat: str) -> None:
    """
    The checker would notice if a step were left out, or came too late.

    Not each time: messages share folders, and what is done too late for one may be in time for
    another.
    """
    checked, wrong = check(traced(tmp_path, *how, cheat))
    assert checked == 30
    assert wrong


@pytest.mark.system
@pytest.mark.parametrize("cheat", TOGETHER)
def test_server_that_cheats_with_whole_file_systems_is_caught(tmp_path: Path, cheat: str) -> None:
    """
    So it would, for those messages that share a sync.

    How many do is chance: whoever is alone in a batch is synced by itself, and one batch's sync may
    come just in time for another's link.
    """
    checked, wrong = check(traced(tmp_path, FILESYSTEM, cheat))
    assert checked == 30
    assert wrong


HONEST = """\
7 write(9</m/a/tmp/1.x>, "Return-Path: <a@x>\\nDelivered-To: "..., 200) = 200
7 copy_file_range(8</m/a/tmp/#9 (deleted)>, [0], 9</m/a/tmp/1.x>, NULL, 300, 0) = 300
7 fsync(9</m/a/tmp/1.x> <unfinished ...>
5 sendto(6<socket:[1]>, "250 2.1.0 Sender OK\\r\\n", 21, 0, NULL, 0) = 21
7 <... fsync resumed>) = 0
7 linkat(4</m/a/tmp>, "1.x", 5</m/a/new>, "1.x,S=500", 0) = 0
7 fsync(5</m/a/new>) = 0
5 sendto(6<socket:[1]>, "250 2.0.0 stored as 1.x,S=500\\r\\n", 31, 0, NULL, 0) = 31
""".splitlines()


def test_checker_passes_what_is_right() -> None:
    """Calls that strace tells in two lines are put together."""
    assert check(HONEST) == (1, [])
    assert [call.name for call in read_calls(HONEST)][1:3] == ["copy_file_range", "sendto"]


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ([0, 1, 5, 6, 7], "the file was not synced once, after it was written"),
        ([0, 2, 4, 1, 5, 6, 7], "the file was not synced once, after it was written"),
        ([0, 1, 5, 2, 4, 6, 7], "the file was linked before it was synced"),
        ([0, 1, 2, 5, 4, 6, 7], "the file was linked before it was synced"),
        ([0, 1, 2, 4, 7, 5, 6], "the reply was sent before the link"),
        ([0, 1, 2, 4, 5, 7], "the folder was not synced between the link and the reply"),
        ([0, 1, 2, 4, 5, 7, 6], "the folder was not synced between the link and the reply"),
        ([0, 1, 2, 4, 6, 5, 7], "the folder was not synced between the link and the reply"),
        ([0, 1, 2, 4, 6, 7], "no such file was linked"),
    ],
)
def test_checker_names_what_is_wrong(order: list[int], problem: str) -> None:
    """Whatever is missing, or comes too late, is told."""
    checked, wrong = check([HONEST[number] for number in order])
    assert checked == 1
    assert f"1.x,S=500: {problem}" in wrong


def test_checker_takes_a_failed_sync_for_none() -> None:
    """A sync that the disk refused is none."""
    failed = [line.replace("resumed>) = 0", "resumed>) = -1 EIO") for line in HONEST]
    assert check(failed)[1]


def test_strace_is_told_to_follow_threads() -> None:
    """The disk is touched in a thread of its own."""
    assert "-f" in STRACE
    assert subprocess.list2cmdline(STRACE).startswith("strace -f -y")
