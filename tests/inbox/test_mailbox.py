"""A Maildir as the web inbox sees it."""

from pathlib import Path

import pytest

from gomail.inbox.mailbox import Mailbox


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three messages in the inbox and one in a folder."""
    home = tmp_path / "Maildir"
    for folder in ("new", "cur", "tmp", ".Junk/new", ".Junk/cur"):
        (home / folder).mkdir(parents=True)
    for number in range(3):
        put(home, number, f"Subject: number {number}\nFrom: Ann <ann@a.example>\n\n")
    put(home / ".Junk", 9, "Subject: =?utf-8?q?Gew=C3=BCrz?=\n\n")
    return home


def put(folder: Path, number: int, message: str) -> None:
    """Put a message in a folder's new/."""
    (folder / f"new/{1645409900 + number}.M7P1Q{number}R1.mx.example").write_text(message)


def test_newest_message_is_first(home: Path) -> None:
    """A page has as many messages as were asked for, and tells where the next begins."""
    mailbox = Mailbox(home, None)
    page = mailbox.page("", count=2)
    assert [each.subject for each in page.entries] == ["number 2", "number 1"]
    assert page.total == 3
    rest = mailbox.page("", at=page.older, count=2)
    assert [each.subject for each in rest.entries] == ["number 0"]
    assert rest.older is None


def test_flag_is_in_the_name(home: Path) -> None:
    """A message that is flagged lies in cur/ then, and keeps its key."""
    mailbox = Mailbox(home, None)
    key = mailbox.page("").entries[0].key
    assert mailbox.mark("", key, add="SF").flags == "FS"
    assert mailbox.find("", key).recent is False
    assert [each.name for each in (home / "cur").iterdir()] == [
        "1645409902.M7P1Q2R1.mx.example:2,FS"
    ]


def test_message_that_comes_is_seen_once(home: Path) -> None:
    """A look tells what has come since the one before."""
    mailbox = Mailbox(home, None)
    assert mailbox.look() == ()
    put(home / ".Junk", 10, "Subject: late\n\n")
    assert [each.subject for each in mailbox.look()] == ["late"]
    assert mailbox.look() == ()
