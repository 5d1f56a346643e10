"""The page of refusals says what gomail does."""

from gomail.checks.policy import RULES
from tests.catalogue.refusals import PAGE, page


def test_page_is_what_the_lists_say() -> None:
    """``python -m tests.catalogue.refusals`` writes it."""
    assert PAGE.read_text() == page()


def test_each_rule_has_a_name_of_its_own() -> None:
    """It is a key of the configuration, and stands in replies: short words with hyphens."""
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalpha() and name.islower() for name in names)
