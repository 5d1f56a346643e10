"""Mailboxes that turn mail away: told with a reason each, until they take mail again."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from gomail.delivery.faults import refusal_of
from gomail.delivery.places import FRESH, QUIET, Places
from gomail.delivery.refusals import MOST, Refusals
from gomail.health import Mailboxes
from gomail.reply import MAILBOX_UNAVAILABLE, Refused
from tests.delivery.bench import Bench, maildirs
from tests.delivery.desk import Desk, failing


def test_mailbox_that_turns_mail_away_is_told_until_it_takes_it(
    desk: Desk, alice: Path, tmp_path: Path
) -> None:
    """With its path and the error; it is asked again where no mail comes for it."""
    bob = maildirs(tmp_path, "bob")[0]
    assert desk.find(alice)
    assert desk.places.look() == Mailboxes()
    (bob / "new").rmdir()
    (bob / "new").touch()
    assert desk.refusal(bob) == MAILBOX_UNAVAILABLE
    told = desk.places.look()
    assert (told.refusing, told.whole) == (1, False)
    assert told.reasons[0].startswith(str(bob))
    (bob / "new").unlink()
    (bob / "new").mkdir()
    desk.bench.clock.advance(QUIET + 0.01)
    assert desk.places.look() == told
    assert desk.find(bob) == str(bob)  # the look that is under way has its answer by then
    assert desk.places.look() == Mailboxes()


def test_delivery_that_failed_tells_of_its_mailbox(desk: Desk, alice: Path) -> None:
    """Not one that failed by the disk's fault; nor is anything said of others that nobody knows."""
    desk.find(alice)
    refused = refusal_of(OSError(errno.EIO, "no"), str(alice))
    desk.places.suspend(str(alice), refused)
    assert desk.places.look() == Mailboxes()
    refused = refusal_of(OSError(errno.EDQUOT, "Disk quota exceeded"), str(alice))
    desk.places.suspend(str(alice), refused, own=True)
    assert desk.places.look() == Mailboxes(1, (f"{alice}: Disk quota exceeded",))
    desk.places.forget()
    assert desk.places.look() == Mailboxes()


def test_disk_and_system_are_no_reason_of_a_mailbox(
    desk: Desk, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have reasons of their own."""
    for number in (errno.EIO, errno.EMFILE):
        monkeypatch.setattr(os, "scandir", failing(number))
        desk.bench.clock.advance(FRESH + 0.01)
        desk.refusal(alice)
        assert desk.places.look() == Mailboxes()


def test_only_maildir_is_looked_at_without_mail(bench: Bench, alice: Path) -> None:
    """Every two seconds; one that is gone can't hide behind the quiet."""
    places = Places(bench.committer, bench.clock, str(alice), only=True)
    places.look()
    bench.wait(places.ask(str(alice)))
    assert places.look() == Mailboxes()
    shutil.rmtree(alice)
    bench.clock.advance(QUIET + 0.01)
    places.look()
    with pytest.raises(Refused):
        bench.wait(places.ask(str(alice)))
    told = places.look()
    assert (told.refusing, told.whole) == (1, True)
    assert "No such file or directory; a Maildir that is gone" in told.reasons[0]


def test_folder_that_turns_mail_away_is_one_of_the_only_maildir(bench: Bench, alice: Path) -> None:
    """Which takes mail all the same; and the folder is asked again without mail, too."""
    (folder,) = maildirs(alice, ".lists")
    desk = Desk(bench, alice)
    desk.places = places = Places(bench.committer, bench.clock, str(alice), only=True)
    assert desk.find(alice) == str(alice)
    (folder / "tmp").rmdir()
    assert desk.refusal(alice, "lists") == MAILBOX_UNAVAILABLE
    told = places.look()
    assert (told.refusing, told.whole) == (1, False)
    (folder / "tmp").mkdir()
    bench.clock.advance(QUIET + 0.01)
    places.look()
    bench.wait(bench.committer.run(lambda: None))  # behind all looks
    assert places.known(str(alice), "lists") == str(folder)
    assert places.look() == Mailboxes()
    shutil.rmtree(alice)
    bench.clock.advance(QUIET + 0.01)
    assert desk.refusal(alice) == MAILBOX_UNAVAILABLE
    assert places.look().whole


def test_folder_for_junk_turns_no_mail_away(desk: Desk, alice: Path) -> None:
    """Where a delivery to it has failed, its mail goes to the inbox."""
    path = desk.bench.wait(Deferred.fromCoroutine(desk.places.junk(str(alice))))
    refused = refusal_of(OSError(errno.EDQUOT, "Disk quota exceeded"), str(path))
    desk.places.suspend(str(path), refused, own=True)
    assert desk.places.look() == Mailboxes()


def test_look_without_mail_blames_the_system_for_nothing(
    bench: Bench, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No mail was kept from being stored; the next one finds out."""
    places = Places(bench.committer, bench.clock, str(alice), only=True)
    monkeypatch.setattr(os, "scandir", failing(errno.EMFILE))
    places.look()
    with pytest.raises(Refused):
        bench.wait(places.ask(str(alice)))
    assert bench.committer.record.faults == 0
    with pytest.raises(Refused):
        bench.wait(places.ask(str(alice)))
    assert bench.committer.record.faults == 1


def test_number_of_reasons_is_bounded() -> None:
    """The first few are told, and a thousand known."""
    refusals = Refusals()
    places = [(f"/{number}", "", False) for number in range(MOST + 5)]
    for place in places:
        refusals.note(place, place[0])
    assert refusals.tell() == Mailboxes(MOST, ("/0", "/1", "/2"))
    refusals.note(places[0], "again")
    assert refusals.oldest == places[1]
