"""Checks of one's own at the panel: what they see and say, and what happens where they fail."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from gomail.checks.own import Facts, ICheck, Look
from gomail.checks.panel import DMARC_WAIT, WAIT
from gomail.checks.records import Outcome, Records
from gomail.finding import FAIL, PASS, TEMPERROR, Finding, Property
from tests.checks.panels import MESSAGE, SENDER, ZONE, House, Late
from tests.smtp.wire import logged_failures

GOOD = Finding("mine", PASS, (Property("header", "x-mine", "1"),), "because")


class Eye(Look):
    """Sees everything, and says what it is told to say."""

    def __init__(self, facts: Facts, say: Callable[["Eye"], Any]) -> None:
        self.facts = facts
        self.block = self.octets = b""
        self.closed = 0
        self.say = say

    def header(self, block: bytes) -> None:
        """Keep the header."""
        self.block = block

    def body(self, octets: bytes) -> None:
        """Keep the body."""
        self.octets += octets

    def finding(self) -> Any:  # noqa: ANN401 -- wrong things, too
        """Say it."""
        return self.say(self)

    def close(self) -> None:
        """Count."""
        self.closed += 1


@implementer(ICheck)
class Mine:
    """A check."""

    def __init__(self, say: Callable[[Eye], Any] = lambda _: GOOD, method: str = "mine") -> None:
        self.method = method
        self.say = say
        self.eyes: list[Eye] = []

    def begin(self, facts: Facts) -> Eye:
        """Begin to look."""
        self.eyes.append(Eye(facts, self.say))
        return self.eyes[-1]


def finding(check: object) -> Finding:
    """Give what a check of one's own has found of the message."""
    house = House(ZONE, own=(check,))
    house.read(house.begin())
    [opinion] = house.opinions
    assert house.results()[:-1] == [
        *("iprev=pass", "spf=pass", "spf=pass", "dkim=pass", "arc=none", "dmarc=pass"),
    ]
    assert house.clock.getDelayedCalls() == []
    return opinion.findings[-1]


async def later(_: Eye) -> Finding:
    """Say it by a coroutine."""
    return await succeed(GOOD)


@pytest.mark.parametrize(
    "say", [lambda _: GOOD, lambda _: succeed(GOOD), later], ids=["now", "deferred", "coroutine"]
)
def test_check_sees_everything_and_is_told(say: Callable[[Eye], Any]) -> None:
    """Who sends, the header, the body in its pieces; it may say it now or later."""
    mine = Mine(say)
    assert finding(mine) == GOOD
    [eye] = mine.eyes
    assert eye.facts[:3] == ("192.0.2.1", "mx.example.org", SENDER)
    assert eye.block + b"\n" + eye.octets == MESSAGE
    assert eye.closed == 1


def test_check_may_ask_dns() -> None:
    """By the resolver that all share, as soon as the facts are known."""

    async def ask(eye: Eye) -> Finding:
        found = await eye.facts.lookup("mx.example.org", "A")
        return Finding("mine", PASS, (), found.values[0].decode())

    assert finding(Mine(ask)).reason == "192.0.2.1"


def broken(*_: object) -> None:
    """Fail."""
    raise ZeroDivisionError


