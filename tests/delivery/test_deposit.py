"""How messages become durable together: the order that is the promise, and every fault."""

import errno
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from gomail.delivery.deposit import Deposit, Folders, make_durable, tidy
from gomail.delivery.maildir import PRIVATE, Ownership
from gomail.delivery.syncing import ByFiles
from gomail.message.content import Content
from tests.delivery.bench import (
    STORED,
    TRACE,
    Bench,
    Recorder,
    deposit,
    left_over,
    maildirs,
    messages,
    no_file_left_open,
)

SHARED = Ownership(group=os.getgid())


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A disk that is watched, with the Maildirs one, two and three."""
    maildirs(tmp_path, "one", "two", "three", ownership=SHARED)
    yield Recorder(monkeypatch, tmp_path)
    monkeypatch.undo()


def store(*batch: Deposit) -> None:
    """Do a batch from beginning to end, and see that nothing is left open or in tmp/."""
    with no_file_left_open():
        folders, syncing = Folders(), ByFiles()
        make_durable(batch, folders, syncing)
        tidy(batch, folders)
        syncing.close()
    for each in batch:
        for filing in each.filings:
            if (Path(filing.path) / "tmp").is_dir():
                assert left_over(Path(filing.path)) == []


WRITES = {"writev", "copy_file_range"}


def check_order(calls: list[tuple[str, str]], name: str, maildir: str) -> None:
    """See that one copy went the way that the promise says."""
    staged, stored = f"{maildir}/tmp/{name.rpartition(',S=')[0]}", f"{maildir}/new/{name}"
    writes = [at for at, (call, place) in enumerate(calls) if place == staged and call in WRITES]
    flushed = calls.index(("fsync", staged))
    linked = calls.index(("link", stored))
    durable = [at for at, each in enumerate(calls) if each == ("fsync", f"{maildir}/new")]
    told = calls.index(("told", ""))
    assert writes, "trace fields and content"
    assert max(writes) < flushed < linked
    assert len(durable) == 1, "each folder once"
    assert linked < durable[0] < told
    assert calls.count(("fsync", staged)) == 1
    assert told < calls.index(("unlink", staged))


@pytest.mark.parametrize("spooled", [False, True])
def test_r1_every_copy_is_durable_before_anything_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench, *, spooled: bool
) -> None:
    """Written, synced, linked, the folder synced, told, tidied: in this order, for each message."""
    one, two, three = maildirs(tmp_path, "one", "two", "three")
    batch = [
        deposit(one, spooled=spooled),
        deposit(one, two, three, spooled=spooled),
        deposit(three, spooled=spooled),
    ]
    with monkeypatch.context() as patch:
        disk = Recorder(patch, tmp_path)
        real = bench.backdoor.callFromThread

        def call(function: Callable[..., object], *arguments: object) -> None:
            if any(each.stored for each in batch):
                disk.note("told")
            real(function, *arguments)

        patch.setattr(bench.backdoor, "callFromThread", call)
        with bench.busy():
            stored = [bench.committer.commit(each) for each in batch]
        for done in stored:
            bench.wait(done)
        bench.close()
    told = [call for call, _ in disk.calls].index("told")
    links = [at for at, (call, _) in enumerate(disk.calls) if call == "link"]
    flushes = [
        at for at, (call, place) in enumerate(disk.calls) if call == "fsync" and "/tmp/" in place
    ]
    assert max(flushes) < min(links), "a fault of any file is known before the first link"
    assert told > max(links)
    for each in batch:
        assert each.error is None
        for filing, name in zip(each.filings, each.stored, strict=True):
            check_order(disk.calls, name, Path(filing.path).name)
    assert [messages(path) for path in (one, two, three)] == [[STORED] * 2, [STORED], [STORED] * 2]


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


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(("call", "place"), BEFORE_THE_FIRST_LINK)
def test_r4_to_r8_fault_before_the_first_link_leaves_nothing(
    disk: Recorder, tmp_path: Path, call: str, place: str, number: int
) -> None:
    """Whichever step fails, the message is nowhere, the others arrive, and fsync is not retried."""
    disk.fail(call, place, number)
    first, second, third = some_deposits(tmp_path)
    store(first, second, third)
    assert second.error is not None
    assert (second.error.errno, second.at) == (number, str(tmp_path / "two"))
    assert second.stored == ()
    assert first.error is third.error is None
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
    disk.fail(call, place, number)
    first, second, third = some_deposits(tmp_path)
    store(first, second, third)
    assert second.error is not None
    assert (second.error.errno, second.at) == (number, str(tmp_path / "two"))
    assert second.stored == ()
    assert first.error is third.error is None
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


def test_deposit_that_was_given_up_does_nothing(tmp_path: Path) -> None:
    """When nobody waits for the outcome any more, no copy appears."""
    maildirs(tmp_path, "one")
    late = deposit(tmp_path / "one")
    late.give_up()
    store(late)
    assert isinstance(late.error, TimeoutError)
    assert messages(tmp_path / "one") == []


def test_deposit_that_comes_too_late_is_not_linked(tmp_path: Path) -> None:
    """Its sender has heard 451, and comes again; others of the batch are in time."""
    one, two = maildirs(tmp_path, "one", "two")
    late, other = deposit(one, two), deposit(two)
    late.until = time.monotonic() - 1
    store(late, other)
    assert isinstance(late.error, TimeoutError)
    assert (late.at, late.stored) == (str(one), ())
    assert messages(one) == []
    assert messages(two) == [STORED]


def test_first_word_of_the_disk_counts(tmp_path: Path) -> None:
    """What is said behind it, if anything, is its consequence."""
    message, first = deposit(tmp_path), OSError(errno.EIO, "first")
    message.fail("nowhere", None)
    assert (message.error, message.at) == (None, "")
    message.fail("here", first)
    message.fail("there", OSError(errno.EROFS, "second"))
    assert (message.error, message.at) == (first, "here")


def test_first_fault_is_the_one_that_is_told(tmp_path: Path) -> None:
    """Giving up hides no fault of the disk."""
    failed = deposit(tmp_path / "gone")
    store(failed)
    error = failed.error
    failed.give_up()
    assert failed.error is error


def test_maildir_is_opened_once_for_a_batch(disk: Recorder, tmp_path: Path) -> None:
    """Many messages for one mailbox share its open folders."""
    store(*(deposit(tmp_path / "one", ownership=PRIVATE) for _ in range(10)))
    assert disk.of("open").count("one/new") == 1
    assert disk.of("fsync").count("one/new") == 1
    assert len([place for place in disk.of("fsync") if re.match("one/tmp/", place)]) == 10
    assert len(messages(tmp_path / "one")) == 10


@pytest.mark.parametrize("room", [len(TRACE), len(TRACE) + 1])
def test_octets_of_a_big_message_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """The spool file is the first copy, if its trace fields are as long as was foreseen."""
    one, two = maildirs(tmp_path, "one", "two")
    monkeypatch.setattr("tests.delivery.bench.gettempdir", lambda: str(one / "tmp"))
    message = deposit(one, two, spooled=True, above=room)
    disk = Recorder(monkeypatch, tmp_path)
    store(message)
    cast("Content", message.content).close()
    assert message.error is None
    assert messages(one) == messages(two) == [STORED]
    copied = [place.split("/")[0] for place in disk.of("copy_file_range")]
    assert copied == (["two"] if room == len(TRACE) else ["one", "two"])


def test_message_that_can_have_no_second_name_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without /proc, or on an old file system, the octets are written twice."""
    (one,) = maildirs(tmp_path, "one")
    monkeypatch.setattr("tests.delivery.bench.gettempdir", lambda: str(one / "tmp"))
    message = deposit(one, spooled=True, above=len(TRACE))
    disk = Recorder(monkeypatch, tmp_path)
    disk.fail("link", "one/tmp/", errno.ENOENT)
    store(message)
    cast("Content", message.content).close()
    assert messages(one) == [STORED]


def test_message_for_thousands_has_few_files_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its copies become durable by and by, and are linked when all are."""
    monkeypatch.setattr("gomail.delivery.deposit.MOST_OPEN", 3)
    paths = maildirs(tmp_path, *(f"m{number}" for number in range(10)))
    disk = Recorder(monkeypatch, tmp_path)
    most = 0

    def counted(real: Callable[..., int], *arguments: object, **named: object) -> int:
        nonlocal most
        files = sum(1 for fd in Path("/proc/self/fd").iterdir() if "/tmp/1" in _target(fd))
        most = max(most, files)
        return real(*arguments, **named)

    disk.answer("fsync", "m.*/tmp/", counted)
    message = deposit(*paths)
    store(message)
    assert [messages(path) for path in paths] == [[STORED]] * 10
    assert most <= 3
    order = [
        call
        for call, place in disk.calls
        if (call in {"fsync", "link"} and "/tmp/" in place) or call == "link"
    ]
    assert order == ["fsync"] * 10 + ["link"] * 10


def _target(fd: Path) -> str:
    """Give what a descriptor stands for, if it is still there."""
    try:
        return str(fd.readlink())
    except FileNotFoundError:
        return ""
