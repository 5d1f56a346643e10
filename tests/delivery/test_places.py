"""Which Maildirs can take mail now: one that is broken never holds up the mail of the others."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from gomail.delivery import places as module
from gomail.delivery.places import FRESH, RENEW, Places
from gomail.reply import DISK_FULL, LOCAL_ERROR, MAILBOX_UNAVAILABLE, Refused, Reply
from tests.delivery.bench import Bench, maildirs, no_file_left_open
from tests.delivery.desk import Desk, Looks, failing, replaced_by_file


def test_disk_is_asked_once_a_second(desk: Desk, alice: Path) -> None:
    """A thousand recipients of one mailbox cost the disk one look."""
    for _ in range(1000):
        assert desk.find(alice) == str(alice)
    assert desk.asked == 1
    desk.bench.clock.advance(FRESH)
    assert desk.find(alice) == str(alice)
    assert desk.asked == 1
    desk.bench.clock.advance(0.01)
    assert desk.find(alice) == str(alice)
    assert desk.asked == 2


def test_sessions_that_come_while_the_disk_is_asked_wait_for_its_answer(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty sessions that come at once cost the disk one look, not twenty."""
    looks = Looks(monkeypatch)
    asked = [Deferred.fromCoroutine(desk.places.ask(str(alice))) for _ in range(20)]
    assert [desk.bench.wait(each) for each in asked] == [str(alice)] * 20
    assert looks.count == 1
    desk.bench.clock.advance(FRESH + 0.01)
    assert desk.find(alice) == str(alice)
    assert looks.count == 2


def test_each_session_that_waits_has_a_refusal_of_its_own(desk: Desk, alice: Path) -> None:
    """What is said to one has nothing to do with what is said to another."""
    replaced_by_file(alice / "new")
    heard: list[Any] = []
    for _ in range(3):
        Deferred.fromCoroutine(desk.places.ask(str(alice))).addErrback(heard.append)
    desk.bench.backdoor.pump()
    assert [each.value.reply for each in heard] == [MAILBOX_UNAVAILABLE] * 3
    assert len({id(each.value) for each in heard}) == 3


def test_session_that_waits_no_longer_stops_no_look(desk: Desk, alice: Path) -> None:
    """A disk that is slow costs one session its time; whoever has more hears the answer."""
    first = Deferred.fromCoroutine(desk.places.ask(str(alice)))
    second = Deferred.fromCoroutine(desk.places.ask(str(alice)))
    first.addErrback(lambda failure: failure.trap(CancelledError))
    first.cancel()
    assert desk.bench.wait(second) == str(alice)
    assert desk.find(alice) == str(alice)
    assert desk.asked == 0


