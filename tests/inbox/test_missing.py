"""Folders that are missing, or can't be read: that is told, and nothing is forgotten."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from gomail.inbox import scan
from gomail.inbox.mailbox import Folder, Mailbox, NoSuchMessage
from gomail.reading.maildir import Maildir
from tests.inbox.maildir import locked, make_maildir, put, subjects
from tests.patience import PATIENCE


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
