"""The system's resolver: whom it says to ask, now."""

from pathlib import Path

import pytest
import pytest_twisted

from gomail.checks.dns.resolver import StubResolver
from gomail.checks.dns.system import System, system_servers
from gomail.checks.records import Outcome
from tests.checks.dns.server import FAILED, Server, reply, the_reactor
from tests.patience import PATIENCE


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("nameserver 192.0.2.53\nnameserver ::1\noptions edns0\n", ["192.0.2.53", "::1"]),
        ("# nobody\n", ["127.0.0.1"]),
        (
            "nameserver fe80::1%eth0\n nameserver\t192.0.2.53 # two\n",
            ["fe80::1%eth0", "192.0.2.53"],
        ),
        ("nameserver dns.example\nnameserver 192.0.2.1;x\nnameserver ::1\n", ["::1"]),
        ("nameserver https://192.0.2.1/\nnameserver\n\n\xe9\n", ["127.0.0.1"]),
        (None, ["127.0.0.1"]),
    ],
)
def test_system_says_whom_to_ask(tmp_path: Path, text: str | None, servers: list[str]) -> None:
    """Its file names servers; without one this machine is asked."""
    path = tmp_path / "resolv.conf"
    if text is not None:
        path.write_text(text)
    assert list(system_servers(str(path))) == servers


@pytest_twisted.ensureDeferred
async def test_system_is_asked_as_it_is_now(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who moves to another network is not asked where nobody listens; nor is anything kept."""
    monkeypatch.setattr("gomail.checks.servers.PORT", server.port)
    server.udp = lambda query: [reply(query, f"{query.question[0].name} 60 IN A 192.0.2.1")]
    path = tmp_path / "resolv.conf"
    resolver = StubResolver(the_reactor(), seconds=PATIENCE, system=str(path))

    async def asks(name: str, times: int) -> None:
        assert (await resolver.lookup(name, "A")).outcome is Outcome.FOUND
        assert len(server.asked) == times

    await asks("a.org", 1)  # there is no file: this machine is asked
    path.write_text("nameserver 127.0.0.77\n")
    await asks("a.org", 1)
    assert await resolver.lookup("b.org", "A") == FAILED
    path.write_text("nameserver 127.0.0.1\n")
    await asks("c.org", 2)
    await asks("c.org", 2)
    await asks("a.org", 3)


def test_resolver_of_the_system_is_not_read_for_each_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the file is the same."""
    read: list[str] = []
    monkeypatch.setattr("gomail.checks.dns.system.system_servers", read.append)
    path = tmp_path / "resolv.conf"
    system = System(str(path))
    for _ in range(3):
        system.changed()
    assert len(read) == 1
    path.write_text("nameserver 192.0.2.1\n")
    for _ in range(3):
        system.changed()
    assert len(read) == 2
