"""A question to the disk, asked by a thread of its own."""

import errno
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorFromThreads

from gomail.delivery import probe as module
from gomail.delivery.maildir import Maildir
from gomail.delivery.probe import Answer, Probe, ask_disks
from tests.delivery.bench import Backdoor, left_over, maildirs, no_file_left_open
from tests.delivery.watched import Recorder
from tests.patience import PATIENCE


@pytest.fixture
def backdoor() -> Backdoor:
    """The reactor as the probe sees it."""
    return Backdoor()


@pytest.fixture
def probe(backdoor: Backdoor) -> Probe:
    """A probe."""
    return Probe(cast("IReactorFromThreads", backdoor))


def test_disk_keeps_a_message_and_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of it is what a delivery asks of it; and nothing is left over."""
    (one,) = maildirs(tmp_path, "one")
    recorder = Recorder(monkeypatch, tmp_path)
    with no_file_left_open():
        assert 0 < ask_disks([str(one)]) < PATIENCE
    (file, folder) = recorder.of("fsync")
    assert file.startswith("one/tmp/")
    assert folder == "one/new"
    assert left_over(one) == []


def test_each_disk_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many Maildirs lie on it."""
    one, two, three = maildirs(tmp_path, "one", "two", "three")
    recorder = Recorder(monkeypatch, tmp_path)
    disks = {"one": 1, "two": 1, "three": 2}
    device = property(lambda maildir: disks[Path(maildir.path).name])
    monkeypatch.setattr(Maildir, "device", device)
    ask_disks(map(str, (one, two, three)))
    assert [place for place in recorder.of("fsync") if "new" in place] == ["one/new", "three/new"]


def test_slowest_disk_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent waits for it as well."""
    one, two = maildirs(tmp_path, "one", "two")
    times = iter([0.0, 0.5, 10.0, 10.25])
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(times)))
    assert ask_disks(map(str, (one, two))) == 0.5


def test_mailbox_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    """The others are asked all the same; where there is none nobody knows of the disk."""
    (one,) = maildirs(tmp_path, "one")
    gone = str(tmp_path / "gone")
    with no_file_left_open():
        assert ask_disks([gone, str(one)]) > 0
        with pytest.raises(FileNotFoundError) as caught:
            ask_disks([gone])
    assert caught.value.filename == gone


@pytest.mark.parametrize("place", ["two/tmp/.*", "two/new"])
def test_broken_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """At which Maildir, too."""
    one, two = maildirs(tmp_path, "one", "two")
    monkeypatch.setattr(Maildir, "device", property(lambda maildir: maildir.path))
    Recorder(monkeypatch, tmp_path).fail("fsync", place, errno.EIO)
    with no_file_left_open(), pytest.raises(OSError, match="Input/output error") as caught:
        ask_disks(map(str, (one, two)))
    assert caught.value.filename == str(two)
    assert left_over(two) == []


def test_answer_is_told_where_the_reactor_runs(
    tmp_path: Path, backdoor: Backdoor, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Good or bad."""
    (one,) = maildirs(tmp_path, "one")
    told: list[Answer] = []
    probe.ask([str(one)], told.append)
    backdoor.pump()
    Recorder(monkeypatch, tmp_path).fail("fsync", ".*", errno.EIO)
    probe.ask([str(one)], told.append)
    backdoor.pump()
    good, bad = told
    assert isinstance(good, float)
    assert isinstance(bad, OSError)
    assert bad.errno == errno.EIO


def test_one_question_is_asked_at_a_time(
    tmp_path: Path, backdoor: Backdoor, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that hangs takes one thread, and no more; nobody waits for that at the end."""
    (one,) = maildirs(tmp_path, "one")
    go_on = threading.Event()
    recorder = Recorder(monkeypatch, tmp_path)
    recorder.answer("fsync", ".*", lambda *_: go_on.wait(PATIENCE))
    told: list[Answer] = []
    for _ in range(3):
        probe.ask([str(one)], told.append)
    (thread,) = (each for each in threading.enumerate() if each.name == "gomail probe")
    assert thread.daemon
    go_on.set()
    backdoor.pump()
    assert len(told) == 1
    probe.ask([str(one)], told.append)
    backdoor.pump()
    assert len(told) == 2


def test_system_without_room_for_a_thread_is_asked_again(
    tmp_path: Path, backdoor: Backdoor, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next look asks."""
    (one,) = maildirs(tmp_path, "one")
    told: list[Answer] = []

    def full(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", full)
        probe.ask([str(one)], told.append)
    probe.ask([str(one)], told.append)
    backdoor.pump()
    assert len(told) == 1
