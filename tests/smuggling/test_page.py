"""docs/smuggling.md says what was measured."""

import json

from tests.smuggling.page import MEASURED, PAGE, page
from tests.smuggling.sequences import SEQUENCES


def test_page_has_the_tables_of_what_was_measured() -> None:
    """It is written by `page`, and not by hand."""
    text = PAGE.read_text()
    assert page(text, json.loads(MEASURED.read_text())) == text


def test_what_was_measured_is_of_these_sequences() -> None:
    """None of them has another name by now, and there are as many as the page says."""
    names = {each.name for each in SEQUENCES}
    for measured in json.loads(MEASURED.read_text()).values():
        assert names >= measured["at once"].keys() | measured["in pieces"].keys()
    assert f"{len(SEQUENCES):,} sequences" in PAGE.read_text()
