"""
DNS that is dead, slow, or lies (P7): an answer comes, and it is FAILED.

The servers are real ones, on 127.0.0.1.
"""

import socket
from functools import partial
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest
import pytest_twisted

from gomail.checks.dns.resolver import StubResolver
from gomail.checks.records import Outcome
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


@pytest_twisted.ensureDeferred
async def test_p7_dead_server_is_noticed_at_once(ask: Ask, server: Server) -> None:
    """Where nobody listens it is FAILED long before the deadline, and again the next time."""
    await server.stop()
    resolver = ask(seconds=PATIENCE * 100)
    for _ in range(2):
        assert await resolver.lookup("x.org", "A") == FAILED


@pytest_twisted.ensureDeferred
async def test_p7_silent_server_is_waited_for_until_the_deadline(server: Server, ask: Ask) -> None:
    """It may lose one datagram, and more; then it is FAILED."""
    server.udp = nothing
    assert await ask(seconds=0.5).lookup("x.org", "A") == FAILED
    await until(partial(asked, server, 1))


@pytest_twisted.ensureDeferred
async def test_p7_server_that_stops_in_the_middle(server: Server, ask: Ask) -> None:
    """It answers, and is gone."""
    server.udp = lambda query: [reply(query, "x.org. 0 IN A 192.0.2.1")]
    resolver = ask()
    assert (await resolver.lookup("x.org", "A")).outcome is Outcome.FOUND
    await server.stop()
    assert await resolver.lookup("x.org", "A") == FAILED


@pytest_twisted.ensureDeferred
async def test_p7_second_server_helps_out(server: Server) -> None:
    """The first one is not there, and nobody notices."""
    server.udp = lambda query: [reply(query, "x.org. 0 IN A 192.0.2.1")]
    servers = [f"127.0.0.77:{server.port}", f"127.0.0.1:{server.port}"]
    resolver = StubResolver(the_reactor(), servers, seconds=PATIENCE)
    assert (await resolver.lookup("x.org", "A")).values == (b"192.0.2.1",)


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "YXDOMAIN"])
@pytest_twisted.ensureDeferred
async def test_p7_error_of_the_server_is_no_answer(server: Server, ask: Ask, rcode: str) -> None:
    """It is FAILED, and asked for again the next time."""
    server.udp = lambda query: [reply(query, rcode=dns.rcode.from_text(rcode))]
    resolver = ask()
    for count in (1, 2):
        assert await resolver.lookup("x.org", "A") == FAILED
        assert len(server.asked) == count


def lies(query: dns.message.Message) -> list[bytes | dns.message.Message]:
    """Make answers of another id, to another question, of another kind, and no answers at all."""
    honest = reply(query, "x.org. 60 IN A 6.6.6.6")
    other_id = bytes([honest.to_wire()[0] ^ 1]) + honest.to_wire()[1:]
    other_name = reply(dns.message.make_query("y.org", "A", id=query.id), "y.org. 60 IN A 6.6.6.6")
    other_kind = reply(dns.message.make_query("x.org", "TXT", id=query.id), "x.org. 60 IN TXT evil")
    echo = query.to_wire()
    garbage = [b"", b"\0", echo[:5], echo[:-1], echo + b"\xc0\xff", honest.to_wire()[:-2]]
    pointers = honest.to_wire()[:12] + b"\xc0\x0c" * 20
    return [other_id, other_name, other_kind, echo, *garbage, pointers]


@pytest_twisted.ensureDeferred
async def test_p7_lies_are_not_believed(server: Server, ask: Ask) -> None:
    """Wrong ids, wrong questions and garbage are no answer, and do not hide the one that is."""
    server.udp = lambda query: [*lies(query), reply(query, "x.org. 60 IN A 192.0.2.1")]
    assert (await ask().lookup("x.org", "A")).values == (b"192.0.2.1",)
    server.udp = lies
    assert await ask(seconds=0.5).lookup("x.org", "A") == FAILED


@pytest_twisted.ensureDeferred
async def test_p7_answer_from_elsewhere_is_not_heard(server: Server, ask: Ask) -> None:
    """A forger who guesses id and port, but has another address, is nobody."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
        forger.bind(("127.0.0.66", 0))
        letters = server.letters

        def forged(query: dns.message.Message) -> list[Any]:
            forger.sendto(wire(reply(query, "x.org. 60 IN A 6.6.6.6")), letters.client)
            return [reply(query, "x.org. 60 IN A 192.0.2.1")]

        server.udp = forged
        assert (await ask().lookup("x.org", "A")).values == (b"192.0.2.1",)


@pytest_twisted.ensureDeferred
async def test_p7_flood_of_datagrams_is_dropped(server: Server, ask: Ask) -> None:
    """A thousand lies before the deadline take no memory, and end in FAILED."""
    server.udp = lambda query: lies(query) * 100
    assert await ask(seconds=0.5).lookup("x.org", "A") == FAILED


def chain(query: dns.message.Message) -> list[Any]:
    """Answer with aliases in a circle."""
    return [reply(query, "x.org. 60 IN CNAME y.org.", "y.org. 60 IN CNAME x.org.")]


@pytest_twisted.ensureDeferred
async def test_p7_circle_of_aliases_is_no_answer(server: Server, ask: Ask) -> None:
    """A CNAME of a CNAME of the first is FAILED."""
    server.udp = chain
    assert await ask().lookup("x.org", "A") == FAILED


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\0",
        b"\0\0",
        b"\0\1x",
        b"\0\x0c" + b"x" * 12,
        b"\xff\xff" + b"x" * 65535,
        b"x" * 200_000,
    ],
)
@pytest_twisted.ensureDeferred
async def test_p7_garbage_by_tcp_is_no_answer(server: Server, ask: Ask, octets: bytes) -> None:
    """Too little, too much, and what is no message: FAILED, and the connection is closed."""
    server.udp = truncated
    server.tcp = lambda _: [octets]
    assert await ask(seconds=0.5).lookup("x.org", "A") == FAILED
    await until(lambda: all(not each.transport.connected for each in server.connections))


@pytest_twisted.ensureDeferred
async def test_p7_server_that_hangs_up_by_tcp(server: Server, ask: Ask) -> None:
    """It takes the question, and closes."""
    server.udp = truncated

    def hang_up(_: dns.message.Message) -> list[Any]:
        server.connections[-1].transport.loseConnection()
        return []

    server.tcp = hang_up
    assert await ask().lookup("x.org", "A") == FAILED


@pytest_twisted.ensureDeferred
async def test_p7_server_without_tcp(ask: Ask, server: Server) -> None:
    """It says TC, and does not listen."""
    server.udp = truncated
    await server.stop_tcp()
    assert await ask().lookup("x.org", "A") == FAILED


@pytest_twisted.ensureDeferred
async def test_p7_truncation_by_tcp_is_no_answer(server: Server, ask: Ask) -> None:
    """What TCP cuts off, too, can not be had."""
    server.udp = server.tcp = truncated
    assert (await ask().lookup("x.org", "A")).outcome in {Outcome.FAILED, Outcome.EMPTY}
