"""Settings of which no directory can be built."""

from collections.abc import Mapping

import pytest

from gomail.recipients.domain import Domain
from gomail.recipients.mistake import Mistake
from gomail.recipients.register import build
from tests.recipients.aliases import MAILDIR, aliased

MISTAKES = [
    ({}, "domains: at least one domain was expected"),
    ({"a b": Domain()}, "domains.\"a b\": a domain such as example.org was expected, not 'a b'"),
    (
        {"[127.0.0.1]": Domain()},
        "domains.\"[127.0.0.1]\": a domain such as example.org was expected, not '[127.0.0.1]'",
    ),
    (
        {"a.example": Domain(()), "A.example.": Domain(())},
        'domains."A.example.": the domain a.example is there twice',
    ),
    (
        {"localhost": Domain()},
        "domains.localhost: mailboxes were expected, since maildir has {mailbox} in it",
    ),
    (
        {"a.example": Domain(("alice",), catch_all="bob")},
        'domains."a.example".catch-all: there is no mailbox or alias bob@a.example',
    ),
    (
        {"a.example": Domain(("alice",), subaddress_separator="++")},
        (
            "domains.\"a.example\".subaddress-separator: one of + - = _ . # ~ or '' was expected, "
            "not '++'"
        ),
    ),
    (
        {"a.example": Domain(("alice", "-x"))},
        (
            "domains.\"a.example\".mailboxes: '-x' can't name a mailbox: letters, digits, and "
            "between them '.', '_' or '-' were expected; an alias may be called so"
        ),
    ),
    (
        {"a.example": Domain("/nowhere/names")},
        'domains."a.example".mailboxes: /nowhere/names: No such file or directory',
    ),
    (
        {"a.example": Domain("sqlite:/nowhere/names.db")},
        'domains."a.example".mailboxes: /nowhere/names.db: unable to open database file',
    ),
    (
        {"a.example": aliased({"a b": ("alice",)})},
        (
            'domains."a.example".aliases."a b": the part of an address before \'@\' was expected, '
            "not 'a b'"
        ),
    ),
    (
        {"a.example": aliased({"team": ("alice",), "Team": ("bob",)})},
        "domains.\"a.example\".aliases.Team: the alias 'team' is there twice",
    ),
    (
        {"a.example": aliased({"alice": ("bob",)})},
        'domains."a.example".aliases.alice: a mailbox is called so, too',
    ),
    (
        {"a.example": aliased({"team": ()})},
        'domains."a.example".aliases.team: at least one address was expected',
    ),
    (
        {"a.example": aliased({"team": ("carol",)})},
        'domains."a.example".aliases.team: there is no mailbox or alias carol@a.example',
    ),
    (
        {"a.example": aliased({"all": ("team",), "team": ("carol",)})},
        'domains."a.example".aliases.team: there is no mailbox or alias carol@a.example',
    ),
    (
        {"a.example": aliased({"team": ("carol@b.example",)})},
        'domains."a.example".aliases.team: b.example is no domain of ours, and nothing is relayed',
    ),
    (
        {"a.example": aliased({"team": ("a b",)})},
        (
            "domains.\"a.example\".aliases.team: the part of an address before '@' was expected, "
            "not 'a b'"
        ),
    ),
    (
        {"a.example": aliased({"a": ("b",), "b": ("c+x",), "c": ("a",)})},
        (
            'domains."a.example".aliases.a: it leads back to itself: '
            "a@a.example → b@a.example → c@a.example → a@a.example"
        ),
    ),
    (
        {"a.example": aliased({"x": ("x",)})},
        'domains."a.example".aliases.x: it leads back to itself: x@a.example → x@a.example',
    ),
    (
        {"a.example": aliased({f"n{i}": (f"n{i + 1}",) for i in range(60)} | {"n60": ("bob",)})},
        'domains."a.example".aliases.n50: a chain of at most 50 aliases was expected',
    ),
]


@pytest.mark.parametrize(("domains", "problem"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_setting_that_cannot_be_is_named(domains: Mapping[str, Domain], problem: str) -> None:
    """The owner reads which setting is wrong, what was expected, and what was found."""
    with pytest.raises(Mistake) as caught:
        build(domains, MAILDIR)
    assert str(caught.value) == problem


def test_a_maildir_that_cannot_be_is_named() -> None:
    """The path of the Maildirs is checked before any domain."""
    with pytest.raises(Mistake) as caught:
        build({"localhost": Domain()}, "Maildir")
    assert str(caught.value) == "maildir: an absolute path was expected, not 'Maildir'"


def test_nothing_is_left_to_catch_where_anything_is_taken() -> None:
    """A catch-all beside no mailboxes is a misunderstanding."""
    with pytest.raises(Mistake) as caught:
        build({"a.example": Domain(catch_all="alice")}, "/srv/Maildir")
    assert str(caught.value) == (
        'domains."a.example".catch-all: without mailboxes a domain takes any local-part, '
        "so nothing is left to catch"
    )