@pytest.mark.parametrize("method", ["begin", "header", "body", "finding", "close"])
def test_check_that_fails_is_temperror(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is logged once, nothing more is shown to it, and the others go on."""
    mine = Mine()
    monkeypatch.setattr(Mine if method == "begin" else Eye, method, broken)
    with logged_failures() as logged:
        found = finding(mine)
    assert len(logged) == 1
    if method == "close":  # too late to matter
        assert found == GOOD
    else:
        assert found == Finding("mine", TEMPERROR, (), "the check has failed")
    assert [eye.closed for eye in mine.eyes] == ([] if method == "begin" else [method != "close"])


@pytest.mark.parametrize(
    "said",
    [
        None,
        True,
        "pass",
        Finding("spf", PASS),  # in somebody else's name
        Finding("mine", "pass; dmarc=pass"),
        Finding("mine", ""),
        Finding("mine", PASS, (), None),  # type: ignore[arg-type]
        Finding("mine", PASS, (Property("smtp", "mailfrom", 7),)),  # type: ignore[arg-type]
        Finding("mine", PASS, (Property("smtp; dmarc=pass", "mailfrom", "x"),)),
        Finding("mine", PASS, (Property("smtp", "x y", "x"),)),
        Finding("mine", PASS, ("smtp.mailfrom",)),  # type: ignore[arg-type]
    ],
    ids=range(11),
)
def test_what_is_no_finding_is_temperror(said: object) -> None:
    """Nothing gets into Authentication-Results that would say something else there."""
    with logged_failures() as logged:
        assert finding(Mine(lambda _: said)).result == TEMPERROR
    assert len(logged) == 1


class Silent(Look):
    """Was not told what to say."""


def test_look_that_says_nothing_is_temperror() -> None:
    """Who forgets `finding` hears of it."""
    mine = Mine()
    mine.begin = lambda _: Silent()  # type: ignore[method-assign,assignment,return-value]
    with logged_failures() as logged:
        assert finding(mine).result == TEMPERROR
    assert len(logged) == 1


async def stubborn(_: Eye) -> Finding:
    """Wait for ever, whoever cancels."""
    while True:
        with suppress(Exception):
            await Deferred()


@pytest.mark.parametrize("say", [lambda _: Deferred(), stubborn], ids=["deferred", "stubborn"])
def test_check_that_is_late_is_temperror(say: Callable[[Eye], Any]) -> None:
    """It is waited for as long as for DNS, and no longer."""
    house = House(ZONE, own=(Mine(say),))
    house.read(house.begin())
    house.clock.pump([1] * int(WAIT - 1))
    assert house.opinions == []
    house.clock.advance(1)
    [opinion] = house.opinions
    late = Finding("mine", TEMPERROR, (), "the check took too long")
    assert opinion.findings[-1] == late
    assert house.clock.getDelayedCalls() == []


def test_late_dns_costs_the_check_its_answer_and_nothing_else() -> None:
    """Its question is given up with the message, and is told to be FAILED."""
    outcomes: list[Records] = []

    async def ask(eye: Eye) -> Finding:
        outcomes.append(await eye.facts.lookup("slow.example", "A"))
        return Finding("mine", FAIL)

    house = House(Late(), own=(Mine(ask),))
    house.read(house.begin())
    house.clock.pump([1] * int(WAIT + DMARC_WAIT))
    [opinion] = house.opinions
    assert opinion.findings[-1] == Finding("mine", FAIL)
    assert outcomes == [Records(Outcome.FAILED)]


def test_check_lets_go_of_a_message_that_does_not_come() -> None:
    """Once, though it is closed twice; and what it asked is asked no more."""
    resolver = Late()
    mine = Mine()
    house = House(resolver, own=(mine,))
    examination = house.begin()
    answer = mine.eyes[0].facts.lookup("slow.example", "A")
    examination.close()
    examination.close()
    assert mine.eyes[0].closed == 1
    assert resolver.waiting["slow.example", "A"].called
    assert answer.called


@pytest.mark.parametrize(
    "method", ["", "spf", "dmarc", "Mine", "-mine", "mine-", "a b", "m" * 31, "mine=pass", 7, None]
)
def test_name_must_be_one_of_ones_own(method: Any) -> None:  # noqa: ANN401 -- wrong ones
    """A name that could be mistaken is refused when the panel is made, in a line."""
    with pytest.raises(ValueError, match=r"its method "):
        House(ZONE, own=(Mine(method=method),))


def test_what_is_no_check_is_refused() -> None:
    """As is one that has another's name."""
    with pytest.raises(ValueError, match="provides ICheck was expected"):
        House(ZONE, own=(object(),))
    with pytest.raises(ValueError, match="another check whose method is mine"):
        House(ZONE, own=(Mine(), Mine()))
