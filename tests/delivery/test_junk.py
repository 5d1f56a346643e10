"""A mailbox's folder for junk: found or made, off the reactor, and remembered as the mailbox is."""

import errno
import os
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from gomail.delivery import places as module
from gomail.delivery.faults import refusal_of
from gomail.delivery.folder import folder_of
from gomail.delivery.maildir import Maildir, Ownership
from gomail.delivery.places import FRESH, SUSPENDED, Places
from gomail.reply import MAILBOX_UNAVAILABLE, Refused
from tests.delivery.bench import Bench, no_file_left_open


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the disk was looked at."""
    seen: list[str] = []

    def looked(maildir: str, folder: str) -> str:
        seen.append(folder)
        return folder_of(maildir, folder)

    monkeypatch.setattr(module, "folder_of", looked)
    return seen


def junk(bench: Bench, places: Places, maildir: Path) -> str:
    """Ask for the folder, as the reception does."""
    return str(bench.wait(Deferred.fromCoroutine(places.junk(str(maildir)))))


def test_folder_is_made_as_the_mailbox_is(bench: Bench, tmp_path: Path, alice: Path) -> None:
    """With the mark of Maildir++, and for the group that shares the mail."""
    places = Places(bench.committer, bench.clock, str(tmp_path), Ownership(os.getgid()))
    with no_file_left_open():
        assert junk(bench, places, alice) == f"{alice}/.Junk"
    made = sorted(path.name for path in (alice / ".Junk").iterdir())
    assert made == ["cur", "maildirfolder", "new", "tmp"]
    assert (alice / ".Junk").stat().st_mode & 0o7777 == 0o2770


def test_disk_is_asked_for_it_once_a_second(
    bench: Bench, tmp_path: Path, alice: Path, looks: list[str]
) -> None:
    """A flood of junk costs the disk one look."""
    places = Places(bench.committer, bench.clock, str(tmp_path))
    for _ in range(100):
        assert junk(bench, places, alice) == f"{alice}/.Junk"
    assert looks == ["Junk"]
    bench.clock.advance(FRESH + 0.01)
    assert junk(bench, places, alice) == f"{alice}/.Junk"
    assert looks == ["Junk"] * 2


def test_what_is_known_of_it_says_nothing_of_a_sub_address(
    bench: Bench, tmp_path: Path, alice: Path
) -> None:
    """Mail for alice+Junk makes no folder, and is told of none that was made meanwhile."""
    places = Places(bench.committer, bench.clock, str(tmp_path))
    assert bench.wait(Deferred.fromCoroutine(places.ask(str(alice), "Junk"))) == str(alice)
    assert not (alice / ".Junk").exists()
    assert junk(bench, places, alice) == f"{alice}/.Junk"
    assert places.known(str(alice), "Junk") == str(alice)


def test_folder_that_can_not_be_is_refused_with_its_mailbox(
    bench: Bench, tmp_path: Path, alice: Path
) -> None:
    """The reason names what stands there, for the log."""
    (alice / ".Junk").write_text("no folder")
    places = Places(bench.committer, bench.clock, str(tmp_path))
    with pytest.raises(Refused) as refused:
        junk(bench, places, alice)
    assert refused.value.reply == MAILBOX_UNAVAILABLE
    assert refused.value.reason == f"{alice}: Not a directory"


def test_r8_folder_in_which_a_delivery_failed_is_tried_in_earnest_once(
    bench: Bench, tmp_path: Path, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is suspended, then probed by writing to it; when that has worked it is looked at again."""
    places = Places(bench.committer, bench.clock, str(tmp_path))
    path, probes = junk(bench, places, alice), []
    monkeypatch.setattr(Maildir, "probe", lambda _: probes.append(1))
    broken = OSError(errno.EIO, "Input/output error")
    places.suspend(path, refusal_of(broken, path))
    with pytest.raises(Refused) as refused:
        junk(bench, places, alice)
    assert refused.value.reason == f"{path}: Input/output error"
    assert probes == []
    bench.clock.advance(SUSPENDED + 0.01)
    for _ in range(3):
        assert junk(bench, places, alice) == path
        bench.clock.advance(FRESH + 0.01)
    assert probes == [1]
