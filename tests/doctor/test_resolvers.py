"""Resolvers that answer, and others."""

import socket

import pytest

from gomail.checks.servers import Server
from gomail.doctor.resolvers import ask, examine_resolvers
from tests.patience import PATIENCE
from tests.system.dns import DNS

SOUND, SILENT = Server("192.0.2.1", 53), Server("192.0.2.2", 53)


def test_answer_is_heard() -> None:
    """One that denies the root is none."""
    with DNS(". 300 IN NS ns.example.\n") as sound, DNS("a. 300 IN A 192.0.2.1\n") as wrong:
        servers = [Server("127.0.0.1", each.port) for each in (sound, wrong)]
        assert ask(servers, PATIENCE) == {servers[0]: None, servers[1]: "NXDOMAIN"}
        assert sound.asked == ["."]


def test_silence_is_told() -> None:
    """After two questions."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        server = Server("127.0.0.1", held.getsockname()[1])
        assert ask([server], 0.2) == {server: "it does not answer"}
        held.setblocking(False)
        assert [bool(held.recv(512)) for _ in range(2)] == [True, True]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({SOUND: None}, None),
        ({SOUND: None, SILENT: "SERVFAIL"}, "resolver-silent"),
        ({SILENT: "SERVFAIL"}, "resolver-dead"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_failing_ones_are_found(
    *, answers: dict[Server, str | None], code: str | None, named: bool
) -> None:
    """With the file in which to name another one."""
    told = examine_resolvers(answers, named=named)
    assert [each.code for each in told.findings] == ([] if code is None else [code])
    assert len(told.checked) == len(answers)
    for each in told.findings:
        assert each.lines[0] == (
            "[checks]" if named else "resolvectl status || cat /etc/resolv.conf"
        )
