"""Every fault of the disk, at every step of a deposit: no success is told that is none."""

import errno
import os
from pathlib import Path
from typing import cast

import pytest

from gomail.delivery.deposit import Deposit, Folders, make_durable, tidy
from gomail.delivery.syncing import ByFiles
from gomail.message.content import Content
from tests.delivery.bench import (
    SHARED,
    STORED,
    deposit,
    left_over,
    maildirs,
    messages,
    no_file_left_open,
    store,
)
from tests.delivery.watched import Recorder

BEFORE_THE_FIRST_LINK = [
    ("open", "two$"),
    ("open", "two/tmp$"),
    ("open", "two/new$"),
    ("open", "two/tmp/"),
    ("fchmod", "two/tmp/"),
    ("writev", "two/tmp/"),
    ("copy_file_range", "two/tmp/"),
    ("fsync", "two/tmp/"),
]
LATER = [("link", "two/new/"), ("fsync", "two/new$")]
NUMBERS = [
    errno.EIO,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EROFS,
    errno.EMFILE,
    errno.ENOMEM,
    errno.EINTR,
]


def some_deposits(folder: Path) -> tuple[Deposit, Deposit, Deposit]:
    """Make a batch: the second deposit is for the Maildirs one and two, the others not for two."""
    return (
        deposit(folder / "one", ownership=SHARED, spooled=True),
        deposit(folder / "one", folder / "two", ownership=SHARED, spooled=True),
        deposit(folder / "three", ownership=SHARED, spooled=True),
    )


def check_second_fails(disk: Recorder, folder: Path, fault: tuple[str, str, int]) -> None:
    """Store some deposits, and see that a fault is the second one's alone."""
    disk.fail(*fault)
    first, second, third = some_deposits(folder)
    store(first, second, third)
    assert second.error is not None
    assert (second.error.errno, second.at) == (fault[-1], str(folder / "two"))
    assert second.stored == ()
    assert first.error is third.error is None


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(("call", "place"), BEFORE_THE_FIRST_LINK)
def test_r4_to_r8_fault_before_the_first_link_leaves_nothing(
    disk: Recorder, tmp_path: Path, call: str, place: str, number: int
) -> None:
    """Whichever step fails, the message is nowhere, the others arrive, and fsync is not retried."""
    check_second_fails(disk, tmp_path, (call, place, number))
    assert messages(tmp_path / "one") == messages(tmp_path / "three") == [STORED]
    assert messages(tmp_path / "two") == []
    flushed = disk.of("fsync")
    assert len(flushed) == len(set(flushed)), "an fsync that failed says nothing true when retried"


@pytest.mark.parametrize("number", [*NUMBERS, errno.EMLINK, errno.EEXIST])
@pytest.mark.parametrize(("call", "place"), LATER)
def test_r4_to_r8_fault_from_the_first_link_on_is_no_success(
    disk: Recorder, tmp_path: Path, call: str, place: str, number: int
) -> None:
    """A copy may stand in another mailbox then: the retry makes a duplicate, never a loss."""
    check_second_fails(disk, tmp_path, (call, place, number))
    assert messages(tmp_path / "one") == [STORED] * 2
    assert messages(tmp_path / "three") == [STORED]
    flushed = disk.of("fsync")
    assert len(flushed) == len(set(flushed))


