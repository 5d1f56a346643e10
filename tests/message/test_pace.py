"""Content that is faster than the disk, or than whoever looks at it: who waits for whom."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.message.content import Content, Memory
from gomail.smtp.deadline import deferred_of
from tests.delivery.bench import open_files
from tests.message.disk import PACKET, SMALL, Disk, written


def test_e10_slow_disk_makes_its_own_session_wait(
    disk: Disk, memory: Memory, tmp_path: Path
) -> None:
    """When too much is on its way to the disk, nothing more is taken until half of it is there."""
    content = Content(SMALL, memory, disk, str(tmp_path))
    waits = 0
    most = SMALL.unwritten + SMALL.content_in_memory + len(PACKET)
    for _ in range(1000):
        room = content.take(PACKET)
        assert memory.used <= most
        if room is not None:
            assert isinstance(room, Deferred)
            waits += 1
            while not room.called:
                disk.work(1)
            assert memory.used <= SMALL.unwritten // 2
    assert waits > 100
    content.close()


def test_waiting_for_the_disk_is_waiting_for_one_thing(
    disk: Disk, memory: Memory, tmp_path: Path
) -> None:
    """Content that comes all the same while the disk is slow waits for the same room."""
    content = Content(SMALL, memory, disk, str(tmp_path))
    room = content.take(b"\r\n" + b"x" * 400)
    assert isinstance(room, Deferred)
    assert content.take(b"y" * 200) is room
    disk.work(1)
    assert not room.called
    disk.work(1)
    assert room.called
    content.close()


def test_session_that_gave_up_waiting_is_not_told_twice(
    disk: Disk, memory: Memory, tmp_path: Path
) -> None:
    """A deadline that cancels the wait for the disk leaves nothing behind."""
    content = Content(SMALL, memory, disk, str(tmp_path))
    room = content.take(b"\r\n" + b"x" * 400)
    assert isinstance(room, Deferred)
    failures: list[Failure] = []
    room.addErrback(failures.append)
    room.cancel()
    content.close()
    disk.work()
    assert failures[0].check(CancelledError)


def test_message_that_lies_still_makes_nobody_wait(disk: Disk, tmp_path: Path) -> None:
    """Clients that stop in the middle hold memory, and the others go on by way of the disk."""
    memory = Memory(10)
    still = Content(DEFAULT_LIMITS, memory, disk, str(tmp_path))
    still.take(b"0123456789")
    other = Content(DEFAULT_LIMITS, memory, disk, str(tmp_path))
    for _ in range(1000):
        assert other.take(b"x\r\n" * 30 + b"\r\n") is None
        disk.work()
    assert memory.used == 10
    other.close()
    still.close()
    assert memory.used == 0


def test_close_while_octets_are_on_their_way(disk: Disk, memory: Memory, tmp_path: Path) -> None:
    """A client that leaves in the middle of a big message leaves nothing in memory or on disk."""
    files = open_files()
    content = Content(SMALL, memory, disk, str(tmp_path))
    for _ in range(4):
        content.take(PACKET)
    disk.work(1)
    assert (open_files() - files).total() == 1
    for _ in range(5):
        content.take(PACKET)
    content.close()
    assert memory.used > 0
    disk.work()
    assert memory.used == 0
    assert not open_files() - files
    assert list(tmp_path.iterdir()) == []


def test_fault_of_the_disk_is_told_to_whoever_writes_the_file(
    disk: Disk, memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk stops nobody in the middle; the verdict follows at the end."""
    content = Content(SMALL, memory, disk, str(tmp_path))
    content.take(b"\r\n" + b"x" * 200)
    monkeypatch.setattr(
        os, "writev", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full"))
    )
    disk.work()
    monkeypatch.undo()
    content.take(b"x" * 200)
    content.end()
    disk.work()
    assert memory.used == 0
    with pytest.raises(OSError, match="full"):
        written(content, tmp_path)
    content.close()


def test_e10_octets_on_their_way_are_bounded_for_all_together(
    disk: Disk, memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many big messages at once each waits for its own octets, and none for another's."""
    monkeypatch.setattr("gomail.message.content.MOST_UNWRITTEN", 500)
    contents = [Content(SMALL, memory, disk, str(tmp_path)) for _ in range(10)]
    rooms = [content.take(b"\r\n" + b"x" * 200) for content in contents]
    assert [room is not None for room in rooms] == [False] * 2 + [True] * 8
    for number, room in enumerate(rooms):
        disk.work(1)
        assert room is None or (isinstance(room, Deferred) and room.called), number
    assert memory.unwritten == 0
    for content in contents:
        content.close()


class Looks:
    """Looks at content, and takes its time."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.seen = b""
        self.ready: Deferred[None] = Deferred()

    def header(self, block: bytes) -> Sequence[tuple[int, int]]:
        """Take all of it."""
        self.seen += block
        return ()

    def body(self, octets: bytes) -> Deferred[None]:
        """Take the octets, and answer when that is wanted."""
        self.seen += octets
        return self.ready


@pytest.mark.parametrize("limits", [SMALL, DEFAULT_LIMITS], ids=["spooled", "in memory"])
def test_sender_waits_for_whoever_looks_and_for_the_disk(
    tmp_path: Path, memory: Memory, disk: Disk, limits: Limits
) -> None:
    """Both have to be as far: neither a slow disk nor a slow witness fills memory."""
    looks = Looks()
    content = Content(limits, memory, disk, str(tmp_path), witness=looks)
    answer = content.take(b"A: 1\r\n\r\n" + PACKET * 10)
    assert looks.seen == b"A: 1\n" + PACKET.replace(b"\r", b"") * 10
    assert answer is not None
    waiting = deferred_of(answer)
    assert not waiting.called
    if limits is SMALL:
        looks.ready.callback(None)
        assert not waiting.called
        disk.work()
    else:
        assert disk.waiting == []
        looks.ready.callback(None)
    assert waiting.called
    content.end()
    disk.work()
    assert written(content, tmp_path) == b"A: 1\n\n" + PACKET.replace(b"\r", b"") * 10
    content.close()
