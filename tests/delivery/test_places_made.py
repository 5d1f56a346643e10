"""Mailboxes that are made at their first use, mended and swept; and where none is made."""

import os
import shutil
import time
from pathlib import Path

import pytest

from gomail.delivery.maildir import STALE, Ownership
from gomail.delivery.places import FRESH
from gomail.reply import MAILBOX_UNAVAILABLE, Refused
from tests.delivery.bench import Bench, left_over
from tests.delivery.desk import Desk


@pytest.mark.parametrize("path", ["alice", "here.example/alice", "a/b/c/alice", ".hidden/alice"])
def test_maildir_is_made_on_first_use(desk: Desk, tmp_path: Path, path: str) -> None:
    """A new mailbox needs no work of the postmaster's."""
    maildir = tmp_path / path
    assert desk.find(maildir) == str(maildir)
    folders = [maildir / name for name in ("", "tmp", "new", "cur")]
    assert [folder.stat().st_mode & 0o7777 for folder in folders] == [0o700] * 4
    assert tmp_path.joinpath(path.partition("/")[0]).stat().st_mode & 0o7777 == 0o700


def test_shared_maildir_is_made_shared(bench: Bench, tmp_path: Path) -> None:
    """With a group, the folders in between are the group's, too."""
    desk = Desk(bench, tmp_path, Ownership(os.getgid()))
    desk.find(tmp_path / "here.example/alice")
    for path in ("here.example", "here.example/alice", "here.example/alice/new"):
        assert (tmp_path / path).stat().st_mode & 0o7777 == 0o2770


def test_only_maildir_is_made_where_its_folder_is(bench: Bench, tmp_path: Path) -> None:
    """Where the root is the Maildir itself, it is there, and gets what it lacks."""
    home = tmp_path / "Maildir"
    home.mkdir()
    assert Desk(bench, home).find(home) == str(home)
    assert sorted(path.name for path in home.iterdir()) == ["cur", "new", "tmp"]


@pytest.mark.parametrize("path", ["", "alice", "here.example/alice"])
def test_r8_root_is_never_made(bench: Bench, tmp_path: Path, path: str) -> None:
    """A disk that isn't mounted is no reason to fill the one below its mount point."""
    root = tmp_path / "mail"
    assert Desk(bench, root).refusal(root / path) == MAILBOX_UNAVAILABLE
    assert not root.exists()


def test_r8_folder_that_went_away_is_made_again(desk: Desk, alice: Path) -> None:
    """A Maildir that lost a folder is mended at the next look."""
    desk.find(alice)
    shutil.rmtree(alice / "new")
    desk.bench.clock.advance(FRESH + 0.01)
    assert desk.find(alice) == str(alice)
    assert (alice / "new").is_dir()


@pytest.mark.parametrize("folder", ["", "new", "tmp"])
def test_n6_link_in_place_of_a_folder_is_not_followed(
    desk: Desk, alice: Path, tmp_path: Path, folder: str
) -> None:
    """A Maildir that leads elsewhere takes no mail, and nothing is made there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(alice / folder)
    (alice / folder).symlink_to(elsewhere)
    assert desk.refusal(alice) == MAILBOX_UNAVAILABLE


def test_stale_files_are_swept_on_first_use(desk: Desk, alice: Path) -> None:
    """What a server that was killed left in tmp/ goes when the mailbox is first used."""
    for name, age in (("stale", STALE + 60), ("young", 60)):
        (alice / "tmp" / name).touch()
        os.utime(alice / "tmp" / name, (time.time() - age,) * 2)
    desk.find(alice)
    assert left_over(alice) == ["young"]
    os.utime(alice / "tmp/young", (0, 0))
    desk.bench.clock.advance(FRESH + 0.01)
    desk.find(alice)
    assert left_over(alice) == ["young"], "the folder is read once, not every second"


@pytest.mark.parametrize("path", ["", "alice", "here.example/alice"])
def test_r8_nothing_is_made_in_the_mount_point_of_a_missing_disk(
    bench: Bench, tmp_path: Path, path: str
) -> None:
    """An empty folder in the place of the Maildirs defers mail until the disk is back."""
    root = tmp_path / "mail"
    root.mkdir()
    desk = Desk(bench, root)
    root.rename(tmp_path / "unmounted")
    root.mkdir()
    with pytest.raises(Refused, match="not the folder that it was at start; a restart takes") as no:
        desk.find(root / path)
    assert no.value.reply == MAILBOX_UNAVAILABLE
    assert (bench.committer.record.at, bench.committer.record.faults) == (str(root / path), 1)
    assert list(root.iterdir()) == []
    root.rmdir()
    (tmp_path / "unmounted").rename(root)
    bench.clock.advance(FRESH + 0.01)
    assert desk.find(root / path) == str(root / path)