def test_belief_is_renewed_behind_the_scenes(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While mail comes, one look a half second keeps it all from waiting."""
    looks = Looks(monkeypatch)
    desk.find(alice)
    for second in range(1, 5):
        desk.bench.clock.advance(FRESH - RENEW - 0.01)
        desk.find(alice)
        assert looks.count == second, "it is fresh"
        desk.bench.clock.advance(0.01)
        for _ in range(100):
            desk.find(alice)
        desk.bench.backdoor.pump()
        assert looks.count == second + 1
    assert desk.asked == 1


def test_mailbox_that_goes_away_while_mail_comes_is_refused(desk: Desk, alice: Path) -> None:
    """What is found behind the scenes counts at once."""
    desk.find(alice)
    replaced_by_file(alice / "new")
    desk.bench.clock.advance(FRESH - RENEW)
    assert desk.find(alice) == str(alice), "as it was less than a second ago"
    desk.bench.backdoor.pump()
    assert desk.refusal(alice) == MAILBOX_UNAVAILABLE
    assert desk.asked == 1


def test_fault_of_ours_in_a_look_is_no_belief(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a look raises, the next session has another."""
    monkeypatch.setattr(module, "free_octets", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        desk.find(alice)
    monkeypatch.undo()
    assert desk.find(alice) == str(alice)


def test_looking_leaves_nothing_open(desk: Desk, alice: Path, tmp_path: Path) -> None:
    """However a look ends, the folders are closed again."""
    desk.find(alice)
    (tmp_path / "file").touch()
    with no_file_left_open():
        for _ in range(3):
            desk.bench.clock.advance(2)
            desk.find(alice)
            desk.refusal(tmp_path / "file")


def test_refusal_is_believed_for_a_second(desk: Desk, alice: Path) -> None:
    """A mailbox that comes back is served at once."""
    replaced_by_file(alice / "new")
    assert desk.refusal(alice) == MAILBOX_UNAVAILABLE
    assert desk.refusal(alice) == MAILBOX_UNAVAILABLE
    assert desk.asked == 1
    (alice / "new").unlink()
    desk.bench.clock.advance(FRESH + 0.01)
    assert desk.find(alice) == str(alice)


def test_memory_of_mailboxes_is_bounded(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sub-addresses come from the wire: what is remembered of them is forgotten in time."""
    monkeypatch.setattr(module, "MOST_KNOWN", 10)
    for number in range(100):
        assert desk.find(alice, f"detail{number}") == str(alice)
        assert len(desk.places._known) <= 10


def test_e12_mailbox_on_a_full_disk_of_its_own_is_deferred(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mailbox may be on another disk: its recipients alone wait until that has room again."""
    (alice,) = maildirs(tmp_path, "alice")
    places = Places(bench.committer, bench.clock, str(tmp_path), reserve=1000)
    monkeypatch.setattr(module, "free_octets", lambda _: 999)
    with pytest.raises(Refused) as refused:
        bench.wait(places.ask(str(alice)))
    assert refused.value.reply == DISK_FULL
    monkeypatch.setattr(module, "free_octets", lambda _: 1000)
    assert bench.wait(places.ask(str(alice))) == str(alice)


@pytest.mark.parametrize(
    ("number", "reply"),
    [(errno.ENOSPC, DISK_FULL), (errno.EMFILE, LOCAL_ERROR), (errno.EACCES, MAILBOX_UNAVAILABLE)],
)
def test_r21_look_that_fails_has_its_reply(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch, number: int, reply: Reply
) -> None:
    """What the disk says at RCPT is answered for this recipient alone, with 4xx."""
    monkeypatch.setattr(os, "scandir", failing(number))
    assert desk.refusal(alice) == reply
    monkeypatch.undo()
    desk.bench.clock.advance(FRESH + 0.01)
    assert desk.find(alice) == str(alice)


def test_r6_disk_is_full_where_nothing_is_free(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a reserve each octet counts; the reason names the mailbox."""
    monkeypatch.setattr(module, "free_octets", lambda _: 1)
    assert desk.find(alice) == str(alice)
    monkeypatch.setattr(module, "free_octets", lambda _: 0)
    desk.bench.clock.advance(FRESH + 0.01)
    with pytest.raises(Refused) as refused:
        desk.find(alice)
    assert refused.value.reply == DISK_FULL
    assert refused.value.reason == f"{alice}: less is free than the reserve"


def test_r8_mailbox_without_the_right_to_write_is_refused(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights are read at RCPT, so that the other recipients get their mail."""
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert desk.refusal(alice) == MAILBOX_UNAVAILABLE


def test_r8_what_a_look_says_of_the_disk_is_written_down(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch over the server sees it before a message has come; a wrong right is no alarm."""
    record = desk.bench.committer.record
    alice.with_name("file").touch()
    desk.refusal(alice.with_name("file"))
    assert record.fault == ""
    with monkeypatch.context() as patched:
        patched.setattr(module, "free_octets", failing(errno.EIO))
        desk.refusal(alice)
    assert record.fault == f"{alice}: Input/output error"
    assert not record.stored
