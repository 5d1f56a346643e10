"""An index on a disk that is full: a real one, of a few megabytes."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gomail.inbox import keeping
from gomail.inbox.keeping import ROOM
from gomail.inbox.mailbox import Mailbox
from tests.inbox.maildir import put, subjects
from tests.patience import PATIENCE
from tests.scarce import quota
from tests.system.running import until

pytestmark = pytest.mark.needs_root
MANY = 600  # messages, each of whose rows is larger than a page


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 20 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(disk)]
    if subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE).returncode:
        pytest.skip("nothing can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True, timeout=PATIENCE)


@pytest.fixture
def index(disk: Path) -> Path:
    """Give where the index is, on that disk."""
    return disk / "cache" / "index"


@pytest.fixture
def said() -> list[str]:
    """Give what is said."""
    return []


def fill(disk: Path) -> Path:
    """Fill a disk to its last octet; give the file that fills it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return filler


def put_many(home: Path) -> None:
    """Store messages of whose fields much is kept."""
    for number in range(1000, 1000 + MANY):
        put(home, number, f"number {number} " + "x" * 900)


def listed(mailbox: Mailbox) -> tuple[int, int]:
    """Count messages, and those of them that a search finds."""
    return mailbox.page("").total, mailbox.page("", "number").total


def test_full_disk_is_told_and_the_index_comes_back(
    home: Path, disk: Path, index: Path, said: list[str]
) -> None:
    """Nothing that was known is forgotten or told anew, before, meanwhile and behind it."""
    mailbox = Mailbox(home, index)
    assert listed(mailbox) == (3, 3)
    mailbox.close()
    with sqlite3.connect(index) as connection:
        connection.execute("UPDATE message SET subject = 'as it was' WHERE time < 1645409901")
    connection.close()
    mailbox = Mailbox(home, index, said.append)
    mailbox.look()
    assert listed(mailbox) == (3, 3)
    filler = fill(disk)
    before = mailbox.look().changes
    put_many(home)
    assert listed(mailbox) == (3 + MANY, 3 + MANY)
    [full] = said
    assert full.startswith(f"the disk of the index {index} is full (database or disk is full)")
    assert full.endswith("what is new is kept in memory until there is room")
    look = mailbox.look()
    assert look.changes > before
    assert len(look.come) == 100
    look_for_room(mailbox)
    assert mailbox.look().come == ()
    assert len(said) == 1  # it is full still
    filler.unlink()
    look_for_room(mailbox)
    put(home, 2000, "as it comes back")
    again = mailbox.look()
    assert [each.subject for each in again.come] == ["as it comes back"]
    assert mailbox.look().come == ()
    assert again.changes >= look.changes
    assert said[1:] == [f"there is room for the index {index}, which is kept there again"]
    put(home, 3000, "behind it")
    assert subjects(mailbox)[0] == "behind it"
    mailbox.close()
    with sqlite3.connect(index) as connection:
        found = connection.execute("SELECT total, unknown FROM tally WHERE folder = ''").fetchone()
        kept = connection.execute("SELECT count(*) FROM message WHERE subject = 'as it was'")
        assert kept.fetchone() == (1,)  # it was not looked into again
    connection.close()
    assert found == (5 + MANY, 0)
    assert len(said) == 2


def test_what_a_full_disk_has_is_read_by_the_next_inbox(
    home: Path, disk: Path, index: Path, said: list[str]
) -> None:
    """The file is as it was when the disk was full; the next inbox goes on from there."""
    mailbox = Mailbox(home, index)
    listed(mailbox)
    mailbox.close()
    filler = fill(disk)
    put_many(home)
    for _ in range(2):
        mailbox = Mailbox(home, index, said.append)
        assert listed(mailbox) == (3 + MANY, 3 + MANY)
        mailbox.close()
    assert len(said) == 2
    assert all("is full (database or disk is full)" in each for each in said)
    filler.unlink()
    with sqlite3.connect(index) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (4,)
    connection.close()


def look_for_room(mailbox: Mailbox) -> None:
    """Have the next page do it."""
    mailbox._following._keeping._looks_at = 0.0


def test_index_that_may_not_grow_is_kept_in_memory(
    home: Path, tmp_path: Path, said: list[str]
) -> None:
    """As by a quota: the kernel says something else than of a full disk, and means the same."""
    index = tmp_path / "index"
    mailbox = Mailbox(home, index, said.append)
    assert listed(mailbox) == (3, 3)
    with quota(200_000):
        put_many(home)
        assert listed(mailbox) == (3 + MANY, 3 + MANY)
        look_for_room(mailbox)
        assert listed(mailbox) == (3 + MANY, 3 + MANY)
        [full] = said
        assert full.startswith(f"the index {index} can't be written (disk I/O error): what is new")
    look_for_room(mailbox)
    assert listed(mailbox) == (3 + MANY, 3 + MANY)
    assert said[1:] == [f"there is room for the index {index}, which is kept there again"]
    mailbox.close()
    assert look(home, index) == 3 + MANY


def test_index_that_fits_and_may_not_grow_is_tried_more_and_more_seldom(
    home: Path, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page ends: as soon as the index is let be in memory for longer than it takes."""
    monkeypatch.setattr(keeping, "AGAIN", 0.001)

    def say(line: str) -> None:
        said.append(line)
        assert len(said) < 60, "it is tried for ever"

    index = tmp_path / "index"
    mailbox = Mailbox(home, index, say)
    assert listed(mailbox) == (3, 3)
    with quota(300_000):
        put_many(home)
        assert listed(mailbox) == (3 + MANY, 3 + MANY)
    assert len(said) > 2
    assert all("can't be written" in each for each in said[::2])
    assert all("there is room" in each for each in said[1::2])
    look_for_room(mailbox)
    assert listed(mailbox) == (3 + MANY, 3 + MANY)
    assert "there is room" in said[-1]
    mailbox.close()
    assert look(home, index) == 3 + MANY


def look(home: Path, index: Path) -> int:
    """Count what the next inbox finds."""
    mailbox = Mailbox(home, index)
    total = mailbox.page("").total
    mailbox.close()
    return total


def test_index_that_has_no_room_from_the_start_gets_one(
    home: Path, disk: Path, index: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much as it wants, and what SQLite writes beside it."""
    monkeypatch.setattr(keeping, "AGAIN", 0.0)
    filler = fill(disk)
    mailbox = Mailbox(home, index, said.append)
    assert listed(mailbox) == (3, 3)
    with filler.open("r+b") as file:
        file.truncate(filler.stat().st_size - ROOM // 2)
    assert listed(mailbox) == (3, 3)
    [full] = said
    assert full.startswith(f"the disk of the index {index} is full (")
    filler.unlink()

    def is_back() -> bool:
        """A child that was begun meanwhile may have the filler open until it is a reader."""
        assert listed(mailbox) == (3, 3)
        return len(said) == 2

    until(is_back, "the index is kept in its file again")
    mailbox.close()
    with sqlite3.connect(index) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (4,)
    connection.close()
