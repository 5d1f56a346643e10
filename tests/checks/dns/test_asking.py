"""Questions that are asked once, shared, given up, and how many are under way."""

from functools import partial

import pytest_twisted
from twisted.internet.defer import CancelledError, gatherResults

from gomail.checks.records import Outcome
from tests.checks.dns.server import (
    FAILED,
    Ask,
    Server,
    asked,
    nothing,
    reply,
    truncated,
    until,
    wire,
)


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
