"""A Maildir listed, searched, opened and marked by the inbox."""

import os
from pathlib import Path

import pytest

from gomail.inbox.mailbox import Folder, Listed, Mailbox, NoSuchMessage, NoSuchPage
from tests.inbox.maildir import key, make_maildir, names, put, subjects


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
    assert mailbox.page("").folders == (
        Folder("", 3, 2),
        Folder("Entwürfe", 0, 0),
        Folder("Junk", 1, 1),
        Folder("git", 0, 0),
    )
    put(home / ".Entw&APw-rfe", 5, "draft", place="cur", info=":2,DS")
    assert subjects(mailbox, folder="Entwürfe") == ["draft"]
    put(home / ".Junk", 10)
    assert mailbox.page("").folders[2] == Folder("Junk", 2, 2)
    (home / ".Junk").rename(home / "elsewhere")
    assert [each.name for each in mailbox.page("").folders] == ["", "Entwürfe", "git"]
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
    wanted = key(mailbox, "number 2")
    (home / "cur").rename(home / "away")
    with pytest.raises(NotADirectoryError, match="no folder cur"):
        mailbox.mark("", wanted, add="S")
    assert len(list((home / "new").iterdir())) == 2


def test_neighbours_are_next_in_time(mailbox: Mailbox) -> None:
    """For the keys j and k."""
    newest, middle, oldest = (each.key for each in mailbox.page("").entries)
    assert mailbox.neighbours("", newest) == (None, middle)
    assert mailbox.neighbours("", middle) == (newest, oldest)
    assert mailbox.neighbours("", oldest) == (middle, None)
