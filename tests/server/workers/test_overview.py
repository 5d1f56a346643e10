"""What all workers have counted and do, as the parent hears of it; no process, and no time."""

import pytest

from gomail.server.control.plain import Plain
from gomail.server.control.tally import Tally
from gomail.server.workers import words
from gomail.server.workers.overview import WAIT
from tests.server.events import STORED
from tests.server.workers.crews import Crew, Worker


@pytest.fixture
def crew() -> Crew:
    """Give them."""
    return Crew()


def counted(messages: int) -> Plain:
    """Give the counts of so many messages."""
    tally = Tally()
    for _ in range(messages):
        tally(STORED)
    return tally.plain()


def test_all_that_serve_are_asked_and_summed(crew: Crew) -> None:
    """Two who ask at once have one answer of each."""
    one, two = crew.workers
    first, second = crew.ask(), crew.ask()
    assert one.told == two.told == [(words.STATUS,)] * 2
    crew.overhears(one, words.STATUS, counted(2), [{"session": "a"}])
    assert first == []
    crew.overhears(two, words.STATUS, counted(3), [{"session": "b"}])
    for [(counts, clients, rows)] in (first, second):
        assert counts["messages"] == 5
        assert [client["session"] for client in clients] == ["a", "b"]
        assert rows == [
            {"number": 1, "pid": 101, "serves": True, "sessions": 1},
            {"number": 2, "pid": 102, "serves": True, "sessions": 2},
        ]
    assert crew.clock.getDelayedCalls() == []


def test_who_says_nothing_counts_as_it_said_last(crew: Crew) -> None:
    """With its last sign of life; and nobody waits for one that does not serve."""
    one, two = crew.workers
    crew.overhears(two, words.PULSE, 4, [], counted(7))
    answers = crew.ask()
    crew.overhears(one, words.STATUS, counted(1), [])
    crew.clock.advance(WAIT)
    assert answers[0][0]["messages"] == 8
    crew.overhears(two, words.STATUS, counted(9), [])  # too late for the one, in time for the next
    one.serves = two.serves = False
    assert crew.ask()[0][0]["messages"] == 10


def test_one_that_hangs_is_waited_for_while_it_serves(crew: Crew) -> None:
    """Not by those who ask once it was killed, be it dead or not."""
    one, two = crew.workers
    first = crew.ask()
    crew.overhears(one, words.STATUS, counted(1), [])
    crew.clock.advance(WAIT)
    assert len(first) == 1
    two.serves = False
    second = crew.ask()
    crew.overhears(one, words.STATUS, counted(2), [])
    assert second[0][0]["messages"] == 2
    assert crew.clock.getDelayedCalls() == []


def test_counts_of_one_that_has_ended_stay(crew: Crew) -> None:
    """Its sessions do not, and who waits for it waits no more."""
    one, two = crew.workers
    crew.overhears(one, words.PULSE, 4, [], counted(7))
    answers = crew.ask()
    crew.overhears(two, words.STATUS, counted(1), [{"session": "b"}])
    crew.end(one)
    assert answers[0][0]["messages"] == 8
    crew.end(two)
    counts, clients, rows = crew.ask()[0]
    assert (counts["messages"], clients, rows) == (8, [], [])
    crew.overhears(Worker(3), words.ENDED)  # which has never said anything
    assert crew.ask()[0][0]["messages"] == 8


def test_workers_pass_events_on_while_somebody_follows(crew: Crew) -> None:
    """Those that come later as well; what one says of itself has its number."""
    one, two = crew.workers
    two.serves = False
    crew.overhears(two, words.READY)
    assert two.told == []
    crew.audience.join(crew.follower)
    assert (one.told, two.told) == ([(words.FOLLOW, True)], [])
    two.serves = True
    crew.overhears(two, words.READY)
    assert two.told == [(words.FOLLOW, True)]
    crew.overhears(two, words.EVENT, {"event": "load", "load": "busy"})
    crew.overhears(one, words.EVENT, {"event": "said", "line": "QUIT"})
    assert crew.heard == [
        {"event": "load", "load": "busy", "worker": 2},
        {"event": "said", "line": "QUIT"},
    ]
    crew.audience.leave(crew.follower)
    assert one.told[1:] == two.told[1:] == [(words.FOLLOW, False)]
