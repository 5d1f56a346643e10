"""The inbox follows what comes, and what other readers do to it."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from gomail.inbox.mailbox import Mailbox
from gomail.reading import batch
from tests.inbox.maildir import key, make_maildir, put, subjects
from tests.patience import PATIENCE


def test_look_tells_what_has_come(home: Path, mailbox: Mailbox) -> None:
    """Once, whoever saw it first, in folders that are new, too; not what was only renamed."""
    assert mailbox.look().come == ()
    put(home, 3)
    put(home / ".Junk", 10, "more")
    mailbox.page("")
    put(make_maildir(home / ".Lists"), 11, "new folder")
    moved = next((home / "new").glob("1645409901*"))
    moved.rename(home / "cur" / f"{moved.name}:2,")
    assert [(each.folder, each.subject) for each in mailbox.look().come] == [
        ("Lists", "new folder"),
        ("Junk", "more"),
        ("", "number 3"),
    ]
    assert mailbox.look().come == ()


def test_page_before_the_first_look_is_where_looking_begins(home: Path, mailbox: Mailbox) -> None:
    """What has come between the two is told, what was on the page isn't."""
    mailbox.page("")
    put(home, 3)
    assert [each.subject for each in mailbox.look().come] == ["number 3"]


def test_changes_are_counted(home: Path, mailbox: Mailbox) -> None:
    """So that whoever shows a list knows when to show it anew."""
    mailbox.look()
    before = mailbox.look().changes
    mailbox.look()
    assert mailbox.look().changes == before
    next((home / "cur").iterdir()).unlink()
    mailbox.look()
    assert mailbox.look().changes == before + 1


def test_two_files_of_one_message_are_one(home: Path, mailbox: Mailbox) -> None:
    """A reader that died in the middle has left both; the one in cur/ counts while it is there."""
    original = next((home / "new").glob("1645409902*"))
    copy = home / "cur" / f"{original.name}:2,F"
    copy.write_bytes(original.read_bytes())
    assert mailbox.page("").total == 3
    wanted = key(mailbox, "number 2")
    assert mailbox.find("", wanted).flags == "F"
    copy.unlink()
    assert mailbox.find("", wanted).recent is True
    assert mailbox.page("").total == 3
    original.unlink()
    assert mailbox.page("").total == 2


def test_message_that_is_replaced_is_read_again(home: Path, mailbox: Mailbox) -> None:
    """The name is the same, and the file is not."""
    assert "number 2" in subjects(mailbox)
    path = next((home / "new").glob("1645409902*"))
    path.write_text("Subject: another\n\n")
    assert subjects(mailbox)[0] == "another"
    assert subjects(mailbox, "another") == ["another"]


def test_what_is_no_message_is_none(home: Path, mailbox: Mailbox) -> None:
    """Folders, links, pipes and hidden files are passed by; nothing waits for them."""
    (home / "new/folder").mkdir()
    (home / "new/link").symlink_to("/etc/passwd")
    (home / "cur/.hidden").write_text("Subject: hidden\n\n")
    os.mkfifo(home / "new/pipe")
    assert mailbox.page("").total == 3
    (home / ".Linked").symlink_to(home / ".Junk")
    assert [each.name for each in mailbox.look().folders] == ["", "Junk"]


def test_n6_folder_that_becomes_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    """Nor is new/ or cur/; that is told as of one that has gone."""
    elsewhere = make_maildir(tmp_path / "elsewhere")
    put(elsewhere, 1, "secret")
    mailbox = Mailbox(home, None)
    mailbox.page("")
    (home / "new").rename(home / "old")
    (home / "new").symlink_to(elsewhere / "new")
    with pytest.raises(FileNotFoundError, match="the folder 'new' is not there any more"):
        mailbox.page("")
    mailbox = Mailbox(home, None)
    assert subjects(mailbox) == ["number 0"]


def test_names_that_are_no_text_are_names(home: Path, mailbox: Mailbox) -> None:
    """Files and folders may be called by any octets, and tell no time."""
    path = home / "new" / os.fsdecode(b"\xff\xfe")
    path.write_bytes(b"Subject: =?utf-7?q?+2D0-?= odd\nFrom: \xff\xfe\0\n\n")
    os.utime(path, (5, 5))
    (home / os.fsdecode(b".\xffx") / "new").mkdir(parents=True)
    last = mailbox.page("").entries[-1]
    assert (last.subject, last.time, last.recent) == ("? odd", 5.0, True)
    assert last.author == "ÿþ"
    assert mailbox.mark("", last.key, add="S").flags == "S"
    assert [each.name for each in mailbox.look().folders][1:] == ["Junk", "\\udcffx"]
    assert mailbox.page("\\udcffx").total == 0


def test_all_is_looked_into_in_the_end(home: Path) -> None:
    """A page has what it shows at once, and the rest follows without being asked for."""
    for number in range(100, 800):
        put(home, number, f"=?utf-8?q?caf=C3=A9?= {number}")
    mailbox = Mailbox(home, None)
    page = mailbox.page("", count=2)
    assert [each.subject for each in page.entries] == ["café 799", "café 798"]
    assert page.unknown > 0
    deadline = time.monotonic() + PATIENCE
    while mailbox.page("").unknown:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert mailbox.page("", "cafe from:ann").total == 700
    mailbox.close()


def test_threads_share_it_with_other_readers(home: Path) -> None:
    """Three mark and list while mail comes and a reader renames: nothing is lost or double."""
    mailbox = Mailbox(home, None)
    wanted = key(mailbox, "number 1")
    stop = time.monotonic() + 1.5

    def mark() -> None:
        while time.monotonic() < stop:
            mailbox.mark("", wanted, add="F")
            mailbox.mark("", wanted, remove="F")
            assert mailbox.page("", count=3).total >= 3

    def rename() -> None:
        while time.monotonic() < stop:
            for path in (home / "cur").glob("1645409901*"):
                info = "S" if path.name.endswith(",") else ""
                with suppress(FileNotFoundError):
                    path.rename(path.with_name(path.name.partition(":")[0] + f":2,{info}"))

    with ThreadPoolExecutor() as pool:
        working = [pool.submit(work) for work in (mark, mark, mark, rename)]
        number = 1000
        while time.monotonic() < stop:
            put(home, number := number + 1)
            time.sleep(0.01)
        for each in working:
            each.result()
    assert len(list(home.glob("*/1645409901*"))) == 1
    assert mailbox.page("").total == 3 + number - 1000
    mailbox.close()


def test_message_is_looked_into_when_that_can_be_done_again(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no process can be started the list has no subjects; none is taken for empty."""
    with monkeypatch.context() as patched:
        patched.setattr(batch, "child_command", lambda *_: ["/nonexistent"])
        page = mailbox.page("")
        assert [each.subject for each in page.entries] == ["", "", ""]
        assert page.unknown == 3
        assert mailbox.page("", "number").total == 0
    assert subjects(mailbox) == ["number 2", "number 1", "number 0"]


def test_message_that_can_not_be_read_is_asked_for_once(
    home: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is listed without a subject, and again when it has changed."""
    with monkeypatch.context() as patched:
        patched.setattr(batch, "child_command", lambda *_: ["/bin/false"])
        patched.setattr(batch, "_CHILDREN_LOST", 3)
        assert subjects(mailbox) == ["", "", ""]
    assert subjects(mailbox) == ["", "", ""]
    assert mailbox.page("").entries[0].size > 0
    put(home, 2, "changed")
    assert subjects(mailbox)[0] == "changed"
