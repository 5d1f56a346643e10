"""Sockets that systemd passes: found, taken, or told why not."""

import os
import socket
from collections.abc import Mapping

import pytest

from gomail.server.activation import missing, name_sockets, take


@pytest.mark.parametrize(
    ("before", "names"),
    [
        ({"LISTEN_FDS": "2"}, "unknown:unknown"),
        ({"LISTEN_FDS": "1"}, "unknown"),
        ({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"}, "a:b"),
        ({"LISTEN_FDS": "x"}, None),
        ({}, None),
    ],
)
def test_sockets_without_names_are_unknown(before: Mapping[str, str], names: str | None) -> None:
    """As sd_listen_fds_with_names(3) calls them; Twisted would overlook them."""
    environment = dict(before)
    name_sockets(environment)
    assert environment.get("LISTEN_FDNAMES") == names


def test_reason_is_found_for_a_socket_that_is_missing() -> None:
    """None at all, others, or those of another process."""
    none = "no such socket was passed to this process"
    assert missing({}, 7).startswith(f"{none}; systemd does so by LISTEN_FDS")
    assert missing({"LISTEN_FDNAMES": "smtp:local"}, 7) == f"{none}, but these by name: smtp, local"
    assert missing({"LISTEN_PID": "6", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a"}, 7) == (
        f"{none}: LISTEN_PID=6 is another, which should have become this one by exec"
    )


def test_socket_is_taken_and_stays_where_it_was() -> None:
    """What is taken is a duplicate, which does not block."""
    with socket.create_server(("127.0.0.1", 0)) as passed:
        with take(passed.fileno(), "INET") as taken:
            assert taken.getsockname() == passed.getsockname()
            assert taken.fileno() != passed.fileno()
            assert not taken.get_inheritable()
            with pytest.raises(BlockingIOError):
                taken.accept()
        assert passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def test_what_is_no_listening_stream_is_told() -> None:
    """A file, a connection, datagrams; nothing stays open."""
    number = os.open("/dev/null", os.O_RDONLY)
    with pytest.raises(ValueError, match=f"descriptor {number} is no socket"):
        take(number, "INET")
    os.close(number)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with (
            socket.socket(socket.AF_INET, kind) as passed,
            pytest.raises(ValueError, match="does not listen: ListenStream= and Accept=no"),
        ):
            take(passed.fileno(), "INET")


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", "INET"), ("::1", "INET6")])
def test_socket_of_another_kind_is_told(host: str, kind: str) -> None:
    """With what it is, and the word for that."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, 0), family=family) as passed,
        pytest.raises(ValueError, match=rf"that was passed is .*{host}.*, which is domain={kind}"),
    ):
        take(passed.fileno(), "UNIX")


def test_port_of_a_machine_without_ipv6_is_taken() -> None:
    """The units say INET6, and systemd makes of ListenStream=25 what there is; no other passes."""
    with socket.create_server(("0.0.0.0", 0)) as passed, take(passed.fileno(), "INET6") as taken:
        assert taken.getsockname() == passed.getsockname()
    with (
        socket.create_server(("127.0.0.1", 0)) as passed,
        pytest.raises(ValueError, match=r"which is domain=INET$"),
    ):
        take(passed.fileno(), "INET6")
