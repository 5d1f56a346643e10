"""Spool files: nameless, whole or known not to be, on every kind of disk."""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.message.spool import Spool, write_all
from tests.delivery.bench import no_file_left_open

OCTETS = bytes(range(256)) * 40


def copied(spool: Spool, folder: Path, before: bytes = b"") -> bytes:
    """Copy the spool file behind *before*, and give the whole file."""
    path = folder / "copy"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(fd, before)
        spool.copy_to(fd)
    finally:
        os.close(fd)
    octets = path.read_bytes()
    path.unlink()
    return octets


def failing(number: int) -> Callable[..., int]:
    """Stand for a system call that fails."""

    def call(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return call


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A spool file, closed in the end."""
    spool = Spool(str(tmp_path))
    yield spool
    spool.close()


@settings(deadline=None)
@given(st.lists(st.binary(max_size=50)), st.integers(1, 7))
def test_short_writes_are_continued(pieces: list[bytes], most: int) -> None:
    """A disk that takes a few octets at a time gets all of them."""
    taken = bytearray()

    def write(_: int, parts: Sequence[bytes | memoryview]) -> int:
        octets = b"".join(parts)[:most]
        taken.extend(octets)
        return len(octets)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "writev", write)
        assert write_all(1, *pieces) == len(b"".join(pieces))
    assert bytes(taken) == b"".join(pieces)


def test_nothing_is_made_before_the_first_write(spool: Spool, tmp_path: Path) -> None:
    """A spool file that gets nothing costs the disk nothing."""
    spool.close()
    assert spool._fd == -1
    assert copied(spool, tmp_path) == b""


def test_spool_file_has_no_name(spool: Spool, tmp_path: Path) -> None:
    """However the process ends, nothing of an unfinished message stays on the disk."""
    spool.write(OCTETS)
    assert list(tmp_path.iterdir()) == []
    status = os.fstat(spool._fd)
    assert (status.st_nlink, stat.S_IMODE(status.st_mode)) == (0, 0o600)


def test_copies_are_whole_and_stand_behind_the_trace(spool: Spool, tmp_path: Path) -> None:
    """Several mailboxes get the same octets from one spool file."""
    spool.write(OCTETS)
    spool.write(b"end")
    assert spool.size == len(OCTETS) + 3
    for before in (b"", b"trace\n", b"another\n"):
        assert copied(spool, tmp_path, before) == before + OCTETS + b"end"


@pytest.mark.parametrize(
    "number", [errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM]
)
def test_disk_that_cannot_copy_by_itself_is_read_and_written(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Spool file and Maildir may lie on different file systems, or on old ones."""
    monkeypatch.setattr(os, "copy_file_range", failing(number))
    spool.write(OCTETS)
    assert copied(spool, tmp_path, b"trace\n") == b"trace\n" + OCTETS


def test_system_without_copy_file_range_is_served(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The BSDs and macOS have no copy_file_range."""
    monkeypatch.delattr(os, "copy_file_range")
    monkeypatch.setattr("gomail.message.spool._PIECE", 1000)
    spool.write(OCTETS)
    assert copied(spool, tmp_path) == OCTETS


def test_short_copies_are_continued(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that copies a piece at a time, and then nothing at all, is helped along."""
    copy = os.copy_file_range
    counts = iter([1000, 1, 0, 77])

    def short(source: int, target: int, count: int, *, offset_src: int) -> int:
        most = next(counts, count)
        return copy(source, target, min(most, count), offset_src=offset_src) if most else 0

    monkeypatch.setattr(os, "copy_file_range", short)
    spool.write(OCTETS)
    assert copied(spool, tmp_path, b"x") == b"x" + OCTETS


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_disk_that_fails_while_it_copies_says_so(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A real fault is no reason to try another way."""
    monkeypatch.setattr(os, "copy_file_range", failing(number))
    spool.write(OCTETS)
    with pytest.raises(OSError, match=os.strerror(number)):
        copied(spool, tmp_path)


def test_spool_file_that_became_shorter_is_noticed(spool: Spool, tmp_path: Path) -> None:
    """A disk that forgets octets costs a retry, never a cut message."""
    spool.write(OCTETS)
    os.ftruncate(spool._fd, 100)
    with pytest.raises(OSError, match="shorter"):
        copied(spool, tmp_path)


def test_content_is_read_once_more(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """From anywhere, and no further than its end; what is not whole is not given."""
    spool.write(OCTETS)
    spool.write(b"end")
    assert spool.read(0, 10) == OCTETS[:10]
    assert spool.read(len(OCTETS) - 1, 1000) == OCTETS[-1:] + b"end"
    assert spool.read(spool.size, 1000) == b""
    os.ftruncate(spool._fd, 100)
    with pytest.raises(OSError, match="shorter"):
        spool.read(200, 10)
    monkeypatch.setattr(os, "writev", failing(errno.ENOSPC))
    spool.write(b"more")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        spool.read(0, 10)


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL])
def test_disk_without_nameless_files_has_a_named_one_unlinked(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """NFS and old kernels have no O_TMPFILE: the name lives for an instant."""
    real = os.open

    def opened(path: str, flags: int, mode: int = 0o777, **where: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(number, os.strerror(number))
        return real(path, flags, mode, **where)

    monkeypatch.setattr(os, "open", opened)
    spool.write(OCTETS)
    assert list(tmp_path.iterdir()) == []
    assert copied(spool, tmp_path) == OCTETS


def test_system_without_nameless_files_is_served(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The BSDs and macOS have no O_TMPFILE."""
    monkeypatch.delattr(os, "O_TMPFILE")
    spool.write(OCTETS)
    assert list(tmp_path.iterdir()) == []
    assert copied(spool, tmp_path) == OCTETS


def test_r21_spool_file_that_keeps_its_name_is_not_left_open(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a disk has no nameless files, and the name can't be removed either, it is an error."""
    with no_file_left_open(), monkeypatch.context() as patch:
        patch.delattr(os, "O_TMPFILE")
        patch.setattr(os, "unlink", failing(errno.EROFS))
        spool.write(OCTETS)
    assert spool.error is not None
    assert spool.error.errno == errno.EROFS
    assert spool._fd == -1


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EROFS, errno.ENOSPC])
def test_spool_file_that_cannot_be_made_is_told_at_the_end(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """While content comes nobody can be told; whoever wants it whole is."""
    monkeypatch.setattr(os, "open", failing(number))
    spool.write(OCTETS)
    monkeypatch.undo()
    spool.write(b"more")
    assert spool.size == 0
    for _ in range(2):
        with pytest.raises(OSError, match=os.strerror(number)):
            copied(spool, tmp_path)


def test_first_error_of_a_write_is_kept(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written after an error changes nothing: the content is not whole."""
    spool.write(OCTETS)
    monkeypatch.setattr(os, "writev", failing(errno.ENOSPC))
    spool.write(OCTETS)
    monkeypatch.undo()
    spool.write(OCTETS)
    assert spool.error is not None
    assert spool.error.errno == errno.ENOSPC
    assert spool.size == len(OCTETS)
    with pytest.raises(OSError, match="No space"):
        copied(spool, tmp_path)
    spool.close()
    assert spool._fd == -1


def test_spool_file_becomes_the_message(tmp_path: Path) -> None:
    """Trace fields that are as long as was foreseen stand on top; the content is not moved."""
    spool = Spool(str(tmp_path), above=6)
    spool.write(OCTETS)
    assert spool.complete(b"trace\nx") == -1
    fd = spool.complete(b"trace\n")
    assert os.pread(fd, len(OCTETS) + 100, 0) == b"trace\n" + OCTETS
    assert copied(spool, tmp_path, b"another\n") == b"another\n" + OCTETS
    spool.close()


def test_trace_fields_that_are_written_bit_by_bit_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes a few octets at a time gets all of them."""
    spool = Spool(str(tmp_path), above=6)
    spool.write(OCTETS)
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, octets, at: real(fd, octets[:4], at))
    assert os.pread(spool.complete(b"trace\n"), 6, 0) == b"trace\n"
    spool.close()


def test_what_is_not_whole_becomes_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault from the time when the content came is told in the end; nothing at all is none."""
    spool = Spool(str(tmp_path))
    assert spool.complete(b"") == -1
    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", failing(errno.ENOSPC))
        spool.write(OCTETS)
    with pytest.raises(OSError, match="No space"):
        spool.complete(b"")
    spool.close()


def test_disk_begins_while_the_content_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a big message little is left to be written when its end has come."""
    begun: list[tuple[int, int]] = []
    monkeypatch.setattr("gomail.message.spool._WRITE_BACK", 3 * len(OCTETS))
    monkeypatch.setattr(
        os, "posix_fadvise", lambda _, offset, size, __: begun.append((offset, size))
    )
    spool = Spool(str(tmp_path), above=6)
    for _ in range(8):
        spool.write(OCTETS)
    spool.close()
    assert begun == [(6, 3 * len(OCTETS)), (6 + 3 * len(OCTETS), 3 * len(OCTETS))]
