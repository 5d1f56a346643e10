"""The way down from the root, past servers that say strange things."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from gomail.domain.answers import Outcome, Question, Server, Zone
from gomail.domain.walk import NoSuchName, Unfound, Walk
from gomail.domain.wire import Asker
from tests.domain.names import Names, Say, Silence
from tests.patience import PATIENCE
from tests.waiting import within

T = TypeVar("T")
SOA = ". SOA a. b. 1 1 1 1 60"
Start = Callable[[Say], Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Give what starts a server."""
    started: list[Names] = []

    def begin(say: Say) -> Server:
        started.append(Names(say))
        return Server("ns", "127.0.0.1", started[-1].port)

    yield begin
    for each in started:
        each.stop()


def zone_of(name: str, *roots: Server, seconds: float = PATIENCE) -> Zone:
    """Find the zone of a name, in a thread that has no event loop yet."""

    async def find() -> Zone:
        walk = Walk(Asker(seconds), roots)
        await walk.begin()
        return await walk.zone(name)

    return within(lambda: asyncio.run(find()), "the walk")


def resolve(server: Server, name: str) -> Outcome:
    """Ask a resolver."""

    async def ask() -> Outcome:
        return (await Asker(PATIENCE).resolver(server, Question(name, "MX"))).outcome

    return within(lambda: asyncio.run(ask()), "the answer")


def test_zones_on_the_same_server_are_told_apart(start: Start) -> None:
    """Though it answers for the lower one at once, and names its servers in the answer."""

    def say(name: str, kind: str, _: bool) -> tuple[str, str]:  # noqa: FBT001 -- see Say
        zones = {
            "": SOA,
            "example": "example NS ns.example.",
            "a.example": "a.example NS ns.example.",
        }
        if kind == "A":
            return "NOERROR", f"{name} A 127.0.0.1"
        return "NOERROR", zones.get(name, "") if kind in {"SOA", "NS"} else ""

    root = start(say)
    zone = zone_of("mx.a.example", root)
    assert (zone.name, zone.above, zone.delegated) == ("a.example", "example", ("ns.example",))
    assert [each.ip for each in zone.servers] == ["127.0.0.1"]


def test_name_in_between_that_is_denied_is_passed(start: Start) -> None:
    """Some servers deny a name that has nothing itself, but something below it."""

    def say(name: str, _: str, __: bool) -> tuple[str, str]:  # noqa: FBT001 -- see Say
        if name == "":
            return "NOERROR", SOA
        return ("NXDOMAIN" if name in {"between", "no.such"} or name == "such" else "NOERROR"), ""

    root = start(say)
    assert zone_of("mx.between", root).name == ""
    with pytest.raises(NoSuchName) as missing:
        zone_of("no.such", root)
    assert missing.value.name == "such"


def test_servers_that_know_nothing_are_named(start: Start) -> None:
    """Refusal, and silence, are nobody's word that a name is not there."""

    def refuse(name: str, _: str, __: bool) -> tuple[str, str]:  # noqa: FBT001 -- see Say
        return ("NOERROR", SOA) if not name else ("refused", "")

    with pytest.raises(Unfound, match=r"tells about example; .* answers REFUSED without authority"):
        zone_of("a.example", start(refuse))

    def silent(name: str, _: str, __: bool) -> tuple[str, str]:  # noqa: FBT001 -- see Say
        if name:
            raise Silence
        return "NOERROR", SOA

    with pytest.raises(Unfound, match="no answer in 2 s"):
        zone_of("a.example", start(silent), seconds=2)


def test_server_without_an_address_is_lost(start: Start) -> None:
    """Its name is told; the others are asked."""

    def say(name: str, kind: str, _: bool) -> tuple[str, str]:  # noqa: FBT001 -- see Say
        if name == "" and kind == "SOA":
            return "NOERROR", SOA
        if name == "example":
            return "noerror", "\n\nexample NS ns.gone."
        return "NXDOMAIN", ""

    zone = zone_of("example", start(say))
    assert (zone.delegated, zone.servers, zone.lost) == (("ns.gone",), (), ("ns.gone",))


def test_resolver_that_fails_for_a_moment_has_not_judged(start: Start) -> None:
    """Signatures are to blame only if it answers without them, and again not with them."""
    first = iter([True])

    def once(name: str, _: str, validates: bool) -> tuple[str, str]:  # noqa: FBT001 -- see Say
        fails = validates and (name == "bogus.example" or next(first, False))
        return ("servfail", "") if fails else ("noerror", f"{name} MX 10 mx.example.")

    def always(_: str, __: str, ___: bool) -> tuple[str, str]:  # noqa: FBT001 -- see Say
        return "servfail", ""

    resolver = start(once)
    assert resolve(resolver, "a.example") is Outcome.FOUND
    assert resolve(resolver, "bogus.example") is Outcome.BOGUS
    assert resolve(start(always), "a.example") is Outcome.FAILED


def test_servers_that_lead_to_each_other_are_lost(start: Start) -> None:
    """Two zones, each of which has its server in the other: nobody waits for ever."""

    def say(name: str, _: str, __: bool) -> tuple[str, str]:  # noqa: FBT001 -- see Say
        zones = {"a": "\n\na NS ns.b.", "b": "\n\nb NS ns.a."}
        if name in zones:
            return "noerror", zones[name]
        return "NOERROR", "" if name else SOA

    root = start(say)

    async def find() -> list[Zone]:
        walk = Walk(Asker(PATIENCE), [root])
        await walk.begin()
        return list(await asyncio.gather(walk.zone("a"), walk.zone("b")))

    found = within(lambda: asyncio.run(find()), "the walk")
    assert [(each.servers, each.lost) for each in found] == [((), ("ns.b",)), ((), ("ns.a",))]
