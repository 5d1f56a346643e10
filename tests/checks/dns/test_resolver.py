"""The stub resolver, with a real server on 127.0.0.1 that does its work."""

from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest
import pytest_twisted

from gomail.checks.dns import question
from gomail.checks.dns.resolver import StubResolver
from gomail.checks.records import Outcome, Records
from tests.checks.dns.server import FAILED, Ask, Server, reply, the_reactor, truncated
from tests.patience import PATIENCE

SOA = "example.org. 60 IN SOA ns. me. 1 2 3 4 30"


@pytest.mark.parametrize(
    ("kind", "records", "values"),
    [
        ("TXT", ['"v=spf1 " "-all"', '"two"'], (b"v=spf1 -all", b"two")),
        ("A", ["192.0.2.1"], (b"192.0.2.1",)),
        ("AAAA", ["2001:db8::1"], (b"2001:db8::1",)),
        ("MX", ["10 Mail.Example.ORG."], (b"10 mail.example.org",)),
        ("PTR", ["Mail.Example.ORG."], (b"mail.example.org",)),
    ],
)
@pytest_twisted.ensureDeferred
async def test_records_are_found(
    server: Server, ask: Ask, kind: str, records: list[str], values: tuple[bytes, ...]
) -> None:
    """Each kind has its form; the time for which it holds comes with it."""
    server.udp = lambda query: [reply(query, *(f"x.org. 60 IN {kind} {data}" for data in records))]
    assert await ask().lookup("X.org.", kind) == Records(Outcome.FOUND, values, 60)
    (query,) = [query for _, query in server.asked]
    assert (query.edns, query.payload) == (0, 1232)
    assert query.flags & dns.flags.RD


@pytest_twisted.ensureDeferred
async def test_names_without_records(server: Server, ask: Ask) -> None:
    """No such name, and a name without such a record, are two things; both hold for a while."""
    server.udp = lambda query: [
        reply(query, SOA, rcode=dns.rcode.NXDOMAIN if "no" in str(query.question[0]) else 0)
    ]
    assert await ask().lookup("no.example.org", "TXT") == Records(Outcome.MISSING, (), 30)
    assert await ask().lookup("example.org", "TXT") == Records(Outcome.EMPTY, (), 30)


@pytest_twisted.ensureDeferred
async def test_aliases_are_followed(server: Server, ask: Ask) -> None:
    """The records of a CNAME's target are the answer, and hold as long as both do."""
    server.udp = lambda query: [
        reply(query, "a.org. 20 IN CNAME b.org.", "b.org. 60 IN TXT x", "c.org. 60 IN TXT evil")
    ]
    assert await ask().lookup("a.org", "TXT") == Records(Outcome.FOUND, (b"x",), 20)


@pytest_twisted.ensureDeferred
async def test_name_that_dns_can_not_have_is_missing(server: Server, ask: Ask) -> None:
    """Nobody is asked for it."""
    for name in ("x" * 64 + ".org", "a..org", "m\u00fcnchen.org", "x" * 300):
        assert (await ask().lookup(name, "TXT")).outcome is Outcome.MISSING
    assert server.asked == []


@pytest_twisted.ensureDeferred
async def test_p7_truncated_answer_is_asked_for_by_tcp(server: Server, ask: Ask) -> None:
    """TC means: once more, by TCP; a giant record comes whole, and is not kept."""
    giant = " ".join(['"' + "x" * 255 + '"'] * 200)
    server.udp = truncated
    server.tcp = lambda query: [reply(query, f"big.org. 60 IN TXT {giant}")]
    resolver = ask()
    for _ in range(2):
        answer = await resolver.lookup("big.org", "TXT")
        assert answer == Records(Outcome.FOUND, (b"x" * 255 * 200,), 60)
    assert server.kinds() == ["udp", "tcp"] * 2


@pytest.mark.parametrize("flag", [0, dns.flags.AD])
@pytest_twisted.ensureDeferred
async def test_ad_bit_of_a_resolver_on_this_machine_counts(
    server: Server, ask: Ask, flag: int
) -> None:
    """What it has validated is authenticated, positive or negative."""
    server.udp = lambda query: [reply(query, "x.org. 60 IN A 192.0.2.1", flags=flag)]
    assert (await ask().lookup("x.org", "A")).authenticated is bool(flag)
    server.udp = lambda query: [reply(query, rcode=dns.rcode.NXDOMAIN, flags=flag)]
    assert (await ask().lookup("x.org", "A")).authenticated is bool(flag)


@pytest_twisted.ensureDeferred
async def test_ad_bit_from_elsewhere_does_not_count(server: Server) -> None:
    """Anybody on the way could have set it, so one server elsewhere is enough to ignore it."""
    server.udp = lambda query: [reply(query, "x.org. 60 IN A 192.0.2.1", flags=dns.flags.AD)]
    resolver = StubResolver(
        the_reactor(), [f"127.0.0.1:{server.port}", f"192.0.2.53:{server.port}"], seconds=PATIENCE
    )
    answer = await resolver.lookup("x.org", "A")
    assert (answer.outcome, answer.authenticated) == (Outcome.FOUND, False)


@pytest_twisted.ensureDeferred
async def test_server_is_asked_by_ipv6() -> None:
    """UDP and TCP go to [::1] as they go to 127.0.0.1."""
    server = Server("::1")
    server.udp = truncated
    server.tcp = lambda query: [reply(query, "x.org. 60 IN A 192.0.2.1")]
    resolver = StubResolver(the_reactor(), [f"[::1]:{server.port}"], seconds=PATIENCE)
    assert (await resolver.lookup("x.org", "A")).values == (b"192.0.2.1",)
    assert server.kinds() == ["udp", "tcp"]
    await server.stop()


class Log:
    """What hears of failures."""

    def __init__(self, told: list[Any]) -> None:
        self.failure = lambda *words: told.append(words)


@pytest_twisted.ensureDeferred
async def test_error_of_ours_is_told_and_is_no_answer(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake costs no mail: the check has FAILED, and the log says why."""
    told: list[Any] = []
    resolver = ask()
    monkeypatch.setattr(question, "_log", Log(told))
    monkeypatch.setattr(StubResolver, "_current", lambda _: 1 / 0)
    assert await resolver.lookup("x.org", "A") == FAILED
    assert told[0][1].check(ZeroDivisionError)
