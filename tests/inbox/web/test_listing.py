"""What a list says of what it does not know yet."""

from pathlib import Path

import pytest

from gomail.inbox.mailbox import Mailbox
from gomail.inbox.web.drawing import Drawing
from gomail.inbox.web.site import Visit
from gomail.reading import batch
from tests.inbox.maildir import make_maildir, put


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, ""),
        (1, "1 message has not been looked into yet"),
        (2, "2 messages have not been looked into yet"),
    ],
)
def test_what_no_search_finds_yet_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, told: str
) -> None:
    """While no process can be started nothing is looked into."""
    monkeypatch.setattr(batch, "child_command", lambda *_: ["/nonexistent"])
    make_maildir(tmp_path / "Maildir")
    for number in range(count):
        put(tmp_path / "Maildir", number)
    found = Mailbox(tmp_path / "Maildir", None).page("", "number")
    visit = Visit(None, "", closed=False)  # type: ignore[arg-type]
    values = {"visit": visit, "folder": "", "query": "number", "at": "", "here": None, "rows": []}
    page = Drawing().page("list.html", found=found, **values).decode()
    assert told in page
    assert page.count("looked into") == bool(told)
