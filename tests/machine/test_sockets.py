"""Who listens, as the kernel says."""

import os
import socket
import sys

import pytest

from gomail.machine.sockets import Listening, listening

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells it so")


def bound(family: int, address: str, *, only6: bool | None = None) -> socket.socket:
    """Give a socket that listens on a free port."""
    made = socket.socket(family)
    if only6 is not None:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only6)
    made.bind((address, 0))
    made.listen()
    return made


@pytest.mark.parametrize(
    ("family", "address", "only6", "families", "local"),
    [
        (socket.AF_INET, "0.0.0.0", None, {4}, False),
        (socket.AF_INET, "127.0.0.1", None, {4}, True),
        (socket.AF_INET6, "::", True, {6}, False),
        (socket.AF_INET6, "::", False, {4, 6}, False),
        (socket.AF_INET6, "::1", None, {6}, True),
    ],
)
def test_socket_is_told_as_it_is(
    *, family: int, address: str, only6: bool | None, families: set[int], local: bool
) -> None:
    """With the families that come by it, its inode and its owner."""
    with bound(family, address, only6=only6) as made:
        port = made.getsockname()[1]
        [found] = [each for each in listening() if each.port == port and each.ip == address]
        assert set(found.families) == families
        assert found.local == local
        assert found.inode == os.fstat(made.fileno()).st_ino
        assert found.uid == os.geteuid()
    assert all(each.inode != found.inode for each in listening())


def test_sockets_that_only_talk_are_none() -> None:
    """A client's end has a port as well."""
    with (
        bound(socket.AF_INET, "127.0.0.1") as made,
        socket.create_connection(made.getsockname()) as client,
    ):
        ports = [each.port for each in listening()]
        assert client.getsockname()[1] not in ports
        assert made.getsockname()[1] in ports


def test_address_is_written_for_people() -> None:
    """One of IPv6 in brackets."""
    assert str(Listening("::", 25)) == "[::]:25"
    assert str(Listening("127.0.0.1", 25)) == "127.0.0.1:25"
