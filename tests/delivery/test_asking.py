"""One question to the disk, and all who wait for its answer."""

import gc
import weakref

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gomail.delivery.asking import Asking
from tests.smtp.wire import logged_failures


def outcomes_of(*waiting: Deferred[str]) -> list[object]:
    """Give the list into which all that is heard will be put."""
    heard: list[object] = []
    for each in waiting:
        each.addBoth(heard.append)
    return heard


def test_all_who_wait_hear_the_answer() -> None:
    """However many sessions want to know, the disk says it once."""
    disk: Deferred[str] = Deferred()
    asking = Asking(disk)
    heard = outcomes_of(asking.wait(), asking.wait(), asking.wait())
    assert heard == []
    disk.callback("yes")
    assert heard == ["yes"] * 3


def test_who_waits_no_longer_takes_the_answer_from_nobody_else() -> None:
    """A session whose time is over is told so, and the others go on waiting."""
    disk: Deferred[str] = Deferred()
    asking = Asking(disk)
    first, second = asking.wait(), asking.wait()
    gave_up, heard = outcomes_of(first), outcomes_of(second)
    first.cancel()
    assert isinstance(gave_up[0], Failure)
    assert gave_up[0].check(CancelledError)
    assert heard == []
    disk.callback("yes")
    assert heard == ["yes"]
    assert len(gave_up) == 1


def test_nothing_is_kept_of_who_waits_no_longer() -> None:
    """Sessions come and go for as long as a disk hangs."""
    asking: Asking[str] = Asking(Deferred())
    first, second = asking.wait(), asking.wait()
    outcomes_of(first, second)
    kept = [weakref.ref(first), weakref.ref(second)]
    first.cancel()
    del first, second
    assert [ref() is None for ref in kept] == [True, False]


def test_who_is_sent_away_by_another_while_all_are_told_hears_that() -> None:
    """The answer of one may end the time of the next."""
    disk: Deferred[str] = Deferred()
    asking = Asking(disk)
    first, second = asking.wait(), asking.wait()
    first.addCallback(lambda _: second.cancel())
    heard = outcomes_of(second)
    disk.callback("yes")
    assert isinstance(heard[0], Failure)
    assert heard[0].check(CancelledError)


def test_fault_of_ours_is_told_to_all_who_wait() -> None:
    """Nobody waits for ever, whatever happened; those who have heard of it may log it."""
    disk: Deferred[str] = Deferred()
    asking = Asking(disk)
    heard = outcomes_of(asking.wait(), asking.wait())
    with logged_failures() as logged:
        disk.errback(ZeroDivisionError())
        del disk
        gc.collect()
    assert logged == []
    assert [each.check(ZeroDivisionError) for each in heard if isinstance(each, Failure)] == [
        ZeroDivisionError
    ] * 2


def test_fault_of_ours_that_nobody_waits_for_is_logged() -> None:
    """Behind the scenes, too, no fault goes by unseen."""
    disk: Deferred[str] = Deferred()
    Asking(disk)
    with logged_failures() as logged:
        disk.errback(ZeroDivisionError())
        del disk
        gc.collect()
    assert [event["log_failure"].type for event in logged] == [ZeroDivisionError]
