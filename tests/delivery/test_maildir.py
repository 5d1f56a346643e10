"""A Maildir as the one who delivers sees it: whose files these are, and what is written there."""

import errno
import fcntl
import os
from mailbox import Maildir as Reader
from pathlib import Path
from types import SimpleNamespace

import pytest

from gomail.delivery.maildir import Maildir, Ownership
from gomail.message.spool import write_all
from tests.delivery.bench import (
    SHARED,
    deliver,
    left_over,
    maildirs,
    messages,
    mode,
    no_file_left_open,
    path_of,
)


def full(maildir: Path) -> None:
    """Stand for a function that meets a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(maildir))


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_private_mail_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    """Folders are 0700 and files 0600, whatever the umask."""
    before = os.umask(mask)
    try:
        (path,) = maildirs(tmp_path, "alice")
        maildir = Maildir(str(path))
        name = deliver(maildir, b"text\n")
        maildir.close()
    finally:
        os.umask(before)
    assert [mode(path / folder) for folder in ("", "tmp", "new", "cur")] == [0o700] * 4
    assert mode(path / "new" / name) == 0o600


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_shared_mail_is_its_groups_too(tmp_path: Path, mask: int) -> None:
    """With a group, folders are 2770 and files 0660, whatever the umask."""
    before = os.umask(mask)
    try:
        (path,) = maildirs(tmp_path, "alice", ownership=SHARED)
        maildir = Maildir(str(path), SHARED)
        name = deliver(maildir, b"text\n")
        maildir.close()
    finally:
        os.umask(before)
    assert [mode(path / folder) for folder in ("", "tmp", "new", "cur")] == [0o2770] * 4
    assert mode(path / "new" / name) == 0o660


@pytest.mark.needs_root
def test_group_is_handed_on_to_what_is_delivered(tmp_path: Path) -> None:
    """Dovecot, in that group, can read each message."""
    group = Ownership(group=12)
    (path,) = maildirs(tmp_path, "alice", ownership=group)
    maildir = Maildir(str(path), group)
    name = deliver(maildir, b"text\n")
    maildir.close()
    made = [each.stat() for each in (path, path / "new", path / "new" / name)]
    assert [(each.st_uid, each.st_gid) for each in made] == [(os.getuid(), 12)] * 3


def test_readers_find_the_message(alice: Path) -> None:
    """Python's mailbox lists and reads what was delivered, and its name tells the size."""
    maildir = Maildir(str(alice))
    name = deliver(maildir, b"Subject: hello\n\nbody\n")
    maildir.close()
    assert name.endswith(",S=21")
    (message,) = Reader(alice, create=False)
    assert message["Subject"] == "hello"
    assert left_over(alice) == []


@pytest.mark.parametrize("size", [3, 5])
def test_r5_file_of_another_size_is_no_message(alice: Path, size: int) -> None:
    """A file that is shorter or longer than the message is thrown away."""
    maildir = Maildir(str(alice))
    with no_file_left_open(), pytest.raises(OSError, match="4 octets were written") as raised:
        maildir.stage("h", lambda fd: write_all(fd, b"text"), size)
    maildir.close()
    # It is no error that the system knows; the log has its text.
    told = f"4 octets were written instead of {size}"
    assert (raised.value.errno, raised.value.strerror) == (0, told)
    assert left_over(alice) == []


def test_aborted_message_leaves_nothing(alice: Path) -> None:
    """Until it is committed a message can be given up without a trace."""
    maildir = Maildir(str(alice))
    with no_file_left_open():
        staged = maildir.stage("h", lambda fd: write_all(fd, b"text"), 4)
        assert left_over(alice) == [staged.name.removesuffix(",S=4")]
        staged.abort()
    maildir.close()
    assert not left_over(alice)
    assert not messages(alice)


def test_file_is_closed_once(alice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tidying up after it was closed closes no other file, nor the server's output."""
    maildir = Maildir(str(alice))
    staged = maildir.stage("h", lambda fd: write_all(fd, b"text"), 4)
    staged.close()
    closed: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "close", closed.append)
        staged.abort()
    maildir.close()
    assert closed == []
    assert left_over(alice) == []


def test_probe_writes_and_leaves_nothing(alice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mailbox that can make files, but keep none, is still broken."""
    flushed: list[int] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        flushed.append(os.fstat(fd).st_size)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    maildir = Maildir(str(alice))
    with no_file_left_open():
        maildir.probe()
        assert len(flushed) == 1
        assert flushed[0] > 0
        monkeypatch.setattr(os, "fsync", lambda _: full(alice))
        with pytest.raises(OSError, match="No space"):
            maildir.probe()
    maildir.close()
    assert not left_over(alice)
    assert not messages(alice)


def test_system_without_fadvise_is_served(alice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS there is no posix_fadvise; it is advice, no more."""
    monkeypatch.delattr(os, "posix_fadvise")
    maildir = Maildir(str(alice))
    deliver(maildir, b"text\n")
    maildir.close()
    assert messages(alice) == [b"text\n"]


def test_macos_is_asked_for_more_than_fsync(alice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS fsync stops at the drive's cache: F_FULLFSYNC goes on to the disk."""
    flushed: list[tuple[str, int]] = []
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", lambda fd, what: flushed.append((path_of(fd), what)))
    monkeypatch.setattr(os, "fsync", full)
    maildir = Maildir(str(alice))
    name = deliver(maildir, b"text\n")
    maildir.close()
    stem = name.removesuffix(",S=5")
    assert flushed == [(str(alice / "tmp" / stem), 51), (str(alice / "new"), 51)]


def test_healthy_maildir_passes_the_check(alice: Path) -> None:
    """Where files can be made, nothing is said."""
    maildir = Maildir(str(alice))
    maildir.check()
    maildir.close()


@pytest.mark.parametrize("folder", ["tmp", "new"])
def test_folder_without_the_right_to_write_is_named(
    alice: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """Missing rights are found at RCPT, by reading them."""
    monkeypatch.setattr(
        os, "access", lambda *_, dir_fd, **__: path_of(dir_fd) != str(alice / folder)
    )
    maildir = Maildir(str(alice))
    with pytest.raises(PermissionError, match=f"may not be written to: '{alice}/{folder}'") as no:
        maildir.check()
    assert no.value.errno == errno.EACCES
    maildir.close()


@pytest.mark.needs_root
def test_rights_are_those_that_the_server_has_by_now(alice: Path) -> None:
    """It has dropped root's, which the process may still have in reserve."""
    for folder in ("tmp", "new"):  # which others may enter, but not write to
        (alice / folder).chmod(0o755)
    maildir = Maildir(str(alice))
    os.seteuid(65534)
    try:
        with pytest.raises(PermissionError, match="may not be written to"):
            maildir.check()
    finally:
        os.seteuid(0)
    maildir.close()


def test_r8_disk_that_may_only_be_read_is_told_from_a_missing_right(
    alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the disk's fault, and everybody's concern."""
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(os, "fstatvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    maildir = Maildir(str(alice))
    with pytest.raises(OSError, match=f"Read-only file system: '{alice}/tmp'") as raised:
        maildir.check()
    assert raised.value.errno == errno.EROFS
    maildir.close()
