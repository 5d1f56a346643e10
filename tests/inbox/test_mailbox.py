"""A Maildir as the inbox in the browser sees it, while other readers are at work."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from gomail.inbox.mailbox import Folder, Listed, Mailbox, NoSuchMessage, NoSuchPage
from tests.inbox.maildir import make_maildir, names, put
from tests.patience import PATIENCE


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three messages in the inbox, one of which is read, and one in a folder."""
    home = make_maildir(tmp_path / "Maildir", "Junk")
    put(home, 0, place="cur", info=":2,S")
    put(home, 1)
    put(home, 2)
    put(home / ".Junk", 9, "=?utf-8?q?Gew=C3=BCrz?=")
    return home


@pytest.fixture
def mailbox(home: Path) -> Mailbox:
    """An inbox without a file for its index."""
    return Mailbox(home, None)


def subjects(mailbox: Mailbox, query: str = "", folder: str = "") -> list[str]:
    """List the subjects of a page."""
    return [each.subject for each in mailbox.page(folder, query).entries]


def key(mailbox: Mailbox, subject: str) -> str:
    """Give the key of a message in the inbox."""
    return next(each.key for each in mailbox.page("").entries if each.subject == subject)


def test_message_is_listed_with_what_it_says(home: Path, mailbox: Mailbox) -> None:
    """Newest first; the time is in the name, the rest in the header and the file."""
    page = mailbox.page("")
    assert (page.total, page.older, page.newer) == (3, None, None)
    assert page.entries[2] == Listed(
        key=page.entries[2].key,
        folder="",
        subject="number 0",
        author="Ann 0 <ann@sender.example>",
        recipients="you@here.example",
        time=1645409900.000007,
        dated=1645409900.0,
        size=next((home / "cur").iterdir()).stat().st_size,
        flags="S",
        recent=False,
    )
    assert [each.recent for each in page.entries] == [True, True, False]


def test_folders_are_counted(home: Path, mailbox: Mailbox) -> None:
    """The inbox first, names in modified UTF-7 as they are meant; what has gone is forgotten."""
    make_maildir(home / ".Entw&APw-rfe")
    (home / ".git").mkdir()
    assert mailbox.folders() == (
        Folder("", 3, 2),
        Folder("Entwürfe", 0, 0),
        Folder("Junk", 1, 1),
        Folder("git", 0, 0),
    )
    put(home / ".Entw&APw-rfe", 5, "draft", place="cur", info=":2,DS")
    assert subjects(mailbox, folder="Entwürfe") == ["draft"]
    put(home / ".Junk", 10)
    assert mailbox.folders()[2] == Folder("Junk", 2, 2)
    (home / ".Junk").rename(home / "elsewhere")
    assert [each.name for each in mailbox.folders()] == ["", "Entwürfe", "git"]
    with pytest.raises(NoSuchMessage):
        mailbox.page("Junk")


@pytest.mark.parametrize("query", ["", "number"])
def test_pages_lead_to_each_other(home: Path, mailbox: Mailbox, query: str) -> None:
    """And mail that comes meanwhile moves nobody from where they are."""
    for number in range(3, 8):
        put(home, number)
    first = mailbox.page("", query, count=3)
    assert (first.newer, first.total) == (None, 8)
    put(home, 8)
    second = mailbox.page("", query, at=first.older, count=3)
    assert [each.subject for each in second.entries] == ["number 4", "number 3", "number 2"]
    third = mailbox.page("", query, at=second.older, count=3)
    assert [each.subject for each in third.entries] == ["number 1", "number 0"]
    assert third.older is None
    assert mailbox.page("", query, at=third.newer, count=3).entries == second.entries
    back = mailbox.page("", query, at=second.newer, count=3)
    assert back.entries == first.entries
    assert [each.subject for each in mailbox.page("", query, at=back.newer, count=3).entries] == [
        "number 8", "number 7", "number 6"
    ]  # fmt: skip


@pytest.mark.parametrize("query", ["", "number"])
def test_page_goes_on_behind_a_message_that_has_gone(
    home: Path, mailbox: Mailbox, query: str
) -> None:
    """The place stays, though nothing stands there any more."""
    place = mailbox.page("", query, count=1).older
    next((home / "new").glob("1645409902*")).unlink()
    assert [each.subject for each in mailbox.page("", query, at=place, count=1).entries] == [
        "number 1"
    ]


@pytest.mark.parametrize("at", ["", "1", "o", "o1_x", "x1_" + "0" * 24, "onan_" + "0" * 24, "o1\0"])
def test_what_is_no_place_is_told(mailbox: Mailbox, at: str) -> None:
    """Somebody has changed an address by hand."""
    with pytest.raises(NoSuchPage):
        mailbox.page("", at=at)


@pytest.mark.parametrize("wrong", ["../cur/x", "/etc/passwd", "", ".", "a\0b", "\udcff", "'; --"])
def test_w4_key_is_no_path(mailbox: Mailbox, wrong: str) -> None:
    """A key is compared with those that there are, and a folder as well."""
    mailbox.page("")
    for ask in (mailbox.find, mailbox.open, mailbox.mark, mailbox.neighbours):
        with pytest.raises(NoSuchMessage):
            ask("", wrong)
    with pytest.raises(NoSuchMessage):
        mailbox.page(wrong or "..")


def test_message_is_opened(mailbox: Mailbox) -> None:
    """By its key, as a descriptor."""
    with os.fdopen(mailbox.open("", key(mailbox, "number 1")), "rb") as file:
        assert b"Subject: number 1\n" in file.read()


