"""A crew that stops, or gives its place to another program."""

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.python.failure import Failure

from gomail.server.listening import STOP_TIME
from gomail.server.workers import words
from gomail.server.workers.crew import BEAT, GRACE, WARN_TIME
from gomail.server.workers.rests import REST
from tests.server.workers.processes import House


def test_stop_waits_for_all(house: House) -> None:
    """And starts nobody any more."""
    one, two = house.serving()
    stopped: list[object] = []
    house.crew.stopService().addCallback(stopped.append)
    assert (one.signals, two.signals) == (["TERM"], ["TERM"])
    house.crew.abort()
    assert (one.signals, two.signals) == (["TERM", "INT"], ["TERM", "INT"])
    one.end()
    assert stopped == []
    two.end()
    assert len(stopped) == 1
    assert house.reactor.getDelayedCalls() == []
    assert len(house.processes) == 2


def test_all_that_a_worker_has_logged_is_there_when_it_has_ended(house: House) -> None:
    """The crew has stopped then, and the reactor closes the pipes, whatever is in them."""
    one, two = house.serving()
    stopped = house.crew.stopService()
    two.end()
    (log, to_log), (said, to_say) = pipes = os.pipe(), os.pipe()
    for reader, writer in pipes:
        os.set_blocking(reader, False)
        os.write(writer, b"it is over\n")
    one.pipes = {words.LOG: open_file(log), words.LAST_WORDS: open_file(said)}
    one.pid = None
    one.worker.processExited(Failure(ProcessTerminated(1)))
    assert stopped.called
    assert house.lines == ["it is over"]
    for number in (log, to_log, said, to_say):
        os.close(number)


def test_stop_is_over_at_once_where_nobody_is_left(house: House) -> None:
    """Both have ended a moment ago, and the next ones are not started."""
    for process in house.serving():
        process.end()
    assert house.crew.stopService().called
    assert house.reactor.getDelayedCalls() == []


def test_who_does_not_stop_is_ended(house: House) -> None:
    """Beyond the time that each has for itself."""
    one, two = house.serving()
    two.end()
    stopped = house.crew.stopService()
    house.reactor.advance(STOP_TIME + GRACE)
    assert one.signals == ["TERM", "KILL"]
    one.end()
    assert stopped.called


def test_who_can_not_be_ended_is_left_behind(house: House) -> None:
    """The kernel holds it, for the sake of a dead disk."""
    house.serving()
    stopped = house.crew.stopService()
    house.reactor.advance(STOP_TIME + GRACE)
    assert not stopped.called
    house.reactor.advance(GRACE)
    assert stopped.called


def test_parent_gives_way_when_all_have_heard(house: House) -> None:
    """What it leaves is the log of each; and nobody is started or asked any more."""
    one, two = house.serving()
    outcome: list[Any] = []
    Deferred.fromCoroutine(house.crew.bequeath()).addBoth(outcome.append)
    one.pipes = {words.LOG: open_file(71)}
    assert (one.heard(), two.heard()) == ([(words.HEIR,)], [])
    one.say(words.HEIR)
    assert two.heard() == [(words.HEIR,)]
    two.end()
    [legacy] = outcome
    assert legacy.leaving == [(one.pid, 71)]
    assert legacy.ports == []
    house.reactor.advance(10 * BEAT)
    assert one.heard() == []


def test_worker_that_begins_meanwhile_hears_of_it_too(house: House) -> None:
    """It may have sessions before it is heard to serve; nobody waits for it."""
    one, two = house.processes
    one.say(words.READY)
    outcome: list[Any] = []
    Deferred.fromCoroutine(house.crew.bequeath()).addBoth(outcome.append)
    one.say(words.HEIR)
    assert len(outcome) == 1
    assert two.heard()[-1] == (words.HEIR,)


def open_file(number: int) -> Any:  # noqa: ANN401 -- what has a number
    """Give what has the number of a file."""

    class File:
        def fileno(self) -> int:
            return number

    return File()


def test_parent_that_can_not_give_way_goes_on(house: House) -> None:
    """One worker has not answered, one has ended: all is looked after again."""
    one, two = house.serving()
    outcome: list[Any] = []
    Deferred.fromCoroutine(house.crew.bequeath()).addBoth(outcome.append)
    house.reactor.advance(WARN_TIME)
    two.say(words.HEIR)
    one.end()
    assert len(outcome) == 1
    house.reactor.advance(10 * BEAT)
    two.heard()
    house.crew.resume()
    house.reactor.advance(BEAT)
    assert two.heard() == [(words.PULSE, 0)]
    assert [process.worker.number for process in house.processes] == [1, 2, 1]


def test_parent_that_can_not_give_way_has_no_more_workers_than_before(house: House) -> None:
    """One ended while the others were warned, and another follows already; an answer comes late."""
    one, two = house.serving()
    Deferred.fromCoroutine(house.crew.bequeath())
    one.end()
    house.reactor.advance(0)
    house.crew.resume()
    house.reactor.advance(REST)
    assert [process.worker.number for process in house.processes] == [1, 2, 1]
    Deferred.fromCoroutine(house.crew.bequeath())
    two.say(words.HEIR)
    two.say(words.HEIR)
    two.say(words.PULSE, 7, [])
    assert house.crew.sessions == 7


def test_parent_that_stops_does_not_go_on(house: House) -> None:
    """It was told to while another program was about to take its place."""
    one, two = house.serving()
    Deferred.fromCoroutine(house.crew.bequeath())
    stopped = house.crew.stopService()
    one.end()
    house.crew.resume()
    house.reactor.advance(10 * BEAT)
    two.end()
    assert stopped.called
    assert len(house.processes) == 2
    assert house.reactor.getDelayedCalls() == []
