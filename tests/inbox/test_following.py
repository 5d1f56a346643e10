"""The inbox follows what comes, and what other readers do to it."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gomail.inbox import scan
from gomail.inbox.mailbox import Folder, Mailbox, NoSuchMessage
from gomail.reading import batch
from gomail.reading.maildir import Maildir
from tests.inbox.maildir import key, locked, make_maildir, put, subjects
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


def test_missing_maildir_is_told(tmp_path: Path) -> None:
    """And once it is there it is read."""
    mailbox = Mailbox(tmp_path / "none", None)
    with pytest.raises(FileNotFoundError):
        mailbox.page("")
    put(make_maildir(tmp_path / "none"), 1)
    assert mailbox.page("").total == 1


@pytest.mark.parametrize("place", ["new", "cur"])
def test_folder_that_can_not_be_read_is_told(home: Path, place: str) -> None:
    """It is not taken for empty; the others go on, and so does it when it can be read again."""
    said: list[str] = []
    mailbox = Mailbox(home, None, said.append)
    assert mailbox.look().come == ()
    put(home / ".Junk", 10, "more")
    with locked(home / place):
        with pytest.raises(PermissionError, match=f"the folder '{place}' can't be read"):
            mailbox.page("")
        assert [each.subject for each in mailbox.look().come] == ["more"]
        told = mailbox.page("Junk").folders
        assert told == mailbox.look().folders
        assert told == (Folder("", 3, 2, readable=False), Folder("Junk", 2, 2))
    (line,) = said
    assert line.startswith(f"what comes to the inbox is not seen: the folder '{place}' can't be")
    put(home, 3)
    look = mailbox.look()
    assert [each.subject for each in look.come] == ["number 3"]
    assert all(each.readable for each in look.folders)
    assert mailbox.page("").total == 4


@pytest.mark.parametrize("place", ["new", "cur"])
@pytest.mark.parametrize("quiet", [0, 1 << 60])
def test_folder_that_has_gone_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, quiet: int
) -> None:
    """It is not taken for empty, nor by the next inbox; what was in it has not come with it."""
    monkeypatch.setattr(scan, "_TICK_NS", quiet)
    said: list[str] = []
    mailbox = Mailbox(home, tmp_path / "index", said.append)
    before = mailbox.look()
    wanted = next(each.key for each in mailbox.page("").entries if each.recent == (place == "new"))
    (home / place).rename(home / "away")
    put(home / ".Junk", 10, "more")
    for _ in range(2):
        with pytest.raises(FileNotFoundError, match=f"the folder '{place}' is not there any more"):
            mailbox.page("")
        with pytest.raises(FileNotFoundError):
            mailbox.find("", wanted)
    look = mailbox.look()
    assert [each.subject for each in look.come] == ["more"]
    assert look.folders[0] == replace(before.folders[0], readable=False)
    mailbox.close()
    mailbox = Mailbox(home, tmp_path / "index", said.append)
    mailbox.look()
    with pytest.raises(FileNotFoundError):
        mailbox.page("")
    why = f"what comes to the inbox is not seen: the folder '{place}' is not there any more"
    assert said == [why, why]
    (home / "away").rename(home / place)
    assert mailbox.look().come == ()
    assert mailbox.page("").total == 3


def test_folder_that_was_never_there_is_none(home: Path, tmp_path: Path) -> None:
    """Where there is new/ alone that is shown; and cur/ when it comes."""
    put(home / ".Junk", 10, "more")
    (home / ".Junk/cur").rmdir()
    mailbox = Mailbox(home, tmp_path / "index")
    for _ in range(2):
        mailbox.look()
        assert subjects(mailbox, folder="Junk") == ["more", "Gewürz"]
    mailbox.close()
    mailbox = Mailbox(home, tmp_path / "index")
    assert subjects(mailbox, folder="Junk") == ["more", "Gewürz"]
    (home / ".Junk/cur").mkdir()
    put(home / ".Junk", 11, "read", place="cur", info=":2,S")
    assert subjects(mailbox, folder="Junk") == ["read", "more", "Gewürz"]


def test_what_lay_in_a_folder_that_could_not_be_read_has_not_come(home: Path) -> None:
    """It has been there before it was seen."""
    mailbox = Mailbox(home, None)
    with locked(home / ".Junk"):
        look = mailbox.look()
        assert look.come == ()
        assert look.folders[1] == Folder("Junk", 0, 0, readable=False)
    assert mailbox.look().come == ()
    assert subjects(mailbox, folder="Junk") == ["Gewürz"]


def test_folder_that_has_just_gone_is_none(
    home: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list of the folders and the look into them."""
    mailbox.look()
    put(home, 3)
    (home / ".Junk").rename(home / "elsewhere")
    with pytest.raises(NoSuchMessage):
        mailbox.page("Junk")
    with monkeypatch.context() as patched:
        patched.setattr(Maildir, "folders", lambda _: ("", "Junk"))
        assert [each.subject for each in mailbox.look().come] == ["number 3"]
    make_maildir(home / ".New")
    assert [each.name for each in mailbox.look().folders] == ["", "New"]


def test_folder_that_can_not_be_read_holds_up_no_other(home: Path) -> None:
    """Messages of the others are looked into."""
    mailbox = Mailbox(home, None)
    mailbox.look()
    with locked(home / "new"):
        mailbox.look()
        deadline = time.monotonic() + PATIENCE
        while mailbox._following.do(lambda _, index: index.count_unknown("Junk")):
            assert time.monotonic() < deadline
            time.sleep(0.01)


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
