"""Which Maildirs can take mail now: one that is broken never holds up the mail of the others."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from twisted.internet.defer import CancelledError, Deferred

from gomail.delivery import places as module
from gomail.delivery.faults import refusal_of
from gomail.delivery.maildir import STALE, Ownership
from gomail.delivery.places import FRESH, QUIET, RENEW, SUSPENDED, Places
from gomail.delivery.refusals import MOST, Refusals
from gomail.health import Mailboxes
from gomail.reply import (
    DISK_FULL,
    LOCAL_ERROR,
    MAILBOX_FULL,
    MAILBOX_UNAVAILABLE,
    Refused,
    Reply,
)
from tests.delivery.bench import Bench, left_over, maildirs, no_file_left_open, path_of
from tests.patience import PATIENCE


class Desk:
    """Asks about mailboxes, and counts how often the disk had to be asked."""

    def __init__(self, bench: Bench, root: Path, ownership: Ownership | None = None) -> None:
        """Begin with nothing known."""
        self.bench = bench
        self.places = Places(bench.committer, bench.clock, str(root), ownership or Ownership())
        self.asked = 0

    def find(self, maildir: Path, folder: str = "") -> str:
        """Give the path to deliver to, as the reception does."""
        path = self.places.known(str(maildir), folder)
        if path is None:
            self.asked += 1
            path = str(self.bench.wait(self.places.ask(str(maildir), folder)))
        return path

    def refusal(self, maildir: Path, folder: str = "") -> Reply:
        """Give the reply to a recipient that is refused."""
        with pytest.raises(Refused) as refused:
            self.find(maildir, folder)
        return refused.value.reply

    def suspend(self, path: Path, number: int) -> None:
        """Have a delivery fail."""
        self.places.suspend(str(path), refusal_of(OSError(number, os.strerror(number)), str(path)))


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    """The Maildir of alice."""
    return maildirs(tmp_path, "alice")[0]


@pytest.fixture
def desk(bench: Bench, tmp_path: Path) -> Desk:
    """Places below the temporary folder."""
    return Desk(bench, tmp_path)


def failing(number: int) -> Callable[..., int]:
    """Stand for a system call that fails."""

    def call(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return call


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


class Looks:
    """Counts how often the disk is looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin to count."""
        self.count = 0
        self._scandir = os.scandir
        monkeypatch.setattr(os, "scandir", self._look)

    def _look(self, path: str | int) -> Any:  # noqa: ANN401 - as os.scandir
        self.count += not isinstance(path, int)  # tmp/ is gone through when it is swept
        return self._scandir(path)


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


def replaced_by_file(folder: Path) -> None:
    """Put a file where a folder was."""
    folder.rmdir()
    folder.touch()


def test_refusal_holds_on_to_no_session(desk: Desk, alice: Path) -> None:
    """However often a suspended mailbox is asked for, nothing of it piles up."""
    desk.find(alice)
    refused = Refused(MAILBOX_UNAVAILABLE, "it is broken")
    desk.places.suspend(str(alice), refused)
    with pytest.raises(Refused) as caught:
        desk.find(alice)
    assert (caught.value.reply, caught.value.reason) == (refused.reply, refused.reason)
    assert refused.__traceback__ is None


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


@pytest.mark.parametrize("path", ["alice", "here.example/alice", "a/b/c/alice", ".hidden/alice"])
def test_maildir_is_made_on_first_use(desk: Desk, tmp_path: Path, path: str) -> None:
    """A new mailbox needs no work of the postmaster's."""
    maildir = tmp_path / path
    assert desk.find(maildir) == str(maildir)
    folders = [maildir / name for name in ("", "tmp", "new", "cur")]
    assert [folder.stat().st_mode & 0o7777 for folder in folders] == [0o700] * 4
    assert tmp_path.joinpath(path.partition("/")[0]).stat().st_mode & 0o7777 == 0o700


def test_shared_maildir_is_made_shared(bench: Bench, tmp_path: Path) -> None:
    """With a group, the folders in between are the group's, too."""
    desk = Desk(bench, tmp_path, Ownership(os.getgid()))
    desk.find(tmp_path / "here.example/alice")
    for path in ("here.example", "here.example/alice", "here.example/alice/new"):
        assert (tmp_path / path).stat().st_mode & 0o7777 == 0o2770


def test_only_maildir_is_made_where_its_folder_is(bench: Bench, tmp_path: Path) -> None:
    """Where the root is the Maildir itself, it is there, and gets what it lacks."""
    home = tmp_path / "Maildir"
    home.mkdir()
    assert Desk(bench, home).find(home) == str(home)
    assert sorted(path.name for path in home.iterdir()) == ["cur", "new", "tmp"]


@pytest.mark.parametrize("path", ["", "alice", "here.example/alice"])
def test_r8_root_is_never_made(bench: Bench, tmp_path: Path, path: str) -> None:
    """A disk that isn't mounted is no reason to fill the one below its mount point."""
    root = tmp_path / "mail"
    assert Desk(bench, root).refusal(root / path) == MAILBOX_UNAVAILABLE
    assert not root.exists()


