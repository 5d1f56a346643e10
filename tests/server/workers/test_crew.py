"""A crew, whose processes are the test's: who is started when, and who is told what."""

from gomail.server.workers import words
from gomail.server.workers.crew import BEAT
from gomail.server.workers.lines import MOST_OF_A_LINE
from gomail.server.workers.rests import FIRST_REST, LONGEST_REST, REST, SETTLED
from tests.server.workers.processes import House


def test_each_is_told_first_how_to_be(house: House) -> None:
    """And the crew is ready with the first that serves."""
    one, two = house.processes
    assert one.heard() == [(words.FIRST, 1, "settings", (1, 2), ())]
    assert two.heard() == [(words.FIRST, 2, "settings", (1, 2), ())]
    assert not house.crew.ready.called
    assert not house.crew.wellbeing.alive
    one.say(words.READY)
    assert house.crew.ready.called
    assert house.crew.wellbeing.alive
    two.say(words.READY)


def test_one_that_has_served_is_replaced_at_once(house: House) -> None:
    """Nearly."""
    one, _ = house.serving()
    one.end(b"Traceback:\nMemoryError\n")
    house.reactor.advance(REST)
    assert [process.worker.number for process in house.processes] == [1, 2, 1]


def test_one_that_serves_and_ends_soon_is_replaced_less_and_less_often(house: House) -> None:
    """Up to a bound; and at once again when one has lived for a while."""
    house.serving()
    rest = REST
    for _ in range(12):
        house.processes[-1].end()
        count = len(house.processes)
        house.reactor.advance(rest * 0.9)
        assert len(house.processes) == count
        house.reactor.advance(rest * 0.2)
        assert len(house.processes) == count + 1
        house.processes[-1].say(words.READY)
        rest = min(2 * rest, LONGEST_REST)
    house.reactor.advance(SETTLED + 1)
    house.processes[-1].end()
    count = len(house.processes)
    house.reactor.advance(1.1 * REST)
    assert len(house.processes) == count + 1


def test_one_that_never_serves_is_tried_less_and_less_often(house: House) -> None:
    """Until it serves; the other one is not touched."""
    rest = FIRST_REST
    while rest < LONGEST_REST:
        house.processes[-1].end()
        count = len(house.processes)
        house.reactor.advance(rest - 0.001)
        assert len(house.processes) == count
        house.reactor.advance(0.001)
        assert len(house.processes) == count + 1
        rest = min(2 * rest, LONGEST_REST)
    house.processes[-1].end()
    house.reactor.advance(LONGEST_REST)
    house.processes[-1].say(words.READY)
    house.processes[-1].end()
    house.reactor.advance(REST)
    house.processes[-1].end()
    count = len(house.processes)
    house.reactor.advance(FIRST_REST)
    assert len(house.processes) == count + 1


def test_one_that_can_not_be_started_is_tried_again(house: House) -> None:
    """The system has no process to spare, perhaps."""
    one, _ = house.serving()
    house.reactor.fails = True
    one.end()
    house.reactor.advance(REST)
    house.reactor.fails = False
    house.reactor.advance(FIRST_REST)
    assert len(house.processes) == 3


def test_strangers_are_counted_over_all(house: House) -> None:
    """A place is free again when the worker says so, or is no more."""
    one, two = house.serving()
    one.say(words.ASK, 1, "192.0.2.1")
    two.say(words.ASK, 8, "192.0.2.1")
    assert one.heard() == [(words.PERMIT, 1, None)]
    assert two.heard() == [(words.PERMIT, 8, "address")]
    one.say(words.LEFT, "192.0.2.1")
    two.say(words.ASK, 9, "192.0.2.1")
    assert two.heard() == [(words.PERMIT, 9, None)]
    two.end()
    one.say(words.ASK, 2, "192.0.2.1")
    assert one.heard() == [(words.PERMIT, 2, None)]


def test_what_comes_from_a_worker_that_has_ended_counts_no_more(house: House) -> None:
    """Its end is seen before its last words are, as it may be: nobody is inside for it."""
    one, two = house.serving()
    one.say(words.ASK, 1, "192.0.2.1")
    one.end()
    one.say(words.LEFT, "192.0.2.1")
    one.say(words.ASK, 2, "192.0.2.1")
    one.say(words.READY)
    two.say(words.ASK, 8, "192.0.2.1")
    assert two.heard() == [(words.PERMIT, 8, None)]


def test_log_has_whole_lines(house: House) -> None:
    """In whatever pieces they come; and one without an end is bounded."""
    one, two = house.serving()
    one.log(b"first\nsec")
    two.log(b"other\n")
    one.log(b"ond\n\xff\nthird")
    assert house.lines == ["first", "other", "second\n\\xff"]
    one.end()
    assert house.lines[3:] == ["third"]
    two.log(b"x" * MOST_OF_A_LINE)
    assert house.lines[4:] == []
    two.log(b"x")
    assert house.lines[4:] == ["x" * (MOST_OF_A_LINE + 1)]


def test_who_does_not_listen_is_told_nothing(house: House) -> None:
    """A pipe that is closed takes no word; a process that is gone, no signal."""
    one, _ = house.serving()
    one.worker.childConnectionLost(words.ANSWERS)
    one.worker.childConnectionLost(words.ORDERS)
    house.reactor.advance(BEAT)
    assert one.heard() == []
    one.pid = None
    one.worker.signal("TERM")
    assert one.signals == []


def test_one_that_follows_has_the_certificates_in_force(house: House) -> None:
    """As a worker that serves has said them last: the files may be broken by then."""
    one, _ = house.serving()
    one.say(words.PAIRS, (("mx.crt", "mx.key", b"chain", b"key"),))
    one.end()
    house.reactor.advance(REST)
    ((_, number, *_, pairs),) = house.processes[-1].heard()
    assert (number, pairs) == (1, (("mx.crt", "mx.key", b"chain", b"key"),))
