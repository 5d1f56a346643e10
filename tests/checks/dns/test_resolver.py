"""The stub resolver, with a real server on 127.0.0.1 that does its work."""

from functools import partial
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, gatherResults

from gomail.checks.dns import question
from gomail.checks.dns.resolver import StubResolver
from gomail.checks.dns.system import System, system_servers
from gomail.checks.records import Outcome, Records
from tests.checks.dns.server import (
    FAILED,
    Ask,
    Server,
    asked,
    nothing,
    reply,
    the_reactor,
    truncated,
    until,
    wire,
)
from tests.patience import PATIENCE

SOA = "example.org. 60 IN SOA ns. me. 1 2 3 4 30"


# -- answers ---------------------------------------------------------------------------------------


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


# -- asked once ------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_answer_is_kept(server: Server, ask: Ask) -> None:
    """The second who asks hears what the first has heard, in whatever case it is written."""
    server.udp = lambda query: [reply(query, "x.org. 60 IN A 192.0.2.1")]
    resolver = ask()
    for name in ("x.org", "X.ORG."):
        assert (await resolver.lookup(name, "A")).values == (b"192.0.2.1",)
    assert len(server.asked) == 1
    await resolver.lookup("x.org", "TXT")
    assert len(server.asked) == 2


@pytest_twisted.ensureDeferred
async def test_those_who_ask_the_same_share_a_question(server: Server, ask: Ask) -> None:
    """A hundred messages from one domain at once are one question."""
    server.udp = lambda query: [reply(query, "x.org. 0 IN A 192.0.2.1")]
    resolver = ask()
    answers = await gatherResults([resolver.lookup("x.org", "A") for _ in range(100)])
    assert {answer.values for answer in answers} == {(b"192.0.2.1",)}
    assert len(server.asked) == 1


@pytest_twisted.ensureDeferred
async def test_one_who_leaves_takes_the_answer_from_nobody(server: Server, ask: Ask) -> None:
    """A cancelled question goes on for the others."""
    server.udp = nothing
    resolver = ask()
    first, second = (resolver.lookup("x.org", "A") for _ in range(2))
    await until(lambda: len(server.asked) == 1)
    first.addErrback(lambda failure: failure.trap(CancelledError) and None)
    first.cancel()
    (_, query), letters = server.asked[0], server.letters
    letters.transport.write(wire(reply(query, "x.org. 0 IN A 192.0.2.1")), letters.client)
    assert (await second).values == (b"192.0.2.1",)


@pytest_twisted.ensureDeferred
async def test_last_one_who_leaves_ends_the_question(server: Server, ask: Ask) -> None:
    """Nobody asks on behalf of a client that is gone; the next who asks begins anew."""
    server.udp = nothing
    server.tcp = nothing
    resolver = ask(at_once=1)
    for answer, questions in ((nothing, 1), (truncated, 2), (nothing, 1)):
        server.asked.clear()
        server.udp = answer
        waiting = resolver.lookup("x.org", "A")
        await until(partial(asked, server, questions))
        waiting.addErrback(lambda failure: failure.trap(CancelledError) and None)
        waiting.cancel()
    server.udp = lambda query: [reply(query, "x.org. 0 IN A 192.0.2.1")]
    assert (await resolver.lookup("x.org", "A")).values == (b"192.0.2.1",)


@pytest_twisted.ensureDeferred
async def test_p7_only_so_many_questions_are_under_way(server: Server, ask: Ask) -> None:
    """More sockets are not opened, until one of those who have theirs is done."""
    server.udp = nothing
    resolver = ask(at_once=6)  # of which one client has half
    waiting = [resolver.lookup(f"{number}.org", "A") for number in range(10)]
    await until(partial(asked, server, 3))
    for number in range(3, 10):
        assert {str(query.question[0].name) for _, query in server.asked} == {
            f"{before}.org." for before in range(number)
        }
        _, query = server.asked[number - 1]
        server.letters.transport.write(wire(reply(query)), server.letters.client)
        assert (await waiting[number - 1]).outcome is Outcome.EMPTY
        await until(partial(asked, server, number + 1))
    for each in waiting:
        each.addErrback(lambda failure: failure.trap(CancelledError) and None)
        each.cancel()


@pytest_twisted.ensureDeferred
async def test_p7_who_waits_too_long_for_a_turn_has_no_answer(server: Server, ask: Ask) -> None:
    """The deadline counts from the question, not from its turn."""
    server.udp = nothing
    resolver = ask(at_once=1, seconds=0.5)
    waiting = [resolver.lookup(f"{number}.org", "A") for number in range(10)]
    assert await gatherResults(waiting) == [FAILED] * 10


@pytest_twisted.ensureDeferred
async def test_one_who_leaves_before_its_turn_is_not_asked_for(server: Server, ask: Ask) -> None:
    """Its question never goes out, and nothing of it is told as an error."""
    server.udp = nothing
    resolver = ask(at_once=1)
    first, second = resolver.lookup("first.org", "A"), resolver.lookup("second.org", "A")
    await until(partial(asked, server, 1))
    for waiting in (second, first):
        waiting.addErrback(lambda failure: failure.trap(CancelledError) and None)
        waiting.cancel()
    server.udp = lambda query: [reply(query, "third.org. 0 IN A 192.0.2.1")]
    assert (await resolver.lookup("third.org", "A")).outcome is Outcome.FOUND
    assert "second.org." not in {str(query.question[0].name) for _, query in server.asked}


# -- the system's resolver -------------------------------------------------------------------------


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