@pytest.mark.parametrize("number", NUMBERS)
def test_r4_folder_that_cannot_be_synced_fails_all_that_went_there(
    disk: Recorder, tmp_path: Path, number: int
) -> None:
    """Nobody is told 250 on the word of a folder whose names may be lost; it is asked once."""
    disk.fail("fsync", "one/new$", number)
    first, second, third = some_deposits(tmp_path)
    another = deposit(tmp_path / "two", tmp_path / "one", ownership=SHARED)
    store(first, second, third, another)
    assert third.error is None
    for each in (first, second, another):
        assert each.error is not None
        assert (each.error.errno, each.at, each.stored) == (number, str(tmp_path / "one"), ())
    assert disk.of("fsync").count("one/new") == 1


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("call", ["posix_fadvise", "unlink", "close"])
def test_r5_fault_that_costs_no_octet_costs_no_mail(
    disk: Recorder, tmp_path: Path, call: str, number: int
) -> None:
    """Advice, tidying and closing come to nothing: what is durable stays delivered."""

    def failing(real: object, *arguments: object, **_: object) -> None:
        if call == "close":
            real(*arguments)  # type: ignore[operator]  # Linux closes, whatever it says
        raise OSError(number, os.strerror(number))

    disk.answer(call, "two/(tmp/|tmp$|new$)", failing)
    batch = some_deposits(tmp_path)
    folders, syncing = Folders(), ByFiles()
    with no_file_left_open():
        make_durable(batch, folders, syncing)
        tidy(batch, folders)
    syncing.close()
    assert [each.error for each in batch] == [None] * 3
    assert messages(tmp_path / "one") == [STORED] * 2
    assert messages(tmp_path / "two") == messages(tmp_path / "three") == [STORED]
    assert len(left_over(tmp_path / "two")) == (call == "unlink")


@pytest.mark.parametrize("most", [1, 3, 7])
def test_r5_short_writes_are_continued(disk: Recorder, tmp_path: Path, most: int) -> None:
    """A disk that takes a few octets at a time gets all of them, trace fields and content."""
    disk.answer("writev", "one/tmp/", lambda real, fd, parts: real(fd, [parts[0][:most]]))
    whole = deposit(tmp_path / "one")
    store(whole)
    assert whole.error is None
    assert messages(tmp_path / "one") == [STORED]


def test_r6_disk_that_is_full_after_a_short_write(disk: Recorder, tmp_path: Path) -> None:
    """The last octets that fit, and then no more: no half message is delivered."""
    left = iter([5])

    def write(real: object, fd: int, parts: list[memoryview]) -> int:
        room = next(left, 0)
        if not room:
            raise OSError(errno.ENOSPC, "full")
        return real(fd, [parts[0][:room]])  # type: ignore[operator]

    disk.answer("writev", "one/tmp/", write)
    cut = deposit(tmp_path / "one")
    store(cut)
    assert cut.error is not None
    assert cut.error.errno == errno.ENOSPC
    assert messages(tmp_path / "one") == []


@pytest.mark.usefixtures("disk")
def test_r5_message_that_is_not_whole_is_none(tmp_path: Path) -> None:
    """What was written is compared with what came before it is delivered."""
    first, second, third = some_deposits(tmp_path)
    second.content.size += 1
    store(first, second, third)
    assert str(second.error).endswith(f"octets were written instead of {len(STORED) + 1}")
    assert messages(tmp_path / "one") == messages(tmp_path / "three") == [STORED]
    assert messages(tmp_path / "two") == []


def test_r6_spool_file_that_failed_fails_its_message_alone(tmp_path: Path) -> None:
    """A disk that was full while content came is told at the end."""
    maildirs(tmp_path, "one")
    whole, broken = deposit(tmp_path / "one"), deposit(tmp_path / "one", spooled=True)
    spool = cast("Content", broken.content)._spool
    assert spool is not None
    spool.error = OSError(errno.ENOSPC, "full")
    store(whole, broken)
    assert whole.error is None
    assert broken.error is spool.error
    assert messages(tmp_path / "one") == [STORED]


def test_r8_missing_maildir_is_made_nowhere_else(tmp_path: Path) -> None:
    """A Maildir that went away between RCPT and the end of content is an error, no new folder."""
    maildirs(tmp_path, "one")
    lost = deposit(tmp_path / "one", tmp_path / "gone")
    store(lost)
    assert isinstance(lost.error, FileNotFoundError)
    assert lost.at == str(tmp_path / "gone")
    assert messages(tmp_path / "one") == []
    assert not (tmp_path / "gone").exists()
