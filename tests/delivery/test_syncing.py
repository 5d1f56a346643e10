"""Whole file systems are synced: once for all that share one, and what fails is told to all."""

import ctypes
import errno
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gomail.delivery.deposit import Deposit, Folders, make_durable, tidy
from gomail.delivery.maildir import Maildir
from gomail.delivery.syncfs import OLDEST, SyncfsMissing, find_syncfs
from gomail.delivery.syncing import ByFiles, ByFileSystems
from gomail.message.content import Content
from tests.delivery.bench import (
    STORED,
    TRACE,
    deposit,
    maildirs,
    messages,
    no_file_left_open,
    path_of,
)
from tests.delivery.watched import Recorder
from tests.patience import PATIENCE


class Kernel:
    """A syncfs that writes down what it was asked for, and fails if it is told to."""

    def __init__(self, disk: Recorder) -> None:
        """Write it down beside all other calls."""
        self.fails: set[int] = set()
        self._disk = disk
        self.count = 0

    def __call__(self, fd: int) -> None:
        """Sync."""
        self._disk.calls.append(("syncfs", path_of(fd)))
        self.count += 1
        if self.count in self.fails:
            raise OSError(errno.EIO, "lost")
        os.sync()


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A disk that is watched, with the Maildirs one, two and three."""
    maildirs(tmp_path, "one", "two", "three")
    yield Recorder(monkeypatch, tmp_path)
    monkeypatch.undo()


@pytest.fixture
def kernel(disk: Recorder) -> Kernel:
    """A kernel that is watched."""
    return Kernel(disk)


def store(kernel: Kernel, *batch: Deposit) -> None:
    """Do a batch from beginning to end."""
    folders, syncing = Folders(), ByFileSystems(kernel)
    with no_file_left_open():
        make_durable(batch, folders, syncing)
        tidy(batch, folders)
    syncing.close()


@pytest.mark.parametrize("number", [2, 5])
def test_writing_begins_for_all_before_any_is_waited_for(
    disk: Recorder, tmp_path: Path, number: int
) -> None:
    """So one commit of the journal serves them all."""
    store_by_files(*(deposit(tmp_path / "one") for _ in range(number)))
    calls = [call for call, _ in disk.calls]
    starts = [at for at, call in enumerate(calls) if call == "posix_fadvise"]
    assert len(starts) == number
    assert max(starts) < calls.index("fsync")


def test_lone_message_has_nothing_to_share(disk: Recorder, tmp_path: Path) -> None:
    """It is waited for at once."""
    store_by_files(deposit(tmp_path / "one"))
    assert disk.of("posix_fadvise") == []
    assert len(disk.of("fsync")) == 2


def store_by_files(*batch: Deposit) -> None:
    """Do a batch from beginning to end, each file by itself."""
    folders, syncing = Folders(), ByFiles()
    make_durable(batch, folders, syncing)
    tidy(batch, folders)
    syncing.close()


@pytest.mark.parametrize("whole", [False, True])
def test_helpers_leave_with_those_they_help(kernel: Kernel, *, whole: bool) -> None:
    """No thread is left of a committer that has stopped."""
    syncing = ByFileSystems(kernel) if whole else ByFiles()
    by_files = syncing._alone if isinstance(syncing, ByFileSystems) else syncing
    before = set(threading.enumerate())
    by_files._helpers.do([int] * 4)
    hired = set(threading.enumerate()) - before
    assert len(hired) == 1
    syncing.close()
    for thread in hired:
        thread.join(PATIENCE)
        assert not thread.is_alive()


STEPS = {"writev", "fsync", "syncfs", "link"}


def test_batch_is_synced_before_the_links_and_after_them(
    disk: Recorder, kernel: Kernel, tmp_path: Path
) -> None:
    """A name is on disk never before its octets, and both are before anything is said."""
    store(kernel, deposit(tmp_path / "one"), deposit(tmp_path / "one", tmp_path / "two"))
    assert [call for call, _ in disk.calls if call in STEPS] == [
        *["writev"] * 3,
        "syncfs",
        *["link"] * 3,
        "syncfs",
    ]
    assert len(messages(tmp_path / "one")) == 2
    assert messages(tmp_path / "two") == [STORED]


def test_descriptor_is_older_than_what_is_written(
    disk: Recorder, kernel: Kernel, tmp_path: Path
) -> None:
    """The kernel tells of no error from before the descriptor was opened."""
    store(kernel, deposit(tmp_path / "one"), deposit(tmp_path / "two"))
    synced = disk.of("syncfs")[0].removeprefix(f"{tmp_path}/")
    opened = disk.calls.index(("open", synced))
    assert opened < min(at for at, (call, _) in enumerate(disk.calls) if call == "writev")


def test_lone_message_costs_nobody_anything(disk: Recorder, kernel: Kernel, tmp_path: Path) -> None:
    """Where one file is all there is, it is synced by itself, and so is one folder."""
    store(kernel, deposit(tmp_path / "one"))
    steps = [call for call, _ in disk.calls if call in STEPS]
    assert steps == ["writev", "fsync", "link", "fsync"]
    assert messages(tmp_path / "one") == [STORED]


def test_octets_from_before_the_batch_are_synced_by_themselves(
    disk: Recorder, kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk said while a big message came is known to its own descriptor alone."""
    monkeypatch.setattr("tests.delivery.bench.gettempdir", lambda: str(tmp_path / "one/tmp"))
    big = deposit(tmp_path / "one", spooled=True, above=len(TRACE))
    store(kernel, deposit(tmp_path / "one"), big, deposit(tmp_path / "one"))
    cast("Content", big.content).close()
    assert len(messages(tmp_path / "one")) == 3
    links = [at for at, (call, place) in enumerate(disk.calls) if "/new/" in place]
    before = [call for call, _ in disk.calls[: min(links)] if call in {"fsync", "syncfs"}]
    assert sorted(before) == ["fsync", "syncfs"]


