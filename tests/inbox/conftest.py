"""A Maildir, and an inbox on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the indexes of all that a test has made: Python 3.13 minds one that is not."""
    made: list[Mailbox] = []
    begin = Mailbox.__init__

    def begin_and_note(self: Mailbox, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 -- whatever it takes
        begin(self, *arguments, **named)
        made.append(self)

    monkeypatch.setattr(Mailbox, "__init__", begin_and_note)
    yield
    for each in made:
        each.close()
