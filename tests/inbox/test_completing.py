"""Messages that can't be read at once, or not at all, and pages that don't wait for them."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gomail.inbox import completing
from gomail.inbox.mailbox import Listed, Mailbox
from gomail.inbox.row import Row
from gomail.reading import batch, reader
from tests.inbox.maildir import put, subjects
from tests.patience import PATIENCE
from tests.system.running import until

_READER = """\
import os, sys, time; sys.path += sys.argv[1].split(os.pathsep)
import gomail.reading.heads as heads
{0}
heads.main(sys.argv[2:])
"""
_DEAD = "os.kill(os.getpid(), 9)"
_REFUSED = """
def refuse(*_):
    raise PermissionError(13, "Permission denied")
heads.open_in = refuse
"""


def started_as(patched: pytest.MonkeyPatch, what: str) -> list[str]:
    """Have children do something before they read; give the list of those that are started."""
    started: list[str] = []

    def child_command(module: str, *arguments: str) -> list[str]:
        started.append(module)
        found = reader.child_command(module, *arguments)
        found[found.index("-c") + 1] = _READER.format(what)
        return found

    patched.setattr(batch, "child_command", child_command)
    return started


def completed_until(mailbox: Mailbox, is_enough: Callable[[list[Listed]], bool]) -> list[Listed]:
    """Look until enough was told to have been looked into."""
    told: list[Listed] = []
    deadline = time.monotonic() + PATIENCE
    while not is_enough(told):
        assert time.monotonic() < deadline
        told += mailbox.look().completed
        time.sleep(0.01)
    return told


def test_message_is_read_when_its_rights_are_mended(
    home: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as it is shown again; until then it costs no process, however often it is shown."""
    with monkeypatch.context() as patched:
        started = started_as(patched, _REFUSED)
        assert subjects(mailbox) == ["", "", ""]
        for _ in range(3):
            page = mailbox.page("")
            mailbox.look()
        assert len(started) <= 2  # one is for the other folder
    assert page.unknown == 0
    assert page.entries[0].size > 0
    assert subjects(mailbox) == ["", "", ""]
    next((home / "new").glob("1645409902*")).chmod(0o600)
    assert subjects(mailbox) == ["number 2", "", ""]
    assert subjects(mailbox, "number") == ["number 2"]


def test_message_that_can_not_be_read_is_tried_again_now_and_then(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What kept it from being read need not show in the file; searches find it without a page."""
    with monkeypatch.context() as patched:
        started = started_as(patched, _REFUSED)
        mailbox.page("")
        mailbox.look()
    assert len(started) <= 2
    monkeypatch.setattr(completing, "AGAIN", 0.0)
    mailbox._completing._again_at = time.monotonic()
    told = completed_until(mailbox, lambda told: len(told) >= 3)
    assert {each.subject for each in told} >= {"number 0", "number 1", "number 2"}
    assert mailbox.page("", "number").total == 3


def test_message_whose_child_was_killed_is_tried_again(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knows who has killed it: it may have been no message's fault."""
    with monkeypatch.context() as patched:
        started_as(patched, _DEAD)
        assert subjects(mailbox) == ["", "", ""]
        mailbox._completing._filling.close()
    mailbox._completing._try_again("")
    assert subjects(mailbox) == ["number 2", "number 1", "number 0"]
    assert mailbox.page("", "number").total == 3


def test_message_that_costs_a_child_its_life_each_time_is_left(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it stays as it is: each try costs the machine a second or more."""
    started = started_as(monkeypatch, _DEAD)
    assert subjects(mailbox) == ["", "", ""]
    mailbox._completing._filling.close()
    mailbox._completing._try_again("")
    tried = len(started)
    mailbox._completing._try_again("")
    mailbox.page("")
    assert len(started) == tried


def test_file_of_the_far_future_costs_nothing(home: Path, mailbox: Mailbox) -> None:
    """Its time is beyond what SQLite has numbers for; programs set it to what a message says."""
    file = next((home / "new").glob("1645409902*"))
    os.utime(file, (0, 2**33 + 2**32))
    assert subjects(mailbox) == ["number 2", "number 1", "number 0"]
    assert mailbox.page("", "number").total == 3


def test_those_that_can_not_be_read_take_turns(
    home: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many that not all are tried at once: some now, the others the next time."""
    monkeypatch.setattr(completing, "BATCH", 2)
    for number in range(3, 5):
        put(home, number)
    with monkeypatch.context() as patched:
        started_as(patched, _REFUSED)
        assert subjects(mailbox) == [""] * 5
        mailbox._completing._filling.close()
    tried: list[list[str]] = []

    def look_into(_: object, rows: list[Row]) -> list[None]:
        tried.append([row.file for row in rows])
        return [None] * len(rows)

    monkeypatch.setattr(completing, "look_into", look_into)
    for _ in range(4):
        mailbox._completing._try_again("")
    assert [len(each) for each in tried] == [2, 2, 1, 2]
    assert len({file for each in tried[:3] for file in each}) == 5
    assert tried[3] == tried[0]


def test_page_waits_for_no_child(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not looked into in time is shown without a subject, and told when it was."""
    mailbox = Mailbox(home, None, patience=0.05)
    assert subjects(mailbox) == ["number 2", "number 1", "number 0"]  # the first is waited for
    mailbox.look()
    mended = tmp_path / "mended"
    started_as(monkeypatch, f"while not os.path.exists({str(mended)!r}): time.sleep(0.01)")
    put(home, 3)
    until(lambda: len(subjects(mailbox)) == 4, "the listing")
    assert subjects(mailbox) == ["", "number 2", "number 1", "number 0"]
    assert [each.subject for each in mailbox.look().come] == [""]
    assert mailbox.page("", "number").total == 3
    mended.touch()
    told = completed_until(mailbox, bool)
    assert {each.subject for each in told} == {"number 3"}
    assert mailbox.page("", "number").total == 4
    assert mailbox.look().completed == ()


def test_page_waits_for_no_listing(home: Path) -> None:
    """As where a folder has a hundred thousand files, or a disk hangs: it has what was known."""
    mailbox = Mailbox(home, None, patience=0.05)
    assert len(subjects(mailbox)) == 3
    mailbox.look()
    with mailbox._following.census.listing:
        put(home, 3)
        began = time.monotonic()
        page = mailbox.page("")
        assert time.monotonic() - began < PATIENCE
        assert page.total == 3
        with pytest.raises(LookupError):
            mailbox.page("none")
        marked = mailbox.mark("", page.entries[0].key, add="F")
        assert (marked.flags, marked.subject) == ("F", "number 2")
        assert mailbox.neighbours("", page.entries[0].key)[1] == page.entries[1].key
    look = mailbox.look()
    assert len(look.come) == 1
    assert look.changes > page.changes
    assert [each.flags for each in mailbox.page("").entries] == ["", "F", "", "S"]
