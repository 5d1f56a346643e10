"""How much room the disk has, asked before a transaction begins."""

import errno
import os
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from gomail.answers import is_later
from gomail.delivery.room import FRESH, LEAST_INODES, RENEW, Room
from gomail.reply import DISK_FULL, LOCAL_ERROR, MAILBOX_UNAVAILABLE, Refused, Reply
from tests.delivery.bench import Bench

PLENTY = {"f_bavail": 100, "f_frsize": 4096, "f_files": 10**6, "f_favail": 10**6}


class Disk:
    """A disk of which a test says how full it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin with 100 free blocks."""
        self.facts: dict[str, int] = dict(PLENTY)
        self.error: Exception | None = None
        self.asked = 0
        monkeypatch.setattr(os, "statvfs", self._statvfs)

    def _statvfs(self, _: str) -> SimpleNamespace:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return SimpleNamespace(**self.facts)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk with 100 free blocks of 4 KiB."""
    return Disk(monkeypatch)


@pytest.fixture
def room(bench: Bench, disk: Disk) -> Room:  # noqa: ARG001 - it is the disk that is asked
    """The room on it, of which 9,600 octets stay free: 400,000 may be written."""
    return Room(bench.committer, bench.clock, "/srv/mail", reserve=9_600)


def find(bench: Bench, room: Room, size: int) -> None:
    """Ask for room, as the reception does."""
    answer = room.find(size)
    if is_later(answer):
        bench.wait(answer)  # type: ignore[arg-type]


def refused(bench: Bench, room: Room, size: int) -> Refused:
    """Give the refusal of a message of that size."""
    with pytest.raises(Refused) as refused:
        find(bench, room, size)
    return refused.value


def test_e12_message_that_does_not_fit_is_deferred(bench: Bench, room: Room) -> None:
    """A full disk defers mail before it is sent, and leaves its reserve alone."""
    find(bench, room, 400_000)
    refusal = refused(bench, room, 400_001)
    assert refusal.reply == DISK_FULL
    assert refusal.reason == "409601 octets are wanted on the disk of /srv/mail, 409600 are free"


def test_e12_disk_without_inodes_is_full(bench: Bench, room: Room, disk: Disk) -> None:
    """Blocks are no use where no file can be made."""
    disk.facts["f_favail"] = LEAST_INODES - 1
    assert refused(bench, room, 0).reply == DISK_FULL
    disk.facts["f_favail"] = LEAST_INODES
    bench.clock.advance(FRESH + 0.01)
    find(bench, room, 0)


def test_file_system_that_counts_no_inodes_has_enough(bench: Bench, room: Room, disk: Disk) -> None:
    """On btrfs 0 of 0 inodes are free."""
    disk.facts |= {"f_files": 0, "f_favail": 0}
    find(bench, room, 0)


def test_disk_is_asked_once_a_second(bench: Bench, room: Room, disk: Disk) -> None:
    """Under load every MAIL but one a second is answered from memory, full or not."""
    for _ in range(1000):
        find(bench, room, 0)
    assert disk.asked == 1
    disk.facts["f_bavail"] = 0
    bench.clock.advance(FRESH)
    find(bench, room, 0)
    bench.clock.advance(0.01)
    assert refused(bench, room, 0).reply == DISK_FULL
    assert refused(bench, room, 0).reply == DISK_FULL
    assert disk.asked == 2


@pytest.mark.parametrize(
    ("number", "reply"),
    [
        (errno.ENOENT, MAILBOX_UNAVAILABLE),
        (errno.EIO, MAILBOX_UNAVAILABLE),
        (errno.EMFILE, LOCAL_ERROR),
    ],
)
def test_r8_disk_that_does_not_answer_defers_mail(
    bench: Bench, room: Room, disk: Disk, number: int, reply: Reply
) -> None:
    """A disk that is not there is asked again by the next message."""
    disk.error = OSError(number, os.strerror(number))
    refusal = refused(bench, room, 0)
    assert (refusal.reply, refusal.reason.split(":")[0]) == (reply, "/srv/mail")
    disk.error = None
    find(bench, room, 0)


def test_real_disk_is_asked(bench: Bench) -> None:
    """The figures are those of the file system."""
    room = Room(bench.committer, bench.clock, "/", reserve=0)
    find(bench, room, 0)
    assert refused(bench, room, 1 << 70).reply == DISK_FULL


def test_e6_fault_of_the_system_defers_for_a_moment(bench: Bench, room: Room, disk: Disk) -> None:
    """What every delivery would meet is told at MAIL already, until the disk is asked again."""
    find(bench, room, 0)
    room.defer(Refused(LOCAL_ERROR, "/srv/mail/bob: Too many open files"))
    refusal = refused(bench, room, 0)
    assert refusal.reply == LOCAL_ERROR
    assert refusal.reason == "/srv/mail/bob: Too many open files"
    bench.clock.advance(FRESH + 0.01)
    find(bench, room, 0)
    assert disk.asked == 2


@pytest.mark.parametrize("lacking", ["f_bavail", "f_favail"])
def test_e12_full_disk_is_full_without_a_reserve(bench: Bench, disk: Disk, lacking: str) -> None:
    """Where nothing is to stay free, and nothing is, even a message of unknown size waits."""
    room = Room(bench.committer, bench.clock, "/srv", reserve=0)
    disk.facts[lacking] = 0
    assert refused(bench, room, 0).reply == DISK_FULL


def test_last_octet_counts_without_a_reserve(bench: Bench, disk: Disk) -> None:
    """What is free may be used, down to the last of it."""
    room = Room(bench.committer, bench.clock, "/srv", reserve=0)
    disk.facts |= {"f_frsize": 1, "f_bavail": 1}
    find(bench, room, 0)
    find(bench, room, 1)
    assert refused(bench, room, 2).reply == DISK_FULL


def asked(room: Room, size: int) -> Deferred[Any]:
    """Ask for room while the disk has to be asked."""
    return Deferred.fromCoroutine(room.find(size))  # type: ignore[arg-type]  # where it has to ask


def test_sessions_that_come_while_the_disk_is_asked_wait_for_its_answer(
    bench: Bench, room: Room, disk: Disk
) -> None:
    """The disk is asked once for all of them, and each message is judged by its own size."""
    heard: list[Any] = []
    for size in (0, 400_001, 400_000, 1 << 40):
        asked(room, size).addBoth(heard.append)
    bench.backdoor.pump()
    assert [each and each.value.reply for each in heard] == [None, DISK_FULL, None, DISK_FULL]
    assert "1099511637376 octets are wanted" in heard[3].value.reason
    assert disk.asked == 1


def test_each_session_that_waits_has_a_refusal_of_its_own(
    bench: Bench, room: Room, disk: Disk
) -> None:
    """A disk that is not there refuses them all, once each."""
    disk.error = OSError(errno.EIO, "Input/output error")
    heard: list[Any] = []
    for _ in range(3):
        asked(room, 0).addErrback(heard.append)
    bench.backdoor.pump()
    assert [each.value.reply for each in heard] == [MAILBOX_UNAVAILABLE] * 3
    assert len({id(each.value) for each in heard}) == 3


def test_session_that_waits_no_longer_takes_the_answer_from_nobody(
    bench: Bench, room: Room, disk: Disk
) -> None:
    """Each session has a deadline of its own."""
    first, second = asked(room, 0), asked(room, 0)
    first.addErrback(lambda failure: failure.trap(CancelledError))
    first.cancel()
    assert bench.wait(second) is None
    find(bench, room, 0)
    assert disk.asked == 1


def test_belief_is_renewed_behind_the_scenes(bench: Bench, room: Room, disk: Disk) -> None:
    """While mail comes, the disk is asked each half second, and no message waits for it."""
    find(bench, room, 0)
    for second in range(1, 5):
        bench.clock.advance(FRESH - RENEW - 0.01)
        assert room.find(0) is None
        assert disk.asked == second, "it is fresh"
        bench.clock.advance(0.01)
        for _ in range(100):
            assert room.find(0) is None
        bench.backdoor.pump()
        assert disk.asked == second + 1
    disk.facts["f_bavail"] = 0
    bench.clock.advance(FRESH - RENEW)
    assert room.find(0) is None, "as it was less than a second ago"
    bench.backdoor.pump()
    assert refused(bench, room, 0).reply == DISK_FULL


def test_r8_disk_that_fails_behind_the_scenes_is_asked_again_in_time(
    bench: Bench, room: Room, disk: Disk
) -> None:
    """What was known stays so until its second is over; the next message hears the disk."""
    find(bench, room, 0)
    disk.error = OSError(errno.EIO, "Input/output error")
    bench.clock.advance(FRESH - RENEW)
    assert room.find(0) is None
    bench.backdoor.pump()
    bench.clock.advance(RENEW + 0.01)
    assert refused(bench, room, 0).reply == MAILBOX_UNAVAILABLE


def test_e6_answer_that_is_under_way_lifts_no_fault(bench: Bench, room: Room) -> None:
    """A delivery that fails while the disk is asked has the last word."""
    waiting = asked(room, 0)
    room.defer(Refused(LOCAL_ERROR))
    with pytest.raises(Refused) as caught:
        bench.wait(waiting)
    assert caught.value.reply == LOCAL_ERROR
    assert refused(bench, room, 0).reply == LOCAL_ERROR
    bench.clock.advance(FRESH + 0.01)
    find(bench, room, 0)


def test_fault_of_ours_is_no_belief(bench: Bench, room: Room, disk: Disk) -> None:
    """Whatever asking raises, the next session asks again."""
    disk.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        find(bench, room, 0)
    disk.error = None
    find(bench, room, 0)


def test_watch_sees_the_room_without_mail(bench: Bench, room: Room, disk: Disk) -> None:
    """Asked once a second, it has the disk asked every two, and never waits for an answer."""
    largest = 1000
    before = room.look(largest)
    assert before.free is None
    assert (before.reserve, before.plenty, before.fault) == (9_600, 10_600, "")
    bench.backdoor.pump()
    assert room.look(largest).free == 409_600
    for _ in range(10):
        bench.clock.advance(1)
        room.look(largest)
        if room._asking is not None:
            bench.backdoor.pump()
    assert disk.asked == 6


def test_watch_sees_a_disk_that_fills_and_is_freed(bench: Bench, room: Room, disk: Disk) -> None:
    """At most two looks later."""

    def seen(blocks: int) -> None:
        disk.facts["f_bavail"] = blocks
        for _ in range(3):
            bench.clock.advance(1)
            room.look(0)
            if room._asking is not None:
                bench.backdoor.pump()
        assert room.look(0).free == blocks * 4096

    for blocks in (100, 0, 50):
        seen(blocks)


def test_r8_watch_sees_a_disk_that_is_not_there(bench: Bench, room: Room, disk: Disk) -> None:
    """And that it is back."""
    find(bench, room, 0)
    disk.error = OSError(errno.ENOENT, "No such file or directory")
    bench.clock.advance(2.5)
    room.look(0)
    bench.backdoor.pump()
    fault = "/srv/mail: No such file or directory"
    assert room.look(0) == (409_600, 9_600, 9_600, fault, "/srv/mail")
    bench.backdoor.pump()
    disk.error = None
    room.look(0)
    bench.backdoor.pump()
    assert room.look(0).fault == ""
