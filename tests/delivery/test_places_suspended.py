"""Mailboxes in which a delivery failed: refused for a minute, then tried; others go on."""

import errno
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest
from twisted.internet.defer import Deferred

from gomail.delivery.places import FRESH, SUSPENDED
from gomail.reply import MAILBOX_FULL, MAILBOX_UNAVAILABLE, Refused, Reply
from tests.delivery.bench import left_over, maildirs, path_of
from tests.delivery.desk import Desk, failing
from tests.patience import PATIENCE


def test_refusal_holds_on_to_no_session(desk: Desk, alice: Path) -> None:
    """However often a suspended mailbox is asked for, nothing of it piles up."""
    desk.find(alice)
    refused = Refused(MAILBOX_UNAVAILABLE, "it is broken")
    desk.places.suspend(str(alice), refused)
    with pytest.raises(Refused) as caught:
        desk.find(alice)
    assert (caught.value.reply, caught.value.reason) == (refused.reply, refused.reason)
    assert refused.__traceback__ is None


@pytest.mark.parametrize(
    ("number", "reply"), [(errno.EIO, MAILBOX_UNAVAILABLE), (errno.EDQUOT, MAILBOX_FULL)]
)
def test_r8_mailbox_in_which_a_delivery_failed_is_suspended(
    desk: Desk, alice: Path, number: int, reply: Reply
) -> None:
    """For a minute its recipients are refused without a look, then one probe decides."""
    desk.find(alice)
    desk.suspend(alice, number)
    assert desk.refusal(alice) == reply
    desk.bench.clock.advance(SUSPENDED)
    assert desk.refusal(alice) == reply
    assert desk.asked == 1
    desk.bench.clock.advance(0.01)
    assert desk.find(alice) == str(alice)
    desk.bench.clock.advance(FRESH + 0.01)
    assert desk.find(alice) == str(alice)
    assert left_over(alice) == []


def test_r8_probe_that_fails_suspends_for_another_minute(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailbox that stays broken is tried once a minute, however much mail comes for it."""
    desk.find(alice)
    desk.suspend(alice, errno.EIO)
    desk.bench.clock.advance(SUSPENDED)
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    for probes in range(2, 5):
        desk.bench.clock.advance(2)
        for _ in range(60):
            assert desk.refusal(alice) == MAILBOX_UNAVAILABLE
            desk.bench.clock.advance(1)
        assert desk.asked == probes
    monkeypatch.undo()
    desk.bench.clock.advance(SUSPENDED + 0.01)
    assert desk.find(alice) == str(alice)


def test_r8_broken_folder_is_tried_once_a_minute_too(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same holds for the folder of a sub-address, and the mailbox itself goes on."""
    (lists,) = maildirs(alice, ".lists")
    assert desk.find(alice, "lists") == str(lists)
    desk.suspend(lists, errno.EIO)
    assert desk.find(alice) == str(alice)
    desk.bench.clock.advance(SUSPENDED)
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: failing(errno.EIO)() if "/.lists/" in path_of(fd) else real(fd)
    )
    for probes in range(3, 6):
        desk.bench.clock.advance(2)
        for _ in range(60):
            assert desk.refusal(alice, "lists") == MAILBOX_UNAVAILABLE
            desk.bench.clock.advance(1)
        assert desk.asked == probes
    monkeypatch.undo()
    assert desk.find(alice) == str(alice)
    desk.bench.clock.advance(SUSPENDED + 0.01)
    assert desk.find(alice, "lists") == str(lists)


def test_suspended_mailbox_is_so_for_all_its_addresses(desk: Desk, alice: Path) -> None:
    """Sub-addresses without a folder lead to the mailbox, and are refused with it."""
    desk.find(alice)
    desk.find(alice, "detail")
    desk.suspend(alice, errno.EIO)
    assert desk.refusal(alice) == desk.refusal(alice, "detail") == MAILBOX_UNAVAILABLE


class Unread(dict[Any, Any]):
    """What is known of mailboxes, of which nobody may ask for all."""

    def items(self) -> NoReturn:
        """Fail."""
        pytest.fail("one failure is looked for among all mailboxes")


def test_failure_costs_the_same_among_many_mailboxes(desk: Desk, alice: Path) -> None:
    """A broken disk lets delivery after delivery fail; nobody goes through all mailboxes then."""
    desk.find(alice)
    desk.places._known = Unread(desk.places._known)
    desk.suspend(alice, errno.EIO)
    assert desk.refusal(alice) == MAILBOX_UNAVAILABLE


def test_other_mailboxes_go_on(desk: Desk, alice: Path, tmp_path: Path) -> None:
    """One broken mailbox is nobody else's business."""
    (bob,) = maildirs(tmp_path, "bob")
    desk.find(alice)
    desk.find(bob)
    desk.suspend(alice, errno.EIO)
    assert desk.find(bob) == str(bob)


def test_r8_look_that_is_under_way_lifts_no_suspension(desk: Desk, alice: Path) -> None:
    """A delivery that fails while a recipient is asked for has the last word."""
    asked = Deferred.fromCoroutine(desk.places.ask(str(alice)))
    answer = desk.bench.backdoor.calls.get(timeout=PATIENCE)
    desk.suspend(alice, errno.EIO)
    answer()
    with pytest.raises(Refused) as refused:
        desk.bench.wait(asked)
    assert refused.value.reply == MAILBOX_UNAVAILABLE
    assert refused.value.reason == f"{alice}: a delivery has just failed there"
    desk.bench.clock.advance(SUSPENDED + 0.01)
    assert desk.find(alice) == str(alice)
