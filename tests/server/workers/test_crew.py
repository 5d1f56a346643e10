"""A crew, whose processes are the test's: who is started when, who is ended, who is told what."""

import os
from collections.abc import Mapping
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gomail.frames import Frames, framed
from gomail.health import WELL, Health, Reason, State
from gomail.limits import Limits
from gomail.server.judgement import THREAD_ENDED
from gomail.server.listening import STOP_TIME
from gomail.server.workers import words
from gomail.server.workers.crew import (
    BEAT,
    GRACE,
    HANGS_AFTER,
    START_TIME,
    WARN_TIME,
    Crew,
)
from gomail.server.workers.lines import MOST_OF_A_LINE
from gomail.server.workers.rests import FIRST_REST, LONGEST_REST, REST, SETTLED
from gomail.server.workers.wellbeing import LONG
from gomail.server.workers.worker import Worker

ENDED = Reason(THREAD_ENDED, State.FAILING, "the thread that stores has ended")


class Process:
    """A worker's process, as Twisted would show it to its parent."""

    def __init__(self, worker: Worker, pid: int) -> None:
        self.worker = worker
        self.pid: int | None = pid
        self.signals: list[str] = []
        self.pipes: dict[int, Any] = {}
        self._frames = Frames()
        self._heard: list[Any] = []

    def writeToChild(self, number: int, octets: bytes) -> None:
        """Hear the parent."""
        assert number == words.ORDERS
        self._heard += self._frames.feed(octets)

    def signalProcess(self, name: str) -> None:
        """Note a signal."""
        if self.pid is None:
            raise ProcessExitedAlready
        self.signals.append(name)

    def heard(self) -> list[Any]:
        """Give what was said since the last time."""
        heard, self._heard = self._heard, []
        return heard

    def say(self, *said: object) -> None:
        """Say something, an octet at a time."""
        for octet in framed(said):
            self.worker.childDataReceived(words.ANSWERS, bytes([octet]))

    def log(self, octets: bytes) -> None:
        """Write to the log."""
        self.worker.childDataReceived(words.LOG, octets)

    def end(self, last_words: bytes = b"") -> None:
        """End."""
        self.worker.childDataReceived(words.LAST_WORDS, last_words)
        self.pid = None
        self.worker.processExited(Failure(ProcessTerminated(1)))
        self.worker.processEnded(Failure(ProcessTerminated(1)))


class Reactor(Clock):
    """Starts such processes."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[Process] = []
        self.fails = False

    def callWhenRunning(self, work: Any) -> None:  # noqa: ANN401 -- as Twisted has it
        """It runs."""
        work()

    def spawnProcess(self, worker: Worker, *how: object, childFDs: Mapping[int, object]) -> None:
        """Start one."""
        if self.fails:
            raise FileNotFoundError(2, "No such file or directory")
        path, command, variables = cast("tuple[str, list[str], dict[str, str]]", how)
        assert (path, command) == ("python", ["python", "worker"])
        assert variables[words.VARIABLE] == "0"
        assert set(childFDs) == {0, 1, 2, 3}
        process = Process(worker, 100 + len(self.started))
        self.started.append(process)
        worker.makeConnection(process)


class House:
    """A crew of two."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.lines: list[str] = []
        self.crew = Crew(
            cast("Any", self.reactor),
            ["python", "worker"],
            [],
            log=self.lines.append,
            limits=Limits(sessions_per_address=1),
        )
        self.crew.employ(2, "settings", (1, 2))
        self.crew.startService()

    @property
    def processes(self) -> list[Process]:
        """All that were ever started."""
        return self.reactor.started

    def serving(self) -> list[Process]:
        """Have both serve."""
        for process in self.processes:
            process.heard()
            process.say(words.READY)
        return self.processes[:2]


@pytest.fixture
def house() -> House:
    """Give it."""
    return House()


