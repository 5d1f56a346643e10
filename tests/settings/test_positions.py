"""The line of a file in which a setting stands."""

import pytest

from gomail.recipients.mistake import Key
from gomail.settings.positions import lines_of

TEXT = """\
hostname = "mx.example.org"  # hostname = "no"

[[listener]]
endpoint = "tcp:25"
[[ listener ]]   # the second
  endpoint = "tcp:26"

[domains."Example.org"]
mailboxes = [
    "alice",
]
aliases.team = "alice"
aliases."a=b" = "alice"
[domains.'b\u00fccher.example'.aliases]
'x' = "alice"
["limits"]
"size" = 1
= broken
a..b = 1
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("hostname",), 1),
        (("listener", 0, "endpoint"), 4),
        (("listener", 1, "endpoint"), 6),
        (("listener", 1, "local"), 5),
        (("listener", 1), 5),
        (("domains", "example.org"), 8),
        (("domains", "Example.org", "mailboxes", 0), 9),
        (("domains", "example.org", "aliases", "team"), 12),
        (("domains", "example.org", "aliases", "a=b"), 13),
        (("domains", "example.org", "catch-all"), 8),
        (("domains", "xn--bcher-kva.example", "aliases", "x"), 15),
        (("limits", "size"), 17),
        (("limits", "no"), 16),
        (("listener",), 3),
        (("listener", "endpoint"), 3),
        (("nowhere",), None),
        ((), None),
    ],
)
def test_the_nearest_line_is_found(key: Key, line: int | None) -> None:
    """The line that sets a key, or that of the table which it would stand in."""
    assert lines_of(TEXT, [key]) == [line]


def test_a_table_that_is_named_by_what_is_in_it_is_found() -> None:
    """``[domain."example.org"]`` has a wrong name, and nothing else says where."""
    text = 'x = 1\n[domain."example.org"]\n[other]\n[domain]\n'
    assert lines_of(text, [("domain",), ("domain", "b.example")]) == [4, 4]
    assert lines_of(text.replace("[domain]\n", ""), [("domain",), ("domain", "no")]) == [2, 2]


def test_a_key_that_is_no_domain_is_compared_as_it_is() -> None:
    """A key may hold what no domain could."""
    assert lines_of('"\u2488" = 1', [("\u2488",)]) == [1]


def test_what_only_looks_like_a_table_is_none() -> None:
    """Within some text that goes over lines anything may stand, a comment in brackets too."""
    text = 'a = """\n[[#b]]\n[c]\n"""\n[d]\n'
    assert lines_of(text, [("d",), ("b",)]) == [5, None]
