"""What is left of hostile messages: W1, W2, W4, W5 and E8 of docs/SECURITY.md."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gomail.reading import browser, opened
from gomail.reading.markup import IMAGES
from gomail.reading.reader import Unreadable
from gomail.reading.sheet import SHEET_OCTETS, Sheet, write_sheet
from gomail.reading.taking import list_attachments, take_attachment
from tests.inbox.hostile import REMOTE, hostile
from tests.thorough import often

ALL = dict(hostile())
BOMBS = [name for name in ALL if name.startswith("bomb-")]
OTHERS = [name for name in ALL if name not in BOMBS]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}\Z")
_KEPT = frozenset({"a", "img"})
_DATA = re.compile(rf"data:({'|'.join(IMAGES)});base64,[A-Za-z0-9+/=]+\Z")
_LINK = re.compile(r"(https?://|mailto:)[!-~]*\Z")


class Left(HTMLParser):
    """What of HTML could act or load."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.bad: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element."""
        self.tags.add(tag)
        for name, value in attrs:
            if not _is_harmless(tag, name, value or ""):
                self.bad.append(f"<{tag} {name}={value!r}>")

    def handle_comment(self, data: str) -> None:
        """Mind a comment."""
        self.bad.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        """Mind a declaration, as well as what follows."""
        self.bad.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        """Mind a processing instruction."""
        self.bad.append(f"<?{data}")


def _is_harmless(tag: str, name: str, value: str) -> bool:
    if name == "href":
        return tag == "a" and bool(_LINK.match(value))
    if name == "src":
        return tag == "img" and bool(_DATA.match(value))
    if name == "style":
        return not re.search(
            r"url|image|import|expression|[\\{}@<>/]|position|--", value, re.IGNORECASE
        )
    return name in {
        "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "color", "colspan",
        "dir", "face", "height", "lang", "nowrap", "rel", "rowspan", "size", "span", "start",
        "target", "title", "type", "valign", "value", "width",
    }  # fmt: skip


def test_there_are_two_hundred() -> None:
    """And each is another one."""
    assert len(ALL) >= 200
    assert len(set(ALL.values())) == len(ALL)


@pytest.mark.parametrize("name", OTHERS)
def test_w1_w2_nothing_is_left_that_acts_or_loads(name: str) -> None:
    """No script, no handler, nothing elsewhere; what the child says can be said."""
    octets = ALL[name]
    sheet = browser.read_sheet(octets, len(octets))
    assert len(write_sheet(sheet)) < SHEET_OCTETS
    if sheet.markup is not None:
        left = Left(sheet.markup.html)
        assert left.bad == []
        assert left.tags.isdisjoint({"script", "style", "svg", "math", "iframe", "form", "link"})


@pytest.mark.parametrize("name", [name for name in OTHERS if name.startswith("remote-")])
def test_w2_what_is_elsewhere_is_counted(name: str) -> None:
    """Unless it waits for a click, or needs a script."""
    octets = ALL[name]
    markup = browser.read_sheet(octets, len(octets)).markup
    assert markup is not None
    waits = {"remote-meta-dns-prefetch", "remote-cite", "remote-websocket", "remote-beacon"}
    assert bool(markup.remote) is (name not in waits)


def test_w1_the_looking_finds_something() -> None:
    """A page that nobody has cleaned is full of it."""
    for name in ("script-image-onerror", "remote-image", "style-inline-background"):
        assert Left(ALL[name].decode()).bad
    assert "script" in Left(ALL["script-script-element"].decode()).tags
    assert REMOTE in ALL["remote-image"].decode()


@contextmanager
def read(octets: bytes, folder: Path) -> Iterator[int]:
    """Give an open file with a message."""
    path = folder / "stored"
    path.write_bytes(octets)
    with path.open("rb") as file:
        yield file.fileno()


@pytest.mark.parametrize(
    "name", [name for name in OTHERS if name.startswith("names-")][:: often(5, 1)]
)
def test_w4_names_are_safe(name: str, tmp_path: Path) -> None:
    """Whatever an attachment is called, in each form in which names come."""
    with read(ALL[name], tmp_path) as stored:
        attachments = list_attachments(stored)
        assert [each.number for each in attachments.found] == ["2", "3", "4"]
        for each in attachments.found:
            assert _NAME.match(each.name)
            found, file = take_attachment(stored, each.number)
            with file:
                assert found == each
                assert file.read() == b"<script>alert(1)</script>"


@pytest.mark.parametrize("name", BOMBS[:: often(8, 1)])
def test_w5_e8_bombs_are_bounded(name: str, tmp_path: Path) -> None:
    """There is something to see of each, though not always all of it."""
    with read(ALL[name], tmp_path) as stored:
        sheet = opened.read_sheet(stored)
        assert isinstance(sheet, Sheet)
        assert sheet.message.field("To") or sheet.message.problems
        assert os.fstat(stored).st_size == sheet.message.size


def test_html_that_costs_the_child_its_life_leaves_the_text(tmp_path: Path) -> None:
    """Nested divisions take nh3 time that grows with their square."""
    octets = ALL["bomb-divisions"]
    with read(octets, tmp_path) as stored:
        sheet = opened.read_sheet(stored)
        assert not isinstance(sheet, Unreadable)
        assert sheet.markup is None
        assert sheet.message.field("Subject") == "divisions"
        assert "its HTML cannot be shown" in sheet.message.problems


@pytest.mark.parametrize("name", [name for name in OTHERS if name.startswith("results-")])
def test_results_of_others_are_none(name: str, tmp_path: Path) -> None:
    """Only what our own server has put above its Received counts."""
    with read(ALL[name], tmp_path) as stored:
        sheet = opened.read_sheet(stored, "MX.here.example.")
        assert isinstance(sheet, Sheet)
        assert (sheet.results is not None) is (name == "results-with-markup")
