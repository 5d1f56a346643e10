"""Another database of mailboxes in the place of one."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gomail.reply import LOCAL_ERROR, NO_SUCH_MAILBOX
from tests.recipients.databases import SCHEMA, change, directory_of, found, refused


def replaced(database: Path, *statements: str) -> Path:
    """Put another database in the place of one, all at once, as who deploys it does."""
    aside = database.with_suffix(".new")
    aside.write_bytes(database.read_bytes())
    change(aside, *statements)
    return aside.rename(database)


def test_another_file_in_its_place_counts_at_once(database: Path) -> None:
    """With its tables: no wrong 550 for whoever is new, and none gets mail who has left."""
    change(database, "DROP TABLE aliases")
    directory = directory_of(database)
    assert found(directory, "bob@a.example")
    with closing(sqlite3.connect(database.with_suffix(".new"))) as connection, connection:
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO mailboxes VALUES ('a.example', 'dave')")
        connection.execute("INSERT INTO aliases VALUES ('a.example', 'team', 'dave')")
    database.with_suffix(".new").rename(database)
    assert found(directory, "dave@a.example") == ["/srv/a.example/dave"]
    assert found(directory, "team@a.example") == ["/srv/a.example/dave"]
    assert refused(directory, "bob@a.example")[0] == NO_SUCH_MAILBOX
    replaced(database, "DROP TABLE aliases")
    assert refused(directory, "team@a.example")[0] == NO_SUCH_MAILBOX


def test_a_broken_file_is_forgotten_with_the_file(database: Path) -> None:
    """It costs no mail, and neither does the next one in its place."""
    directory = directory_of(database)
    right = database.read_bytes()
    assert found(directory, "alice@a.example")
    database.unlink()
    database.write_bytes(b"no database " * 1000)
    assert refused(directory, "alice@a.example") == (
        LOCAL_ERROR,
        f"{database}: file is not a database",
    )
    database.write_bytes(right)
    assert found(directory, "alice@a.example")
    assert not directory.databases[0].trouble


def test_a_table_of_aliases_may_come_later(database: Path) -> None:
    """It counts from its first row on; one that is lost is trouble, and no 550."""
    change(database, "ALTER TABLE aliases RENAME TO others")
    directory = directory_of(database)
    assert refused(directory, "team@a.example")[0] == NO_SUCH_MAILBOX
    change(database, "ALTER TABLE others RENAME TO aliases")
    assert found(directory, "team@a.example")
    change(database, "DROP TABLE aliases")
    assert refused(directory, "team@a.example")[0] == LOCAL_ERROR


def test_log_of_the_database_before_hides_no_row(database: Path) -> None:
    """SQLite would take its pages for those of the file that is there now."""
    change(database, "PRAGMA journal_mode = WAL")
    directory = directory_of(database)
    change(database, "INSERT INTO mailboxes VALUES ('a.example', 'dave')")
    assert found(directory, "dave@a.example")
    change(database, "INSERT INTO mailboxes VALUES ('a.example', 'frank')")
    assert found(directory, "frank@a.example")
    aside = database.with_suffix(".new")
    with closing(sqlite3.connect(aside)) as connection, connection:
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO mailboxes VALUES ('a.example', 'eve')")
    aside.rename(database)
    left = [database.with_name(database.name + end) for end in ("-wal", "-shm")]
    assert left[0].stat().st_size
    for _ in range(2):
        reply, why = refused(directory, "eve@a.example")
        assert reply == LOCAL_ERROR
        assert "the -wal of the one before: remove that" in why
        assert directory.databases[0].trouble == why
    for each in left:
        each.unlink()
    assert found(directory, "eve@a.example")
    assert refused(directory, "dave@a.example")[0] == NO_SUCH_MAILBOX
    change(database, "PRAGMA journal_mode = WAL", "DELETE FROM mailboxes WHERE name = 'eve'")
    assert refused(directory, "eve@a.example")[0] == NO_SUCH_MAILBOX
