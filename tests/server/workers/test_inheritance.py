"""What a worker has from its parent: in processes of their own, since descriptors have numbers."""

import os
import socket
import subprocess
import sys

import pytest

from gomail.frames import framed
from gomail.server.workers.inheritance import inherit
from gomail.server.workers.words import FIRST, SOCKETS, VARIABLE
from tests.patience import PATIENCE

_WORKER = f"""
import os
from gomail.server.start import StartError
from gomail.server.workers.inheritance import inherit
try:
    inherited = inherit(os.environ)
except StartError as error:
    print(error)
else:
    assert {VARIABLE!r} not in os.environ
    names = [each.getsockname() for each in inherited.sockets]
    inheritable = [os.get_inheritable(each.fileno()) for each in inherited.sockets]
    blocking = [each.getblocking() for each in inherited.sockets]
    print(inherited.number, inherited.settings, inherited.root, inherited.pairs)
    print(names, inheritable, blocking)
    print(os.get_inheritable(3), os.getpgid(0) == os.getpid())
"""


def work(said: bytes, count: str, *sockets: socket.socket) -> str:
    """Have a worker begin, and give what it says."""
    reader, writer = os.pipe()
    table = {3: writer, **{SOCKETS + place: each.fileno() for place, each in enumerate(sockets)}}

    def arrange() -> None:
        copies = {number: os.dup(fd) for number, fd in table.items()}
        high = {number: os.dup2(copy, 50 + number) for number, copy in copies.items()}
        for number, copy in high.items():
            os.dup2(copy, number, inheritable=True)

    ended = subprocess.run(
        [sys.executable, "-c", _WORKER],
        input=said,
        stdout=subprocess.PIPE,
        env={**os.environ, VARIABLE: count},
        close_fds=False,
        preexec_fn=arrange,
        check=True,
        timeout=PATIENCE,
    )
    os.close(reader)
    os.close(writer)
    return ended.stdout.decode().strip()


def test_all_is_taken_and_nothing_is_left_to_others() -> None:
    """Sockets in their order, settings, and what the root was; it is alone in its group."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        said = framed((FIRST, 7, "settings", (1, 2), (("crt", "key", b"1", b"2"),)))
        names = [one.getsockname(), two.getsockname()]
        assert work(said, "2", one, two).splitlines() == [
            "7 settings (1, 2) (('crt', 'key', b'1', b'2'),)",
            f"{names} [False, False] [False, False]",
            "False True",
        ]


def test_parent_of_before_says_nothing_of_certificates() -> None:
    """It runs on while another version is installed, and has workers follow others."""
    assert work(framed((FIRST, 7, "settings", None)), "0").startswith("7 settings None ()")


@pytest.mark.parametrize(
    ("said", "count", "problem"),
    [
        (b"", "0", "it has gone"),
        (framed((FIRST, 1, "sett", None))[:-1], "0", "it has gone"),
        (framed(("dance", 1, "settings", None)), "0", "the parent was to say first, not dance"),
        (framed((FIRST, 1, "settings", None)), "two", "only the parent of workers sets it"),
        (framed((FIRST, 1, "settings", None)), "40", "only the parent of workers sets it"),
    ],
)
def test_what_is_no_parent_is_told(said: bytes, count: str, problem: str) -> None:
    """In one line."""
    assert problem in work(said, count)


def test_most_servers_have_no_parent() -> None:
    """And are told of none."""
    assert inherit({}) is None
