"""A Maildir as the one who delivers sees it: whose files these are, and where none leads away."""

import errno
import fcntl
import os
import re
import resource
import shutil
import stat
import time
from mailbox import Maildir as Reader
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.delivery import maildir as module
from gomail.delivery.folder import make
from gomail.delivery.maildir import (
    STALE,
    Maildir,
    Ownership,
    unique_name,
)
from gomail.message.spool import write_all
from tests.delivery.bench import left_over, maildirs, messages, no_file_left_open, path_of

SHARED = Ownership(group=os.getgid())


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    """The Maildir of alice."""
    return maildirs(tmp_path, "alice")[0]


def deliver(maildir: Maildir, octets: bytes, host: str = "mx.here.example") -> str:
    """Deliver one message, and give its name."""
    staged = maildir.stage(host, lambda fd: write_all(fd, octets), len(octets))
    staged.start_writing()
    staged.flush()
    staged.commit()
    maildir.flush()
    staged.abort()
    return staged.name


def mode(path: Path) -> int:
    """Give the mode of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


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


def test_n7_ten_thousand_names_under_a_frozen_clock_are_unique(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clock that stands, or goes back, gives no name twice."""
    monkeypatch.setattr(time, "time_ns", lambda: 1_645_409_953_000_007_000)
    names = {unique_name("mx.here.example", "0") for _ in range(10_000)}
    assert len(names) == 10_000
    prefix = f"1645409953.M000007P{os.getpid()}Q"
    assert all(name.startswith(prefix) for name in names)