@pytest.mark.parametrize("failing", [1, 2])
def test_error_of_a_file_system_is_told_to_all_on_it(
    kernel: Kernel, tmp_path: Path, failing: int
) -> None:
    """Nobody knows whose octets were lost: none is acknowledged, and none linked before that."""
    kernel.fails.add(failing)
    batch = [deposit(tmp_path / "one"), deposit(tmp_path / "two")]
    store(kernel, *batch)
    for each in batch:
        assert each.error is not None
        assert (each.error.errno, each.stored) == (errno.EIO, ())
    assert len(messages(tmp_path / "one")) == failing - 1


def test_each_file_system_is_synced_for_itself(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one disk has lost is no word about another."""
    devices = property(lambda maildir: maildir.path.endswith("two"))
    monkeypatch.setattr(Maildir, "device", devices)
    kernel.fails.add(2)
    first, second = deposit(tmp_path / "one"), deposit(tmp_path / "two")
    store(kernel, first, second)
    assert first.error is None
    assert second.error is not None
    assert messages(tmp_path / "one") == [STORED]
    assert messages(tmp_path / "two") == []


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOMEM])
def test_r4_folder_that_does_not_say_where_it_is_fails_its_own_alone(
    disk: Recorder, kernel: Kernel, tmp_path: Path, number: int
) -> None:
    """What is on the same disk is stored as if nothing had been."""
    disk.fail("fstat", "two/new$", number)
    batch = [deposit(tmp_path / name) for name in ("one", "two", "three")]
    store(kernel, *batch)
    assert [each.error and each.error.errno for each in batch] == [None, number, None]
    assert messages(tmp_path / "one") == messages(tmp_path / "three") == [STORED]
    assert messages(tmp_path / "two") == []


def test_system_call_is_made_and_its_error_told(tmp_path: Path) -> None:
    """The real one: a folder can be synced, and what is no descriptor is refused."""
    release = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
    if sys.platform != "linux" or release < OLDEST:
        with pytest.raises(SyncfsMissing):
            find_syncfs()
        return
    syncfs = find_syncfs()
    fd = os.open(tmp_path, os.O_RDONLY)
    syncfs(fd)
    os.close(fd)
    with pytest.raises(OSError, match="Bad file descriptor") as raised:
        syncfs(-1)
    assert raised.value.errno == errno.EBADF


@pytest.mark.parametrize("release", ["5.17.0", "5.100.1-amd64", "10.2-rc1"])
def test_system_that_tells_errors_is_known_by_its_release(
    monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    """From the first one on that does; numbers are compared as numbers."""
    libc = SimpleNamespace(syncfs=SimpleNamespace())
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(sysname="Linux", release=release))
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: libc)
    assert callable(find_syncfs())


@pytest.mark.parametrize(
    ("platform", "release", "libc"),
    [
        ("linux", "5.16.20-amd64", ctypes.CDLL(None)),
        ("darwin", "23.1.0", ctypes.CDLL(None)),
        ("linux", "6.1.0", object()),
    ],
)
def test_system_that_keeps_errors_to_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch, platform: str, release: str, libc: object
) -> None:
    """A promise is not built on a call that says yes to everything."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(sysname="System", release=release))
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: libc)
    with pytest.raises(SyncfsMissing, match=f"from Linux 5.17 on, and this is System {release}"):
        find_syncfs()