def test_r8_folder_that_went_away_is_made_again(desk: Desk, alice: Path) -> None:
    """A Maildir that lost a folder is mended at the next look."""
    desk.find(alice)
    shutil.rmtree(alice / "new")
    desk.bench.clock.advance(FRESH + 0.01)
    assert desk.find(alice) == str(alice)
    assert (alice / "new").is_dir()


@pytest.mark.parametrize("folder", ["", "new", "tmp"])
def test_n6_link_in_place_of_a_folder_is_not_followed(
    desk: Desk, alice: Path, tmp_path: Path, folder: str
) -> None:
    """A Maildir that leads elsewhere takes no mail, and nothing is made there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(alice / folder)
    (alice / folder).symlink_to(elsewhere)
    assert desk.refusal(alice) == MAILBOX_UNAVAILABLE


def test_stale_files_are_swept_on_first_use(desk: Desk, alice: Path) -> None:
    """What a server that was killed left in tmp/ goes when the mailbox is first used."""
    for name, age in (("stale", STALE + 60), ("young", 60)):
        (alice / "tmp" / name).touch()
        os.utime(alice / "tmp" / name, (time.time() - age,) * 2)
    desk.find(alice)
    assert left_over(alice) == ["young"]
    os.utime(alice / "tmp/young", (0, 0))
    desk.bench.clock.advance(FRESH + 0.01)
    desk.find(alice)
    assert left_over(alice) == ["young"], "the folder is read once, not every second"


@pytest.mark.parametrize(
    ("folders", "detail", "found"),
    [
        ([".lists"], "lists", ".lists"),
        ([".Lists"], "lists", ".Lists"),
        ([".lists"], "LISTS", ".lists"),
        ([".lists", ".Lists", ".LISTS"], "Lists", ".Lists"),
        ([".lists", ".Lists", ".LISTS"], "lists", ".lists"),
        ([".Lists", ".LISTS"], "lists", ".LISTS"),
        ([".lists.python"], "lists.python", ".lists.python"),
        ([".lists"], "list", ""),
        ([".lists"], ".lists", ""),
        ([".lists"], "", ""),
        ([".lists"], "../alice/.lists", ""),
        ([".lists"], "lists/../.lists", ""),
        ([".lists"], "lists/", ""),
        ([".\u212ait"], "kit", ""),
        (["lists"], "lists", ""),
        ([], ".", ""),
        ([], "..", ""),
        ([], "./bob", ""),
        ([], "/etc", ""),
        ([], "x\0y", ""),
        ([], "\udcff", ""),
    ],
)
def test_n3_folder_is_looked_up_among_those_that_exist(
    desk: Desk, alice: Path, folders: list[str], detail: str, found: str
) -> None:
    """A sub-address finds its folder, as written or in other letters' case; never another path."""
    maildirs(alice, *folders)
    maildirs(alice.parent, "bob")
    before = sorted(alice.rglob("*"))
    assert desk.find(alice, detail) == str(alice / found)
    assert sorted(alice.rglob("*")) == before, "nothing is made for a sub-address"


def test_folder_that_is_no_maildir_is_none(desk: Desk, alice: Path) -> None:
    """A folder without ``new/``, or a file of that name, is no place for mail."""
    (alice / ".lists").mkdir()
    (alice / ".notes").touch()
    assert desk.find(alice, "lists") == str(alice)
    assert desk.find(alice, "notes") == str(alice)


def test_n6_linked_folder_is_not_followed(desk: Desk, alice: Path, tmp_path: Path) -> None:
    """A folder that is a symbolic link is none: the mail goes to the inbox."""
    (bob,) = maildirs(tmp_path, "bob")
    (alice / ".lists").symlink_to(bob)
    assert desk.find(alice, "lists") == str(alice)


def test_n6_folder_whose_new_is_a_link_is_refused(desk: Desk, alice: Path, tmp_path: Path) -> None:
    """A folder that leads elsewhere from within takes no mail."""
    (lists,) = maildirs(alice, ".lists")
    (bob,) = maildirs(tmp_path, "bob")
    (lists / "new").rmdir()
    (lists / "new").symlink_to(bob / "new")
    assert desk.refusal(alice, "lists") == MAILBOX_UNAVAILABLE
    assert desk.find(alice) == str(alice)


@pytest.mark.parametrize("path", ["", "alice", "here.example/alice"])
def test_r8_nothing_is_made_in_the_mount_point_of_a_missing_disk(
    bench: Bench, tmp_path: Path, path: str
) -> None:
    """An empty folder in the place of the Maildirs defers mail until the disk is back."""
    root = tmp_path / "mail"
    root.mkdir()
    desk = Desk(bench, root)
    root.rename(tmp_path / "unmounted")
    root.mkdir()
    with pytest.raises(Refused, match="not the folder that it was at start; a restart takes") as no:
        desk.find(root / path)
    assert no.value.reply == MAILBOX_UNAVAILABLE
    assert (bench.committer.record.at, bench.committer.record.faults) == (str(root / path), 1)
    assert list(root.iterdir()) == []
    root.rmdir()
    (tmp_path / "unmounted").rename(root)
    bench.clock.advance(FRESH + 0.01)
    assert desk.find(root / path) == str(root / path)


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
