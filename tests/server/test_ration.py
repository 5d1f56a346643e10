"""The log's ration: a flood is counted instead of written, and what matters is written still."""

import pytest
from twisted.internet.task import Clock

from gomail.events import ContentDropped, Event, LeftOut, Trouble
from gomail.server.ration import AT_ONCE, TOLD_EVERY, Ration
from tests.server.events import CHECKED, ENDED, ENVELOPE, REFUSED, STORED

RATES: tuple[tuple[Event, str, int], ...] = (
    (REFUSED, "refused", 100),
    (ContentDropped(ENVELOPE, "too slow"), "dropped", 100),
    (Trouble("a fault"), "trouble", 100),
    (ENDED, "session", 500),
    (CHECKED, "checked", 500),
)


def rationed() -> tuple[Ration, list[Event], Clock]:
    """Give a ration, what comes through, and its clock."""
    passed: list[Event] = []
    clock = Clock()
    return Ration(passed.append, clock), passed, clock


@pytest.mark.parametrize(("event", "name", "rate"), RATES)
def test_e13_flood_of_events_is_counted(event: Event, name: str, rate: int) -> None:
    """What comes at once is written, then so many a second; the rest is told by its number."""
    ration, passed, clock = rationed()
    for _ in range(AT_ONCE + 7):
        ration(event)
    assert passed == [event] * AT_ONCE
    clock.advance(1)
    for _ in range(rate + 3):
        ration(event)
    assert passed[AT_ONCE:] == [event] * rate
    clock.advance(TOLD_EVERY - 1)
    assert passed[AT_ONCE + rate :] == [LeftOut(((name, 10),))]
    clock.advance(TOLD_EVERY)
    assert len(passed) == AT_ONCE + rate + 1
    assert not clock.getDelayedCalls()


def test_e13_flood_of_one_kind_hides_no_other() -> None:
    """Each kind has a ration of its own."""
    ration, passed, _ = rationed()
    for _ in range(AT_ONCE + 1):
        ration(REFUSED)
    for event, _, _ in RATES[1:]:
        ration(event)
    assert passed[AT_ONCE:] == [event for event, _, _ in RATES[1:]]


def test_e13_stored_messages_are_always_told_of() -> None:
    """Whoever looks for a message that somebody says to have sent finds its line."""
    ration, passed, _ = rationed()
    for _ in range(2 * AT_ONCE):
        ration(STORED)
    assert passed == [STORED] * 2 * AT_ONCE


def test_e13_room_comes_back_no_further_than_it_was() -> None:
    """A quiet night allows for no longer flood in the morning."""
    ration, passed, clock = rationed()
    clock.advance(86_400)
    for _ in range(AT_ONCE + 1):
        ration(REFUSED)
    assert len(passed) == AT_ONCE


def test_e13_what_was_left_out_is_told_of_all_kinds_at_once() -> None:
    """In one line, and again only when there is more; a server that stops need not wait for it."""
    ration, passed, clock = rationed()
    for _ in range(AT_ONCE + 2):
        ration(ENDED)
        ration(REFUSED)
    ration.tell()
    assert passed[2 * AT_ONCE :] == [LeftOut((("session", 2), ("refused", 2)))]
    clock.advance(TOLD_EVERY)
    assert len(passed) == 2 * AT_ONCE + 1
