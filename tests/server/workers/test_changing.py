"""Other settings for a crew, whose processes are the test's: told, answered, or not."""

from typing import Any

from twisted.internet.defer import Deferred

from gomail.server.listening import STOP_TIME
from gomail.server.workers import words
from gomail.server.workers.changing import CHANGE_TIME
from gomail.server.workers.crew import BEAT, GRACE
from gomail.server.workers.rests import REST
from tests.server.workers.processes import House, Process


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
    assert house.processes[-1].heard() == [(words.FIRST, 2, "other", (1, 2), ())]


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
    assert house.processes[-1].heard() == [(words.FIRST, 1, "other", (1, 2), ())]
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


def beat(house: House, seconds: float, *alive: Process) -> None:
    """Let time pass, in which some processes give signs of life."""
    for _ in range(int(seconds / BEAT)):
        house.reactor.advance(BEAT)
        for process in alive:
            if any(word == words.PULSE for word, *_ in process.heard()):
                process.say(words.PULSE, 0, [], {})


def test_one_that_does_not_answer_leaves(house: House) -> None:
    """It gives signs of life; the others are told behind its time, and the next one has it all."""
    one, two = house.serving()
    outcome = changed(house, "other")
    beat(house, CHANGE_TIME - BEAT, one, two)
    assert one.signals == []
    house.reactor.advance(BEAT)
    assert one.signals == ["TERM"]
    assert (words.CHANGE, "other") in two.heard()
    two.say(words.CHANGED, None)
    assert outcome == [None]
    one.end()
    house.reactor.advance(REST)
    assert house.processes[-1].heard() == [(words.FIRST, 1, "other", (1, 2), ())]


def test_one_that_was_told_to_leave_is_asked_no_more_and_ended_in_time(house: House) -> None:
    """Nobody waits for it a second time; it has the time of any that stops."""
    one, two = house.serving()
    first = changed(house, "first")
    beat(house, CHANGE_TIME, one, two)
    two.say(words.CHANGED, None)
    second = changed(house, "second")
    two.say(words.CHANGED, None)
    assert (first, second) == ([None], [None])
    beat(house, STOP_TIME + GRACE - BEAT, one, two)
    assert one.signals == ["TERM"]
    beat(house, 2 * BEAT, one, two)
    assert one.signals[:2] == ["TERM", "KILL"]
    assert two.signals == []


def test_last_one_that_serves_is_kept_without_an_answer(house: House) -> None:
    """Mail is worth more than settings; the answer to the first is none to the second."""
    one, two = house.serving()
    two.end()
    first = changed(house, "first")
    beat(house, CHANGE_TIME, one)
    assert first == [None]
    second = changed(house, "second")
    one.say(words.CHANGED, "to the first, far too late")
    assert second == []
    one.say(words.CHANGED, None)
    assert second == [None]
    assert one.signals == []


def test_parent_that_was_stopped_itself_gives_those_who_leave_their_time(house: House) -> None:
    """Nothing that they have said has been heard meanwhile."""
    one, two = house.serving()
    changed(house, "other")
    one.say(words.CHANGED, "no such file")
    house.reactor.advance(STOP_TIME + GRACE + 1)
    assert one.signals == ["TERM"]
    beat(house, STOP_TIME + GRACE + BEAT, one, two)
    assert one.signals[:2] == ["TERM", "KILL"]
