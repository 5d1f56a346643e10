"""Rows of a database that nobody ever finds."""

from pathlib import Path

from gomail.recipients.rows import notes_on_rows
from tests.recipients.databases import change, directory_of


def test_rows_that_nobody_finds_are_told(database: Path) -> None:
    """Each with what was expected, some of them; and they are no mailboxes."""
    directory = directory_of(database)
    assert list(notes_on_rows(directory)) == []
    change(
        database,
        "INSERT INTO mailboxes VALUES ('a.example', 'Carol'), ('a.example', ''),"
        "('a.example', '../../x'), ('OP.example', 'op'), ('c.example', 'x')",
    )
    assert directory.mailboxes == 3
    assert list(notes_on_rows(directory)) == [
        f"{database}: the mailbox {row} is never found: {problem}"
        for row, problem in [
            ("'op' of 'OP.example'", "'op.example' was expected, not 'OP.example'"),
            ("'' of 'a.example'", "the name of a mailbox has 1 to 64 octets, which '' has not"),
            (
                "'../../x' of 'a.example'",
                (
                    "'../../x' can't name a mailbox: letters, digits, and between them '.', '_' "
                    "or '-' were expected; an alias may be called so"
                ),
            ),
            ("'Carol' of 'a.example'", "'carol' was expected, not 'Carol'"),
            (
                "'x' of 'c.example'",
                "no [domains] of the configuration with this database is called so",
            ),
        ]
    ]
    change(database, *(f"INSERT INTO mailboxes VALUES ('a.example', 'X{n}')" for n in range(1200)))
    assert list(notes_on_rows(directory))[5:] == [
        f"{database}: 1,200 more rows of which nobody makes use"
    ]


def test_aliases_that_nobody_uses_are_told(database: Path) -> None:
    """A target that is no address, and a name that a mailbox has."""
    change(
        database,
        "INSERT INTO aliases VALUES ('a.example', 'Sales', 'bob'), ('a.example', 'bob', 'alice'),"
        "('a.example', 'x', 'a b@a.example')",
    )
    assert list(notes_on_rows(directory_of(database))) == [
        (
            f"{database}: the alias 'Sales' of 'a.example' for 'bob' is of no use: "
            "'sales' was expected, not 'Sales'"
        ),
        (
            f"{database}: the alias 'x' of 'a.example' for 'a b@a.example' is of no use: "
            "the part of an address before '@' was expected, not 'a b'"
        ),
        (
            f"{database}: the alias 'bob' of 'a.example' is never asked for: "
            "a mailbox is called so, too"
        ),
    ]
    change(database, "DROP TABLE aliases")
    assert list(notes_on_rows(directory_of(database))) == []
