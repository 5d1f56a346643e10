"""What caches have, and when that is worth a word."""

import pytest

from gomail.domain.answers import Answer, Outcome, Question, Server, View, Zone
from gomail.domain.caches import old_records, time

NS1, CACHE = Server("ns1", "192.0.2.1"), Server("", "192.0.2.53")
ZONE = Zone("a.example", "example", delegated=("ns1.b.example", "ns2.b.example"))


def seen(name: str, kind: str, right: str, cached: Answer) -> list[str]:
    """Give the sentences about a record of which a server and a cache say this."""
    question = Question(name, kind)
    here = Answer(Outcome.FOUND, (right,), 300)
    view = View(
        "a.example", ZONE, answers={question: {NS1: here}}, cached={question: {CACHE: cached}}
    )
    return [each.sentence for each in old_records(view)]


def test_old_record_is_worth_a_wait() -> None:
    """One that is the same, or that is forgotten by now, is not; nor is a cache that fails."""
    old = Answer(Outcome.FOUND, ("10 old.example",), 2580)
    [told] = seen("a.example", "MX", "10 mx.example", old)
    assert told.endswith("may see the old MX of a.example for 43 min")
    [told] = seen("a.example", "MX", "10 mx.example", Answer(Outcome.MISSING, seconds=60))
    assert told.endswith("for 60 s")
    for sound in (
        Answer(Outcome.FOUND, ("10 mx.example",), 100),
        Answer(Outcome.FOUND, ("10 old.example",), 0),
        Answer(Outcome.FAILED, detail="SERVFAIL"),
        Answer(Outcome.SILENT),
    ):
        assert seen("a.example", "MX", "10 mx.example", sound) == []


def test_cache_may_have_the_servers_of_either_zone() -> None:
    """Those that the delegation names, or those that the zone does."""
    delegated = Answer(Outcome.FOUND, ZONE.delegated, 86400)
    assert seen("a.example", "NS", "ns3.b.example", delegated) == []
    others = Answer(Outcome.FOUND, ("ns.parked.example",), 86400)
    assert len(seen("a.example", "NS", "ns3.b.example", others)) == 1


def test_own_view_of_a_network_is_no_old_record() -> None:
    """A router that answers with the address at home has not kept anything for too long."""
    home = Answer(Outcome.FOUND, ("192.168.1.5",), 300)
    assert seen("mx.a.example", "A", "5.9.1.1", home) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1 s"), (119, "119 s"), (2580, "43 min"), (86400, "24 h")]
)
def test_time_is_written_as_people_say_it(seconds: int, text: str) -> None:
    """Not more exactly than it matters."""
    assert time(seconds) == text
