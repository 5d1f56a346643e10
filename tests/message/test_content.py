"""Content as it comes: bounded in memory, whole on the disk, and nothing kept for nothing."""

import errno
import gc
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.message.content import Content, Memory
from gomail.reply import HEADER_TOO_BIG, Refused
from gomail.smtp.deadline import deferred_of
from tests.delivery.bench import open_files

SMALL = Limits(content_in_memory=100, unwritten=300)
PACKET = b"\r\n" + b"x" * 62


class Disk:
    """A thread for what blocks that works when it is told to, in the order of the calls."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self.waiting: list[tuple[Callable[[], object], Deferred[Any]]] = []

    def __call__(self, function: Callable[..., object], *arguments: object) -> Deferred[Any]:
        """Take a job."""
        done: Deferred[Any] = Deferred()
        self.waiting.append((lambda: function(*arguments), done))
        return done

    def work(self, most: int = 1_000_000) -> None:
        """Do what waits, or the first few of it."""
        jobs, self.waiting = self.waiting[:most], self.waiting[most:]
        for work, done in jobs:
            try:
                done.callback(work())
            except OSError:
                done.errback(Failure())


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Memory that is all given back in the end, whatever a test did."""
    memory = Memory(DEFAULT_LIMITS.memory)
    yield memory
    assert memory.used == 0


@pytest.fixture
def disk(memory: Memory) -> Iterator[Disk]:  # noqa: ARG001 - which is counted last
    """A disk that has done everything it was asked for in the end, before memory is counted."""
    disk = Disk()
    yield disk
    disk.work()


def written(content: Content, folder: Path) -> bytes:
    """Write the content to a file, and give what is in it."""
    path = folder / "file"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        content.write_to(fd)
    finally:
        os.close(fd)
    return path.read_bytes()


def test_small_content_stays_in_memory(disk: Disk, memory: Memory, tmp_path: Path) -> None:
    """A small message touches the disk once: in its mailbox."""
    content = Content(DEFAULT_LIMITS, memory, disk, str(tmp_path))
    assert content.take(b"A: b\r\n\r\n") is None
    assert content.take(b"body\r\n") is None
    content.end()
    assert memory.used == content.size == len(b"A: b\n\nbody\n")
    assert written(content, tmp_path) == b"A: b\n\nbody\n"
    assert disk.waiting == []
    content.close()
    content.close()


def test_nul_and_cr_are_kept_and_bare_lf_is_counted(
    disk: Disk, memory: Memory, tmp_path: Path
) -> None:
    """Octets that have no business in mail are stored as they came; bare LF are counted."""
    content = Content(DEFAULT_LIMITS, memory, disk, str(tmp_path))
    content.take(b"\r\n\0\r")
    content.take(b"\rx\n\n\xff\r\n\r")
    content.end()
    assert content.bare_newlines == 2
    assert written(content, tmp_path) == b"\n\0\r\rx\n\n\xff\n\r"
    content.close()


@settings(deadline=None)
@given(st.lists(st.binary(max_size=150)), st.lists(st.integers(0, 3)))
def test_any_content_is_stored_whole(pieces: list[bytes], turns: list[int]) -> None:
    """Memory or spool file, slow disk or quick one: what is stored is what came."""
    memory, disk = Memory(10_000), Disk()
    content = Content(replace(SMALL, header_size=10**6), memory, disk, tempfile.gettempdir())
    for number, piece in enumerate(pieces):
        content.take(piece)
        disk.work(turns[number % len(turns)] if turns else 1)
    content.end()
    disk.work()
    read, write = os.pipe()
    source = os.fdopen(read, "rb")
    content.write_to(write)
    os.close(write)
    with source:
        stored = source.read()
    assert stored == b"".join(pieces).replace(b"\r\n", b"\n")
    assert content.size == len(stored)
    content.close()
    disk.work()
    assert memory.used == 0


def test_e10_memory_is_bounded_while_the_disk_keeps_up(
    disk: Disk, memory: Memory, tmp_path: Path
) -> None:
    """A big message takes the memory of a small one, as long as the disk takes it."""
    content = Content(SMALL, memory, disk, str(tmp_path))
    for _ in range(1000):
        assert content.take(PACKET) is None
        assert memory.used <= SMALL.content_in_memory + len(PACKET)
        disk.work()
    content.end()
    disk.work()
    assert memory.used == 0
    assert written(content, tmp_path) == PACKET.replace(b"\r\n", b"\n") * 1000
    content.close()


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


def test_content_spools_at_once_over_the_budget(disk: Disk, tmp_path: Path) -> None:
    """When all unfinished messages hold too much memory, small ones go to the disk, too."""
    memory = Memory(10)
    content = Content(DEFAULT_LIMITS, memory, disk, str(tmp_path))
    assert content.take(b"0123456789") is None
    assert disk.waiting == []
    assert content.take(b"x") is None
    assert len(disk.waiting) == 1
    disk.work()
    assert memory.used == 0
    content.take(b"in memory")
    content.end()
    disk.work()
    assert written(content, tmp_path) == b"0123456789xin memory"
    content.close()


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


def test_refused_header_keeps_no_memory(disk: Disk, memory: Memory, tmp_path: Path) -> None:
    """What was refused is not counted as kept."""
    content = Content(Limits(header_size=10), memory, disk, str(tmp_path))
    content.take(b"A: b\r\n")
    with pytest.raises(Refused) as refused:
        content.take(b"B: 0123456789")
    assert refused.value.reply == HEADER_TOO_BIG
    assert memory.used == len(b"A: b\n")
    content.close()


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


def test_spooled_content_becomes_a_message_once(disk: Disk, memory: Memory, tmp_path: Path) -> None:
    """Further copies are made of it; what is in memory has to be written anyhow."""
    content = Content(SMALL, memory, disk, str(tmp_path), lambda: 6)
    content.take(b"\r\n" + b"x" * 200)
    assert content.complete(b"trace\n") is None
    content.end()
    disk.work()
    assert content.complete(b"other trace\n") is None
    fd = content.complete(b"trace\n")
    assert fd is not None
    assert os.pread(fd, 1000, 0) == b"trace\n\n" + b"x" * 200
    assert content.complete(b"trace\n") is None
    assert written(content, tmp_path) == b"\n" + b"x" * 200
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


class Owner:
    """Who has a content, and tells it what is going to stand on top."""

    def __init__(self, disk: Disk, memory: Memory, folder: Path) -> None:
        self.content = Content(SMALL, memory, disk, str(folder), self.above)

    def above(self) -> int:
        """Tell how much that is."""
        return 0


def test_closed_content_does_not_wait_for_the_garbage_collector(
    disk: Disk, memory: Memory, tmp_path: Path
) -> None:
    """Each message has one, and what it was for is gone as soon as nobody needs it."""
    owner = Owner(disk, memory, tmp_path)
    owner.content.take(PACKET * 2)
    disk.work()
    gone = weakref.ref(owner)
    gc.disable()
    try:
        owner.content.close()
        del owner
        assert gone() is None
    finally:
        gc.enable()


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
