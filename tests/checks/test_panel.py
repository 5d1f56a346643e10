"""The panel: everything that is found out of a message, and DNS that fails or sleeps meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from gomail.checks.panel import DMARC_WAIT, VERIFY_WAIT, WAIT
from gomail.checks.records import Outcome, Records
from gomail.checks.signatures import MOST_SIGNATURES
from tests.checks.panels import MESSAGE, ZONE, House, Late
from tests.checks.signing import BODY, HEADER, signed
from tests.smtp.wire import logged_failures


def test_all_is_found_out_of_a_message() -> None:
    """In the order in which readers are told; signatures are verified off the reactor."""
    house = House(ZONE)
    house.read(house.begin())
    assert house.results() == [
        "iprev=pass",
        "spf=pass",
        "spf=pass",
        "dkim=pass",
        "arc=none",
        "dmarc=pass",
    ]
    assert house.opinions[0].asked == "none"
    assert house.aside == ["judge"]


def test_forger_is_told_from_the_author() -> None:
    """And it is known what the author wants done; what has no signature needs no thread."""
    house = House(ZONE)
    house.read(house.begin("198.51.100.1"), HEADER + b"\n" + BODY)
    assert house.results()[1:] == ["spf=fail", "spf=fail", "dkim=none", "arc=none", "dmarc=fail"]
    assert house.opinions[0].asked == "reject"
    assert house.aside == []


def test_questions_are_asked_as_soon_as_they_are_known() -> None:
    """The sender's with the first recipient, the message's where its header ends."""
    resolver = Late()
    house = House(resolver)
    examination = house.begin()
    assert set(resolver.waiting) == {
        ("1.2.0.192.in-addr.arpa", "PTR"),
        ("mx.example.org", "TXT"),
        ("example.org", "TXT"),
    }
    examination.header(MESSAGE.partition(b"\n\n")[0] + b"\n")
    assert ("sel._domainkey.example.org", "TXT") in resolver.waiting
    assert ("_dmarc.example.org", "TXT") in resolver.waiting
    examination.close()


def test_p7_dns_that_sleeps_is_waited_for_and_then_temperror() -> None:
    """All at once, so that a message waits no longer than for one of them, and for DMARC."""
    house = House(Late())
    house.read(house.begin())
    house.clock.pump([1] * int(WAIT - 1))
    assert house.opinions == []
    house.clock.pump([1] * int(1 + DMARC_WAIT))
    assert set(house.results()) == {
        "iprev=temperror",
        "spf=temperror",
        "dkim=temperror",
        "arc=none",
        "dmarc=temperror",
    }
    assert house.opinions[0].asked == "none"
    assert house.clock.getDelayedCalls() == []


def test_p4_eight_keys_that_do_not_come_are_waited_for_as_one() -> None:
    """A sender with slow DNS and many signatures holds a message no longer than one with one."""
    names = [f"s{number}" for number in range(20)]
    fields = [signed(a="ed25519-sha256", s=name).partition(b"From:")[0] for name in names]
    resolver = Late()
    house = House(resolver)
    house.read(house.begin(), b"".join(fields) + HEADER + b"\n" + BODY)
    assert sum("_domainkey" in name for name, _ in resolver.waiting) == MOST_SIGNATURES
    house.clock.pump([1] * int(WAIT + DMARC_WAIT - 1))
    assert house.opinions == []
    house.clock.advance(1)
    assert house.results().count("dkim=temperror") == MOST_SIGNATURES
    assert house.clock.getDelayedCalls() == []


def test_p7_dns_that_fails_is_temperror_at_once() -> None:
    """Nobody waits for what is known not to come."""

    class Dead:
        """No DNS at all."""

        async def lookup(self, _name: str, _kind: str) -> Records:
            """Fail."""
            return Records(Outcome.FAILED)

    house = House(Dead())
    house.read(house.begin())
    assert house.results() == [
        "iprev=temperror",
        "spf=temperror",
        "spf=temperror",
        "dkim=temperror",
        "arc=none",
        "dmarc=temperror",
    ]


def test_p4_thread_that_does_not_come_is_waited_for_and_then_temperror() -> None:
    """All may be busy, or hang; what has come too late is not even begun."""
    house = House(ZONE)
    queue: list[tuple[Deferred[Any], Callable[[], object]]] = []

    def aside(work: Callable[[], object]) -> Deferred[Any]:
        queue.append((Deferred(), work))  # which nobody can cancel, as those of threads
        return queue[-1][0]

    house.panel.aside = aside
    house.read(house.begin())
    house.clock.advance(VERIFY_WAIT - 1)
    assert house.opinions == []
    house.clock.advance(1)
    assert house.results()[3:] == ["dkim=temperror", "dmarc=pass"]
    (finding,) = [each for each in house.opinions[0].findings if each.method == "dkim"]
    assert finding.reason == "nobody could verify the signatures in time"
    ((answer, work),) = queue
    assert work() == ()
    answer.callback(())
    assert house.clock.getDelayedCalls() == []


def test_message_that_does_not_come_asks_no_further() -> None:
    """Its questions end with it."""
    resolver = Late()
    house = House(resolver)
    examination = house.begin()
    examination.header(MESSAGE.partition(b"\n\n")[0] + b"\n")
    examination.close()
    assert all(answer.called for answer in resolver.waiting.values())
    assert house.clock.getDelayedCalls() == []


def test_message_without_a_header_is_nobodys() -> None:
    """It has no author, and nothing to verify."""
    house = House(ZONE)
    examination = house.begin()
    examination.body(b"what is that?\n")
    Deferred.fromCoroutine(examination.opinion()).addCallback(house.opinions.append)
    assert house.results()[3:] == ["dkim=none", "arc=none", "dmarc=permerror"]


def test_reason_of_a_message_without_an_author_is_told() -> None:
    """Not that From has none, where it is something else."""
    house = House(ZONE)
    house.read(house.begin(), b"From: joe@example.org\n" + b"X: y\n" * 1000 + b"\nHello\n")
    [finding] = [each for each in house.opinions[0].findings if each.method == "dmarc"]
    assert (finding.result, finding.reason) == ("permerror", "too many header fields")


def test_fault_of_ours_is_temperror_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a check raises costs no mail, and is no pass."""
    house = House(ZONE)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gomail.checks.signatures.Signatures.judge", broken)
    monkeypatch.setattr("gomail.checks.panel.evaluate", _failing)
    with logged_failures() as logged:
        house.read(house.begin())
    assert house.results()[3:] == ["dkim=temperror", "dmarc=temperror"]
    assert house.opinions[0].asked == "none"
    assert len(logged) == 2


async def _failing(*_: object, **__: object) -> None:
    """Fail."""
    raise ZeroDivisionError
