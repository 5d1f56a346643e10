"""Content as it comes: bounded in memory, whole on the disk, and nothing kept for nothing."""

import gc
import os
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.message.content import Content, Memory
from gomail.reply import HEADER_TOO_BIG, Refused
from tests.message.disk import PACKET, SMALL, Disk, written


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


def test_refused_header_keeps_no_memory(disk: Disk, memory: Memory, tmp_path: Path) -> None:
    """What was refused is not counted as kept."""
    content = Content(Limits(header_size=10), memory, disk, str(tmp_path))
    content.take(b"A: b\r\n")
    with pytest.raises(Refused) as refused:
        content.take(b"B: 0123456789")
    assert refused.value.reply == HEADER_TOO_BIG
    assert memory.used == len(b"A: b\n")
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
