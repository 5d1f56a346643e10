"""What HTML a browser is spared."""

import pytest

from gomail.inbox.web.weight import DEPTH, ELEMENTS, is_light


@pytest.mark.parametrize(
    ("html", "light"),
    [
        ("", True),
        ("<p>text<br>" * 50 + "</p>" * 50, True),
        ("<p>x</p>" * ELEMENTS, True),
        ("<p>x</p>" * (ELEMENTS + 1), False),
        ("<b>" * DEPTH + "x" + "</b>" * DEPTH, True),
        ("<b>" * (DEPTH + 1) + "x" + "</b>" * (DEPTH + 1), False),
        ("<table><tbody><tr><td>" * 20_000, False),
        ("<br>" * ELEMENTS, True),
        ('<img src="data:image/png;base64,AAAA">' * (ELEMENTS + 1), False),
    ],
)
def test_e8_elements_and_depth_are_bounded(html: str, light: bool) -> None:  # noqa: FBT001 -- pytest gives it by name
    """Eighty thousand tables in each other would hang it for minutes."""
    assert is_light(html) is light
