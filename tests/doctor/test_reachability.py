"""Three answers, and when each is given."""

from datetime import UTC, datetime

import pytest

from gomail.doctor.firewall import Firewall
from gomail.doctor.reachability import Verdict, Witness, examine_addresses, judge
from gomail.doctor.ruleset import Chain
from gomail.machine.reach import Kind, Reach

BOTH = {4: True, 6: True}
NONE = {4: False, 6: False}
PUBLIC = Reach(Kind.PUBLIC, ("5.9.1.1",), ("2a01:4f8::1",))
ONLY4 = Reach(Kind.PUBLIC, ("5.9.1.1",))
ONLY6 = Reach(Kind.NONE, (), ("2a01:4f8::1",))
HOME = Reach(Kind.PRIVATE, ("192.168.1.5",))
SHARED = Reach(Kind.SHARED, ("100.64.7.7",))
NOWHERE = Reach(Kind.NONE)
CLOSED4, CLOSED6 = (Firewall(family, (("nft", Chain("inet", "t", "i")),)) for family in (4, 6))
WITNESS = Witness(datetime(2026, 6, 1, 12, tzinfo=UTC), "209.85.128.1")


@pytest.mark.parametrize(
    ("listens", "firewalls", "here", "verdict"),
    [
        (BOTH, (), PUBLIC, Verdict.UNKNOWN),
        (BOTH, (), None, Verdict.UNKNOWN),
        (BOTH, (), HOME, Verdict.UNKNOWN),
        (BOTH, (CLOSED4,), PUBLIC, Verdict.UNKNOWN),
        (BOTH, (CLOSED4,), ONLY4, Verdict.REFUTED),
        (BOTH, (CLOSED4, CLOSED6), PUBLIC, Verdict.REFUTED),
        (BOTH, (CLOSED4, CLOSED6), None, Verdict.REFUTED),
        (NONE, (), PUBLIC, Verdict.REFUTED),
        ({4: True, 6: False}, (), ONLY6, Verdict.REFUTED),
        ({4: False, 6: True}, (), ONLY6, Verdict.UNKNOWN),
        (BOTH, (), SHARED, Verdict.REFUTED),
        (BOTH, (), Reach(Kind.SHARED, ("100.64.7.7",), (), ("2a01:4f8::1",)), Verdict.UNKNOWN),
        (BOTH, (), NOWHERE, Verdict.REFUTED),
    ],
)
def test_verdict(
    listens: dict[int, bool], firewalls: tuple[Firewall, ...], here: Reach | None, verdict: Verdict
) -> None:
    """Refuted only if there is no way by either family; what to look for is told if unknown."""
    found = judge(listens, firewalls, here, None, ("look there",))
    assert found.verdict is verdict
    assert found.reasons
    assert found.hints == (("look there",) if verdict is Verdict.UNKNOWN else ())


@pytest.mark.parametrize("listens", [BOTH, NONE])
def test_session_from_outside_is_the_only_proof(listens: dict[int, bool]) -> None:
    """Whatever else was seen: it was there."""
    found = judge(listens, (CLOSED4, CLOSED6), NOWHERE, WITNESS, ("look there",))
    assert found.verdict is Verdict.PROVEN
    assert found.reasons == ("209.85.128.1 came at 2026-06-01 12:00:00 UTC",)
    assert found.plain() == {
        "verdict": "proven",
        "reasons": ["209.85.128.1 came at 2026-06-01 12:00:00 UTC"],
        "hints": [],
    }


@pytest.mark.parametrize(
    ("here", "code"),
    [
        (PUBLIC, None),
        (ONLY6, None),
        (HOME, None),
        (SHARED, "address-shared"),
        (NOWHERE, "address-none"),
        (Reach(Kind.SHARED, ("100.64.7.7",), ("2a01:4f8::1",)), None),
    ],
)
def test_machine_without_a_way_is_found(here: Reach, code: str | None) -> None:
    """One behind a router has one."""
    told = examine_addresses(here)
    assert [each.code for each in told.findings] == ([] if code is None else [code])
    assert told.checked


def test_unknown_addresses_are_unseen() -> None:
    """Where the system does not tell."""
    assert examine_addresses(None).unseen == ("this machine's addresses: ip address",)
