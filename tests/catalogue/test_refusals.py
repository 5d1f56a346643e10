"""The page of refusals says what gomail does."""

from tests.catalogue.refusals import PAGE, page


def test_page_is_what_the_lists_say() -> None:
    """``python -m tests.catalogue.refusals`` writes it."""
    assert PAGE.read_text() == page()