def test_each_is_told_first_how_to_be(house: House) -> None:
    """And the crew is ready with the first that serves."""
    one, two = house.processes
    assert one.heard() == [(words.FIRST, 1, "settings", (1, 2))]
    assert two.heard() == [(words.FIRST, 2, "settings", (1, 2))]
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


def test_sign_of_life_is_asked_for_and_tells_of_the_others(house: House) -> None:
    """Each hears how many sessions the others have."""
    one, two = house.serving()
    house.reactor.advance(BEAT)
    assert one.heard() == two.heard() == [(words.PULSE, 0)]
    one.say(words.PULSE, 5, [])
    two.say(words.PULSE, 7, [])
    assert house.crew.sessions == 12
    house.reactor.advance(BEAT)
    assert (one.heard(), two.heard()) == ([(words.PULSE, 7)], [(words.PULSE, 5)])
    house.reactor.advance(BEAT)
    assert one.heard() == []  # it has not answered yet


def test_crew_fares_as_its_workers_do(house: House) -> None:
    """What is the matter with one of them is the matter with all; and who is missing is told."""
    told: list[Health] = []
    house.crew.wellbeing.tell(told.append)
    assert str(house.crew.wellbeing.health) == "failing: 0 of 2 workers serve"
    one, two = house.serving()
    house.reactor.advance(BEAT)
    assert (house.crew.wellbeing.health, told) == (WELL, [])
    late = Reason("lag", State.DEGRADED, "the reactor is 2.0 s late")
    for each in (one, two):
        each.say(words.PULSE, 0, Health((late,)).plain())
    house.reactor.advance(BEAT)
    house.reactor.advance(BEAT)
    assert [str(each) for each in told] == ["degraded: worker 1: the reactor is 2.0 s late"]
    one.end()
    house.reactor.advance(BEAT)
    assert str(told[1]) == "degraded: 1 of 2 workers serve; worker 2: the reactor is 2.0 s late"
    two.say(words.PULSE, 0, [])
    house.processes[-1].say(words.READY)
    house.reactor.advance(BEAT)
    assert told[2:] == [WELL]


def test_workers_that_are_missing_for_a_while_are_told_once(house: House) -> None:
    """Not one that ends, and is soon replaced; and that all are back is told."""
    told: list[str] = []
    house.crew.wellbeing.tell_lasting(lambda health: told.append(str(health)))
    house.reactor.pump([BEAT] * (LONG - 1))
    assert told == []
    house.reactor.pump([BEAT] * LONG)
    assert told == ["failing: 0 of 2 workers serve"]
    one, _ = house.serving()
    house.reactor.advance(BEAT)
    assert told[1:] == [str(WELL)]
    one.end()
    house.reactor.advance(BEAT)
    house.processes[-1].say(words.READY)
    house.reactor.pump([BEAT] * LONG)
    assert len(told) == 2


def test_full_disk_is_told_once_for_all_workers(house: House) -> None:
    """As soon as one sees it, and once more when none does; what is one's own has its number."""
    told: list[str] = []
    house.crew.wellbeing.tell_lasting(lambda health: told.append(str(health)))
    one, two = house.serving()
    full = Reason("disk-full", State.FAILING, "1 MiB is free")
    late = Reason("lag", State.DEGRADED, "the reactor is 2.0 s late")
    for first, second in (((full,), ()), ((full,), (late, full)), ((), (full, late))):
        one.say(words.PULSE, 0, Health(first).plain())
        two.say(words.PULSE, 0, Health(second).plain())
        house.reactor.advance(BEAT)
    whole = "failing: 1 MiB is free; worker 2: the reactor is 2.0 s late"
    assert told == ["failing: 1 MiB is free", whole]
    two.say(words.PULSE, 0, [])
    house.reactor.advance(BEAT)
    assert told[2:] == [str(WELL)]


