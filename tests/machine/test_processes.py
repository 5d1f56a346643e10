"""Processes, as /proc tells of them."""

import os
import resource
import socket
import subprocess
import sys

import pytest

from gomail.machine.processes import Process, holders, most_files, processes
from tests.waiting import heard_out, line_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


def test_own_process_is_among_them() -> None:
    """With its words and its user."""
    [mine] = [each for each in processes() if each.pid == os.getpid()]
    assert mine.uid == os.geteuid()
    assert mine.words


def test_holders_of_a_socket_are_found() -> None:
    """All of them: one that was passed on has several."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        inode = os.fstat(held.fileno()).st_ino
        assert [each.pid for each in holders([inode])[inode]] == [os.getpid()]
        command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[held.fileno()],
        ) as other:
            line_of(other)
            found = {each.pid for each in holders([inode])[inode]}
            heard_out(other)
        assert found == {os.getpid(), other.pid}
    assert holders([inode]) == {inode: ()}


def test_limit_is_the_one_that_it_may_be_raised_to() -> None:
    """And of a process that has gone, nobody knows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert most_files(os.getpid()) == (None if hard == resource.RLIM_INFINITY else hard)
    assert most_files(2**22 + 1) is None  # beyond the highest number that there is


def test_name_cannot_garble_a_terminal() -> None:
    """Whoever starts a program may call it anything."""
    assert str(Process(7, "a\033b")) == "a?b (pid 7)"
    assert str(Process(7, "master", unit="postfix.service")) == "master (pid 7, postfix.service)"
