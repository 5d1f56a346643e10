"""What the inbox does to follow folders: little, and whatever happens between two of its steps."""

import os
import random
import sqlite3
import time
from pathlib import Path

import pytest

from gomail.inbox import census, scan
from gomail.inbox.mailbox import Look, Mailbox
from gomail.inbox.query import read_query
from gomail.inbox.scan import Listing
from gomail.reading.maildir import Maildir
from tests.inbox.maildir import key, make_maildir, names, put


def test_look_at_what_did_not_change_is_a_stat_each(
    home: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder is opened or listed, and no message counted."""
    monkeypatch.setattr(scan, "_TICK_NS", 0)
    (home / ".odd").mkdir()  # without new/ and cur/
    mailbox.look()
    mailbox._completing._filling.close()  # which opens folders beside us
    before = mailbox.look()
    asked: list[str] = []
    stat = os.lstat

    def lstat(path: str) -> os.stat_result:
        asked.append(path)
        return stat(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "lstat", lstat)
        patched.setattr(os, "scandir", None)
        patched.setattr(Maildir, "opened_listed", None)
        assert mailbox.look() == Look((), (), before.folders, before.changes)
    assert sorted(asked) == [
        f"{home}/{folder}/{place}" for folder in (".", ".Junk", ".odd") for place in ("cur", "new")
    ]


def test_folder_from_a_clock_to_come_is_not_listed_for_ever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was set back, or is that of another machine: twice is enough."""
    later = time.time() + 3600
    os.utime(home / "new", (later, later))
    now = time.monotonic_ns()
    monkeypatch.setattr(time, "monotonic_ns", lambda: now)
    listing, status = Listing(), (home / "new").stat()
    assert listing.settled(status) == ""
    assert listing.settled(status) == ""
    now += scan._TICK_NS
    assert listing.settled(status) == scan.stamp_of(status)
    os.utime(home / "new", (later + 1, later + 1))
    assert listing.settled((home / "new").stat()) == ""


def test_message_that_we_mark_while_its_folder_is_listed_keeps_its_mark(
    home: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing may have either name, or both, or none."""
    wanted = key(mailbox, "number 1")
    flags = iter("FR")

    def mark_meanwhile(*arguments: object) -> object:
        found = scan.read_names(*arguments)  # type: ignore[arg-type]
        for flag in flags:
            mailbox.mark("", wanted, add=flag)
        return found

    monkeypatch.setattr(census, "read_names", mark_meanwhile)
    put(home, 3)
    page = mailbox.page("")
    assert [each.flags for each in page.entries] == ["", "", "FR", "S"]
    changes = mailbox.look().changes
    assert mailbox.look().changes == changes
    assert [each.flags for each in mailbox.page("").entries] == ["", "", "FR", "S"]
    assert names(home) == ["cur:2,FR", "cur:2,S", "new:", "new:"]


def test_tally_is_what_there_is(home: Path, tmp_path: Path) -> None:
    """Whatever comes, goes, is marked, looked into or replaced; folders that go are none."""
    index, chance = tmp_path / "index", random.Random(8)
    mailbox = Mailbox(home, index)
    folders = [home, home / ".Junk", make_maildir(home / ".Gone")]
    for number in range(100, 160):
        put(chance.choice(folders), number)
        if number % 20 == 0:
            mailbox.look()
        lying = list(home.glob("*/16*")) + list(home.glob(".*/*/16*"))
        path = chance.choice(lying)
        if number % 3 == 0:
            path.unlink()
        else:
            unique = path.name.partition(":")[0]
            info = chance.choice(["", ":2,", ":2,S", ":2,FS"])
            path.rename(path.parent.parent / ("cur" if info else "new") / f"{unique}{info}")
    mailbox.look()
    (home / ".Gone").rename(tmp_path / "gone")
    told = mailbox.look().folders
    mailbox.close()
    connection = sqlite3.connect(index)
    counted = connection.execute(
        "SELECT folder, count(*), sum(NOT seen), sum(known = 0) FROM message GROUP BY folder"
    ).fetchall()
    tally = connection.execute("SELECT folder, total, unread, unknown FROM tally").fetchall()
    connection.close()
    assert sorted(tally) == sorted(counted)
    assert {(each.name, each.total, each.unread) for each in told} == {row[:3] for row in counted}


@pytest.mark.parametrize(
    "query",
    ["a", "from:a", "to:a b", "subject:a", "after:2023-01-01 x", "is:unread", "is:flagged x"],
)
def test_search_reads_no_row_of_the_table(home: Path, tmp_path: Path, query: str) -> None:
    """It is all in one index, in the order of the list: a hundred thousand rows are 13 MB there."""
    mailbox = Mailbox(home, tmp_path / "index")
    mailbox.page("")
    mailbox.close()
    connection = sqlite3.connect(tmp_path / "index")
    condition = read_query(query)
    for selected, order in (("id", "ORDER BY time DESC, key DESC LIMIT 51"), ("count(*)", "")):
        [(*_, plan)] = connection.execute(
            f"EXPLAIN QUERY PLAN SELECT {selected} FROM message"
            f" WHERE folder = ? AND (time, key) < (?, ?) AND {condition.sql} {order}",
            ("", 2e9, "", *condition.values),
        ).fetchall()
        assert plan.startswith("SEARCH message USING COVERING INDEX in_order")
    connection.close()


@pytest.mark.parametrize("query", ["number 1", "subject:r", "is:unread", "before:2022-02-21"])
def test_pages_of_a_search_have_one_total(home: Path, mailbox: Mailbox, query: str) -> None:
    """Whichever is read: the first, one in the middle, the last, or one on the way back."""
    for number in range(10, 30):
        put(home, number)
    total = len(mailbox.page("", query, count=100).entries)
    page = mailbox.page("", query, count=3)
    seen = len(page.entries)
    assert page.total == total
    while page.older is not None:
        page = mailbox.page("", query, at=page.older, count=3)
        seen += len(page.entries)
        assert page.total == total
    assert seen == total
    while page.newer is not None:
        page = mailbox.page("", query, at=page.newer, count=3)
        assert page.total == total
    assert len(page.entries) == min(total, 3)
