"""What a parent leaves to another program: written, and read again in the same process."""

import os
import socket
from contextlib import closing

import pytest

from gomail.server.ports import Port
from gomail.server.start import StartError
from gomail.server.workers.legacy import VARIABLE, Legacy, claim


def test_what_is_left_can_be_claimed_once() -> None:
    """Sockets by their endpoints, also two of the same; and the logs of those who leave."""
    reader, writer = os.pipe()
    bound = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    names = [each.getsockname() for each in bound]
    ports = [Port("tcp:0", socket=bound[0]), Port("tcp:0", socket=bound[1], passed=True)]
    legacy = Legacy(ports, [(7, reader)], pidfile="/run/gomail.pid")
    assert legacy.descriptors == [bound[0].fileno(), bound[1].fileno(), reader]
    environment = legacy.variables()
    for number in legacy.descriptors:
        os.set_inheritable(number, True)
    for each in bound:
        each.detach()
    claimed = claim(environment)
    assert environment == {}
    assert not any(map(os.get_inheritable, claimed.descriptors))
    assert (claimed.leaving, claimed.trial) == ([(7, reader)], False)
    assert claimed.pidfile == "/run/gomail.pid"
    first, second = claimed.port("tcp:0"), claimed.port("tcp:0")
    assert first is not None
    assert second is not None
    assert first.socket is not None
    assert second.socket is not None
    with closing(first.socket), closing(second.socket):
        assert [first.socket.getsockname(), second.socket.getsockname()] == names
        assert (first.passed, second.passed) == (True, True)  # until we run
        assert [claimed.settle(each).passed for each in (first, second)] == [False, True]
    assert claimed.port("tcp:0") is None
    os.close(reader)
    os.close(writer)


def test_most_servers_are_left_nothing() -> None:
    """And find that all is to be done."""
    claimed = claim({})
    assert (claimed.ports, claimed.leaving, claimed.trial) == ([], [], False)
    assert claimed.port("tcp:0") is None


@pytest.mark.parametrize(
    "text", ["", "[", "[[], []]", '[[["tcp:25", 987, false]], [], false, null]', "7"]
)
def test_what_nobody_has_left_is_told(text: str) -> None:
    """Somebody has the variable in their environment."""
    with pytest.raises(StartError, match="only a parent of workers sets it"):
        claim({VARIABLE: text})
