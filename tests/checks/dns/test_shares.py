"""Many clients at one resolver: what one has asked never keeps another one from his answers."""

from collections.abc import Sequence
from typing import Any

import dns.message
import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from gomail.checks.dns.question import Asked
from gomail.checks.dns.resolver import AT_ONCE
from gomail.checks.dns.turns import Turns
from gomail.checks.records import Outcome, Records
from tests.checks.dns.server import FAILED, Ask, Server, reply


def answered(query: dns.message.Message) -> list[Any]:
    """Answer but what is asked about slow.example."""
    name = str(query.question[0].name)
    return [] if name.endswith("slow.example.") else [reply(query, f"{name} 0 IN A 192.0.2.1")]


@pytest_twisted.ensureDeferred
async def test_p7_slow_questions_of_others_take_no_places(server: Server, ask: Ask) -> None:
    """Nine clients ask hundreds of what nobody answers, and a tenth has its answers meanwhile."""
    server.udp = answered
    resolver = ask()
    shares = [resolver.share(f"198.51.100.{number}") for number in range(9)]
    waiting = [
        share.lookup(f"{number}-{at}.slow.example", "A")
        for at in range(60)
        for number, share in enumerate(shares)
    ]
    honest = resolver.share("192.0.2.1")
    for number in range(20):
        assert (await honest.lookup(f"{number}.org", "A")).outcome is Outcome.FOUND
    assert not any(each.called for each in waiting)
    assert len({query.id for _, query in server.asked if "slow" in str(query.question)}) <= AT_ONCE
    await leave(waiting)


@pytest_twisted.ensureDeferred
async def test_p7_who_joins_a_question_is_not_held_up_by_the_queue_of_another(
    server: Server, ask: Ask
) -> None:
    """What one client has waiting behind slow questions of its own goes out for who joins it."""
    server.udp = answered
    resolver = ask(at_once=4)
    slow, honest = resolver.share("198.51.100.1"), resolver.share("192.0.2.1")
    waiting = [slow.lookup(f"{number}.slow.example", "A") for number in range(10)]
    wanted = slow.lookup("_dmarc.example.org", "A")
    assert (await honest.lookup("_dmarc.example.org", "A")).outcome is Outcome.FOUND
    assert (await wanted).outcome is Outcome.FOUND
    await leave(waiting)


def test_p7_who_joins_a_question_has_a_deadline_of_his_own() -> None:
    """It may have waited long for the turn of the first; who came later waits on when that ends."""
    clock, turns, over = Clock(), Turns(0), []
    asked = Asked(turns, clock, 5, unanswered, lambda *_: over.append(clock.seconds()))
    told: list[tuple[Records, float]] = []
    for client in ("first", "second"):
        asked.join(client).addCallback(lambda records: told.append((records, clock.seconds())))
        clock.pump([1] * 4)
    assert told == [(FAILED, 5)]
    assert over == []
    clock.advance(1)
    assert told == [(FAILED, 5), (FAILED, 9)]
    assert over == [9]
    assert not turns._waiting


async def unanswered() -> Records:
    """Wait for ever."""
    return await Deferred()


@pytest_twisted.ensureDeferred
async def test_who_is_told_may_end_another_who_waits(server: Server, ask: Ask) -> None:
    """Whoever is told first has the other one leave, and nothing is told twice."""
    server.udp = answered
    resolver = ask()
    first, second = (resolver.lookup("x.org", "A") for _ in range(2))
    first.addCallback(lambda _: second.cancel())
    second.addErrback(lambda failure: failure.trap(CancelledError) and FAILED)
    await first
    assert await second == FAILED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:0:0:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%lo", "fe80::2", True),
        ("no address", "no address", True),
    ],
)
def test_client_is_an_address_or_a_network(ask: Ask, one: str, other: str, *, same: bool) -> None:
    """A /64 of IPv6 is one client: it has as many addresses as it likes."""
    resolver = ask()
    assert (resolver.share(one)._client == resolver.share(other)._client) is same


async def leave(waiting: Sequence[Deferred[Any]]) -> None:
    """Wait for none of them any more."""
    for each in waiting:
        each.addErrback(lambda failure: failure.trap(CancelledError) and None)
        each.cancel()