def test_message_keeps_its_key_when_it_is_renamed(home: Path, mailbox: Mailbox) -> None:
    """Another reader has read it and answered between the list and the click."""
    wanted = key(mailbox, "number 1")
    before = next((home / "new").glob("1645409901*"))
    before.rename(home / "cur" / f"{before.name}:2,RS")
    with os.fdopen(mailbox.open("", wanted), "rb") as file:
        assert b"number 1" in file.read()
    found = mailbox.find("", wanted)
    assert (found.flags, found.recent) == ("RS", False)
    assert mailbox.page("").total == 3


def test_message_that_is_gone_is_told(home: Path, mailbox: Mailbox) -> None:
    """Another reader has removed it."""
    wanted = key(mailbox, "number 1")
    next((home / "new").glob("1645409901*")).unlink()
    for ask in (mailbox.open, mailbox.find, mailbox.neighbours):
        with pytest.raises(NoSuchMessage):
            ask("", wanted)
    with pytest.raises(NoSuchMessage):
        mailbox.mark("", wanted, add="S")
    assert subjects(mailbox) == ["number 2", "number 0"]


def test_flags_are_in_the_name(home: Path, mailbox: Mailbox) -> None:
    """In their order, in cur/; what other readers have set stays; nothing is ever deleted."""
    wanted = key(mailbox, "number 2")
    marked = mailbox.mark("", wanted, add="SF")
    assert (marked.flags, marked.recent) == ("FS", False)
    assert names(home) == ["cur:2,FS", "cur:2,S", "new:"]
    path = next((home / "cur").glob("*:2,FS"))
    path.rename(path.with_name(path.name + "ab"))
    assert mailbox.mark("", wanted, add="T", remove="F").flags == "STab"
    assert mailbox.mark("", wanted, remove="ST").flags == "ab"
    assert names(home) == ["cur:2,S", "cur:2,ab", "new:"]
    assert mailbox.mark("", key(mailbox, "number 1"), remove="S").recent is True
    assert names(home) == ["cur:2,S", "cur:2,ab", "new:"]


@pytest.mark.parametrize("flags", ["X", "a", "S:", "/", "\0"])
def test_w4_only_flags_can_be_set(home: Path, mailbox: Mailbox, flags: str) -> None:
    """What is none gets into no name."""
    with pytest.raises(ValueError, match="flags are of DFPRST"):
        mailbox.mark("", key(mailbox, "number 2"), add=flags)
    assert names(home) == ["cur:2,S", "new:", "new:"]


def test_message_can_not_be_marked_without_cur(home: Path, mailbox: Mailbox) -> None:
    """What the disk says is told, and the message stays where it is."""
    (home / "cur").rename(home / "away")
    with pytest.raises(NotADirectoryError, match="no folder cur"):
        mailbox.mark("", key(mailbox, "number 2"), add="S")
    assert len(list((home / "new").iterdir())) == 2


def test_neighbours_are_next_in_time(mailbox: Mailbox) -> None:
    """For the keys j and k."""
    newest, middle, oldest = (each.key for each in mailbox.page("").entries)
    assert mailbox.neighbours("", newest) == (None, middle)
    assert mailbox.neighbours("", middle) == (newest, oldest)
    assert mailbox.neighbours("", oldest) == (middle, None)


def test_look_tells_what_has_come(home: Path, mailbox: Mailbox) -> None:
    """Once, whoever saw it first, in folders that are new, too; not what was only renamed."""
    assert mailbox.look() == ()
    put(home, 3)
    put(home / ".Junk", 10, "more")
    mailbox.page("")
    put(make_maildir(home / ".Lists"), 11, "new folder")
    moved = next((home / "new").glob("1645409901*"))
    moved.rename(home / "cur" / f"{moved.name}:2,")
    assert [(each.folder, each.subject) for each in mailbox.look()] == [
        ("Lists", "new folder"),
        ("Junk", "more"),
        ("", "number 3"),
    ]
    assert mailbox.look() == ()


def test_page_before_the_first_look_is_where_looking_begins(home: Path, mailbox: Mailbox) -> None:
    """What has come between the two is told, what was on the page isn't."""
    mailbox.page("")
    put(home, 3)
    assert [each.subject for each in mailbox.look()] == ["number 3"]


def test_changes_are_counted(home: Path, mailbox: Mailbox) -> None:
    """So that whoever shows a list knows when to show it anew."""
    mailbox.look()
    before = mailbox.changes
    mailbox.look()
    assert mailbox.changes == before
    next((home / "cur").iterdir()).unlink()
    mailbox.look()
    assert mailbox.changes == before + 1


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
    assert [each.name for each in mailbox.folders()] == ["", "Junk"]


def test_n6_folder_that_becomes_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    """Nor is new/ or cur/; their messages are gone then."""
    elsewhere = make_maildir(tmp_path / "elsewhere")
    put(elsewhere, 1, "secret")
    mailbox = Mailbox(home, None)
    mailbox.page("")
    (home / "new").rename(home / "old")
    (home / "new").symlink_to(elsewhere / "new")
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
    assert [each.name for each in mailbox.folders()][1:] == ["Junk", "\\udcffx"]
    assert mailbox.page("\\udcffx").total == 0


def test_missing_maildir_is_told(tmp_path: Path) -> None:
    """And once it is there it is read."""
    mailbox = Mailbox(tmp_path / "none", None)
    with pytest.raises(FileNotFoundError):
        mailbox.page("")
    put(make_maildir(tmp_path / "none"), 1)
    assert mailbox.page("").total == 1


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
