"""How messages become durable together: the order that is the promise, and when none is kept."""

import errno
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from gomail.delivery.maildir import PRIVATE
from gomail.message.content import Content
from tests.delivery.bench import STORED, TRACE, Bench, deposit, maildirs, messages, store
from tests.delivery.watched import Recorder

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