def test_n7_twin_processes_give_different_names(
    alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot restored twice has the same clock, number and counter; chance tells it apart."""
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(module, "_sequence", iter([1, 1]))
    for _ in range(2):
        twin = Maildir(str(alice))
        deliver(twin, b"text\n")
        twin.close()
    assert messages(alice) == [b"text\n"] * 2


def test_host_name_makes_no_folder_and_no_flags() -> None:
    """Slash and colon mean something in a Maildir: names have them as maildir(5) says."""
    assert unique_name("a/b:c", "0").endswith(r".a\057b\072c")


@settings(deadline=None)
@given(st.text(max_size=80))
def test_n1_name_never_leaves_its_folder(host: str) -> None:
    """No host name makes a path of a message's name."""
    name = unique_name(host, "0")
    assert "/" not in name
    assert ":" not in name
    assert name[0].isdigit()


def test_n7_name_that_is_taken_is_never_written_over(
    alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should two names meet after all, the older message stays, in tmp/ and in new/."""
    monkeypatch.setattr(module, "unique_name", lambda *_: "same")
    maildir = Maildir(str(alice))
    name = deliver(maildir, b"older\n")
    staged = maildir.stage("h", lambda fd: write_all(fd, b"newer\n"), 6)
    with pytest.raises(FileExistsError):
        maildir.stage("h", lambda fd: write_all(fd, b"third\n"), 6)
    with pytest.raises(FileExistsError):
        staged.commit()
    staged.abort()
    maildir.close()
    assert (alice / "new" / name).read_bytes() == b"older\n"
    assert left_over(alice) == []


@pytest.mark.parametrize("folder", ["", "tmp", "new"])
@pytest.mark.parametrize("instead", ["link", "file", "nothing"])
def test_n6_strange_folder_is_refused(
    alice: Path, tmp_path: Path, folder: str, instead: str
) -> None:
    """Where a folder was replaced, by a symbolic link above all, nothing is delivered."""
    elsewhere = tmp_path / "etc"
    make(str(elsewhere))
    shutil.rmtree(alice / folder)
    if instead == "link":
        (alice / folder).symlink_to(elsewhere, target_is_directory=True)
    elif instead == "file":
        (alice / folder).touch()
    with no_file_left_open(), pytest.raises(OSError, match=r"irectory|symbolic"):
        Maildir(str(alice))


def test_n6_link_in_place_of_the_file_is_not_followed(
    alice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who guesses the name of a file in tmp/ leads no mail into another file."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    monkeypatch.setattr(module, "unique_name", lambda *_: "guessed")
    (alice / "tmp/guessed").symlink_to(secret)
    maildir = Maildir(str(alice))
    with no_file_left_open(), pytest.raises(FileExistsError):
        maildir.stage("h", lambda fd: write_all(fd, b"x"), 1)
    maildir.close()
    assert secret.read_bytes() == b"secret"


def test_n6_link_that_takes_the_place_of_the_file_is_not_followed(
    alice: Path, tmp_path: Path
) -> None:
    """Who may write to tmp/ has no file of ours delivered that they could not read."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    maildir = Maildir(str(alice))
    staged = maildir.stage("h", lambda fd: write_all(fd, b"text"), 4)
    (path,) = (alice / "tmp").iterdir()
    path.unlink()
    path.symlink_to(secret)
    staged.commit()
    staged.abort()
    maildir.close()
    assert secret.stat().st_nlink == 1


def test_n6_folders_swapped_during_a_delivery_change_nothing(alice: Path, tmp_path: Path) -> None:
    """What was opened once is where the mail goes."""
    maildir = Maildir(str(alice))
    (alice / "new").rename(tmp_path / "moved")
    (alice / "new").symlink_to("/etc")
    name = deliver(maildir, b"text\n")
    maildir.close()
    assert (tmp_path / "moved" / name).read_bytes() == b"text\n"
    assert not Path("/etc", name).exists()


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


def nameless(folder: Path, octets: bytes) -> int:
    """Make a file without a name."""
    fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    write_all(fd, octets)
    return fd


def test_file_without_a_name_becomes_a_message(alice: Path) -> None:
    """What was written before its name was known goes the way of all messages, with its mode."""
    maildir = Maildir(str(alice), SHARED)
    fd = nameless(alice / "tmp", b"text\n")
    with no_file_left_open():
        staged = maildir.adopt("h", fd, 5)
        assert staged is not None
        staged.flush()
        staged.commit()
        staged.abort()
    os.close(fd)
    assert messages(alice) == [b"text\n"]
    assert left_over(alice) == []
    assert mode(alice / "new" / staged.name) == 0o660
    maildir.close()
    assert re.fullmatch(r"\d+\.M\d{6}P\d+Q\d+R[0-9a-f]{16}\.h,S=5", staged.name)


def test_n1_file_of_elsewhere_is_not_adopted(alice: Path) -> None:
    """A file on another disk, or one that has lost its only name, has to be copied."""
    maildir = Maildir(str(alice))
    path = alice / "file"
    with path.open("wb") as file, no_file_left_open():
        path.unlink()
        assert maildir.adopt("h", file.fileno(), 0) is None
    assert left_over(alice) == []
    maildir.close()


def test_file_is_not_adopted_where_no_more_files_may_be_open(alice: Path) -> None:
    """No name is left in tmp/ then: each try of the sender would leave another."""
    maildir = Maildir(str(alice))
    fd = nameless(alice / "tmp", b"text")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(fd)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, most[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            maildir.adopt("h", fd, 4)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
    os.close(fd)
    assert left_over(alice) == []
    maildir.close()


def test_adopted_file_of_another_size_is_no_message(alice: Path) -> None:
    """It is compared as what is written here is."""
    maildir = Maildir(str(alice))
    fd = nameless(alice / "tmp", b"text")
    with no_file_left_open(), pytest.raises(OSError, match="4 octets were written instead of 5"):
        maildir.adopt("h", fd, 5)
    os.close(fd)
    assert left_over(alice) == []
    maildir.close()


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


def age(path: Path, seconds: float) -> Path:
    """Make a file that was last written so many seconds ago."""
    path.touch()
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_r1_only_what_is_older_than_36_hours_is_swept(alice: Path) -> None:
    """What a delivery left that died goes; what may still be written stays."""
    age(alice / "tmp/stale", 36 * 3600 + 5)
    age(alice / "tmp/older", STALE + 60)
    age(alice / "tmp/young", STALE - 60)
    age(alice / "new/mail", STALE + 60)
    age(alice / "cur/mail", STALE + 60)
    (alice / "tmp/folder").mkdir()
    os.utime(alice / "tmp/folder", (0, 0))
    maildir = Maildir(str(alice))
    with no_file_left_open():
        assert maildir.sweep(time.time()) == 2
    maildir.close()
    assert sorted(left_over(alice)) == ["folder", "young"]
    assert (alice / "new/mail").exists()
    assert (alice / "cur/mail").exists()


def test_sweep_follows_no_link(alice: Path, tmp_path: Path) -> None:
    """A link in tmp/ costs no file elsewhere."""
    old = age(tmp_path / "precious", STALE + 60)
    (alice / "tmp/link").symlink_to(old)
    os.utime(alice / "tmp/link", (0, 0), follow_symlinks=False)
    maildir = Maildir(str(alice))
    maildir.sweep(time.time())
    maildir.close()
    assert old.exists()
    assert (alice / "tmp/link").is_symlink()  # nor itself: no delivery has left it


def test_file_that_another_server_sweeps_first_is_no_fault(
    alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers that sweep at once, and files that can't be removed, cost nobody a mail."""
    age(alice / "tmp/stale", STALE + 60)
    age(alice / "tmp/other", STALE + 60)
    real = os.unlink

    def unlink(name: str, *, dir_fd: int) -> None:
        real(name, dir_fd=dir_fd)
        if name == "stale":
            raise FileNotFoundError(errno.ENOENT, "gone")

    monkeypatch.setattr(os, "unlink", unlink)
    maildir = Maildir(str(alice))
    assert maildir.sweep(time.time()) == 1
    maildir.close()
    assert left_over(alice) == []


def test_long_host_name_leaves_room_for_the_rest() -> None:
    """A name in a folder has 255 octets at most."""
    assert len(unique_name("x" * 253, "0123456789abcdef")) < 200
