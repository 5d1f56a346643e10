"""docs/reference/, and the picture of a terminal, say what the program says."""

import html
import re
from types import ModuleType

import pytest

from tests.catalogue import api, commands, events, picture, settings

MADE = [api, commands, events, settings]


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_page_is_as_the_program_says(made: ModuleType) -> None:
    """Its own command writes it anew."""
    assert made.PAGE.read_text() == made.page(), f"run: python -m {made.__name__}"


def test_every_setting_is_told_of() -> None:
    """None of them is without a type and a meaning, and all tables are there."""
    rows = [line.split(" | ") for line in settings.page().splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows if len(row) > 3 and not row[3].strip(" |")] == []
    assert len(rows) > 60


def test_every_key_of_the_log_is_told_of() -> None:
    """None is left out, and none is told of that there is not."""
    assert {key for each in events.written() for key in each} == set(events.KEYS)


def test_picture_is_of_what_is_said() -> None:
    """Word for word; how it is drawn may differ from version to version of what draws it."""
    drawn = re.findall(r"<text [^>]*>([^<]*)</text>", picture.PAGE.read_text())
    told = "".join(html.unescape("".join(drawn)).split())
    assert told == "".join(f"$ {picture.TYPED}{picture.said()}".split())
    assert picture.PAGE.stat().st_size < 100_000
