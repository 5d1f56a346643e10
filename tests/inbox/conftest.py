"""A Maildir, and an inbox on it."""

from pathlib import Path

import pytest

from gomail.inbox.mailbox import Mailbox
from tests.inbox.maildir import make_maildir, put


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