def test_who_gives_no_sign_of_life_is_ended(house: House) -> None:
    """After a minute; and who can't store is alive, but not for the service manager."""
    one, two = house.serving()
    house.reactor.advance(BEAT)
    for _ in range(int(HANGS_AFTER / BEAT)):
        two.say(words.PULSE, 0, Health((ENDED,)).plain())
        assert one.signals == []
        house.reactor.advance(BEAT)
    house.reactor.advance(BEAT)
    assert (one.signals[:1], two.signals) == (["KILL"], [])
    one.end()
    assert not house.crew.wellbeing.alive
    house.reactor.advance(REST)
    house.processes[-1].say(words.READY)
    assert house.crew.wellbeing.alive


def test_crew_lives_while_the_former_workers_serve(house: House) -> None:
    """The service manager is told so: those of our own may take a while."""
    reader, writer = os.pipe()
    crew = Crew(
        cast("Any", house.reactor), [], [], log=print, limits=Limits(), leaving=[(1, reader)]
    )
    assert crew.wellbeing.alive
    assert not house.crew.wellbeing.alive
    os.close(reader)
    os.close(writer)


def test_nobody_is_ended_because_the_parent_was_away(house: House) -> None:
    """It was stopped and continued, or its machine was: the workers are well, and their mail is."""
    one, two = house.processes
    one.say(words.READY)
    house.reactor.advance(BEAT)
    house.reactor.advance(START_TIME + HANGS_AFTER)
    assert (one.signals, two.signals) == ([], [])
    for _ in range(int(START_TIME / BEAT) + 2):
        house.reactor.advance(BEAT)
    assert (one.signals[:1], two.signals[:1]) == (["KILL"], ["KILL"])


def test_who_does_not_serve_in_time_is_ended(house: House) -> None:
    """Whatever it does instead."""
    for _ in range(int(START_TIME / BEAT)):
        house.reactor.advance(BEAT)
    assert house.processes[0].signals == []
    house.reactor.advance(2 * BEAT)
    assert house.processes[0].signals[:1] == ["KILL"]


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


def changed(house: House, settings: str) -> list[Any]:
    """Change the settings, and give a list that will have the outcome."""
    outcome: list[Any] = []
    Deferred.fromCoroutine(house.crew.change(settings)).addBoth(outcome.append)
    return outcome


def test_settings_change_in_one_after_the_other(house: House) -> None:
    """One that can't have them leaves, and the next one begins with them."""
    one, two = house.serving()
    outcome = changed(house, "other")
    assert (one.heard(), two.heard()) == ([(words.CHANGE, "other")], [])
    one.say(words.CHANGED, None)
    assert two.heard() == [(words.CHANGE, "other")]
    two.say(words.CHANGED, "no such file")
    assert outcome == [None]
    assert (one.signals, two.signals) == ([], ["TERM"])
    two.end()
    house.reactor.advance(REST)
    assert house.processes[-1].heard() == [(words.FIRST, 2, "other", (1, 2))]


def test_settings_reach_those_who_begin_or_end_meanwhile(house: House) -> None:
    """One that has ended is not waited for, one that begins is told, and the next has them."""
    one, two = house.processes
    one.say(words.READY)
    one.heard(), two.heard()
    outcome = changed(house, "other")
    one.end()
    assert outcome == [None]
    two.say(words.READY)
    assert two.heard() == [(words.CHANGE, "other")]
    two.say(words.CHANGED, None)
    house.reactor.advance(REST)
    assert house.processes[-1].heard() == [(words.FIRST, 1, "other", (1, 2))]
    house.processes[-1].say(words.READY)
    assert house.processes[-1].heard() == []


def test_settings_that_change_while_others_come_are_answered_in_turn(house: House) -> None:
    """One that begins meanwhile has heard of the first ones only, and then of the second."""
    one, two = house.processes
    one.say(words.READY)
    first = changed(house, "first")
    two.heard()
    two.say(words.READY)
    one.say(words.CHANGED, None)
    assert two.heard() == [(words.CHANGE, "first")] * 2
    two.say(words.CHANGED, None)
    assert first == []
    two.say(words.CHANGED, "no such file")
    assert first == [None]
    assert two.signals == ["TERM"]


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
