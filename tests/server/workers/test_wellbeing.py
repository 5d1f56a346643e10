"""How a crew fares: signs of life, what is told of them, and who is ended for want of one."""

import os
from typing import Any, cast

from twisted.internet.defer import Deferred

from gomail.health import WELL, Health, Reason, State
from gomail.limits import Limits
from gomail.server.judgement import THREAD_ENDED
from gomail.server.workers import words
from gomail.server.workers.crew import BEAT, HANGS_AFTER, START_TIME, Crew
from gomail.server.workers.rests import REST
from gomail.server.workers.wellbeing import LONG
from tests.server.workers.processes import House

ENDED = Reason(THREAD_ENDED, State.FAILING, "the thread that stores has ended")


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


def test_parent_fares_as_its_log_does(house: House) -> None:
    """What is the matter with the parent alone is the matter with all, and told by both ways."""
    told: list[str] = []
    wellbeing = house.crew.wellbeing
    wellbeing.tell(lambda health: told.append(f"at once {health}"))
    wellbeing.tell_lasting(lambda health: told.append(str(health)))
    house.serving()
    house.reactor.advance(BEAT)
    full = Health((Reason("log-lost", State.DEGRADED, "lines are lost"),))
    wellbeing.own = lambda: full
    house.reactor.advance(BEAT)
    assert sorted(told) == ["at once degraded: lines are lost", "degraded: lines are lost"]


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


def test_one_that_was_killed_and_does_not_die_is_missing(house: House) -> None:
    """A dead disk may hold it in the kernel: nobody waits for it, and that it is gone is told."""
    one, two = house.serving()
    house.reactor.advance(BEAT)
    for _ in range(int(HANGS_AFTER / BEAT) + 5):
        two.say(words.PULSE, 0, [])
        house.reactor.advance(BEAT)
    assert one.signals == ["KILL"]
    assert str(house.crew.wellbeing.health) == "degraded: 1 of 2 workers serve"
    assert house.crew.wellbeing.alive
    changed = Deferred.fromCoroutine(house.crew.change("other"))
    two.say(words.CHANGED, None)
    assert changed.called
    two.end()
    assert not house.crew.wellbeing.alive
    one.end()
    house.reactor.advance(REST)
    for process in house.processes[2:]:
        process.say(words.READY)
    assert house.crew.wellbeing.health == WELL


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
