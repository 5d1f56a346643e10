"""Mailboxes in a database, asked for off the reactor."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from twisted.internet.defer import Deferred

from gomail.address import Address
from gomail.recipients import sqlite
from gomail.recipients.directory import Entry
from gomail.recipients.domain import Domain
from gomail.recipients.hosted import Destinations
from gomail.recipients.mistake import Mistake
from gomail.recipients.register import build
from gomail.reply import LOCAL_ERROR, NO_SUCH_MAILBOX
from tests.recipients.databases import (
    change,
    directory_of,
    found,
    refused,
)


def test_rows_are_mailboxes(database: Path) -> None:
    """Looked up as they are compared, sub-addresses included."""
    directory = directory_of(database)
    assert found(directory, "Alice@A.example") == ["/srv/a.example/alice"]
    assert found(directory, "alice+x@a.example") == ["/srv/a.example/alice"]
    assert refused(directory, "carol@a.example")[0] == NO_SUCH_MAILBOX
    assert directory.mailboxes == 3


def test_rows_count_from_their_commit(database: Path) -> None:
    """A new colleague gets mail without a restart, one who left does not."""
    directory = directory_of(database)
    change(
        database,
        "INSERT INTO mailboxes VALUES ('a.example', 'dave')",
        "DELETE FROM mailboxes WHERE name = 'bob'",
    )
    assert found(directory, "dave@a.example") == ["/srv/a.example/dave"]
    assert refused(directory, "bob@a.example")[0] == NO_SUCH_MAILBOX


def test_aliases_in_the_database_are_followed(database: Path) -> None:
    """Through other aliases and into other domains of ours."""
    directory = directory_of(database)
    assert found(directory, "all@a.example") == ["/srv/a.example/alice", "/srv/b.example/carol"]
    assert found(directory, "team+x@a.example") == ["/srv/a.example/alice", "/srv/b.example/carol"]


class Once(dict[str, Entry]):
    """Entries that are gone through once: when the directory is made."""

    def items(self) -> NoReturn:
        """Give nothing any more."""
        pytest.fail("all domains were gone through")

    __iter__ = keys = values = items


def test_a_look_up_does_not_go_through_all_domains(database: Path) -> None:
    """Mail for one of a thousand domains costs what it costs for one of two."""
    directory = directory_of(database)
    object.__setattr__(directory, "entries", Once(directory.entries))
    assert found(directory, "all@a.example") == ["/srv/a.example/alice", "/srv/b.example/carol"]
    assert refused(directory, "nobody+x@a.example")[0] == NO_SUCH_MAILBOX


def test_aliases_of_the_file_lead_into_the_database(database: Path) -> None:
    """Both may be used together; a target that is no row is told at start."""
    directory = directory_of(database, Domain(aliases={"info": ("bob", "team")}, catch_all="info"))
    everybody = ["/srv/a.example/bob", "/srv/a.example/alice", "/srv/b.example/carol"]
    assert found(directory, "info@a.example") == everybody
    assert found(directory, "anybody@a.example") == everybody
    with pytest.raises(Mistake, match=r"there is no mailbox or alias zoe@a\.example"):
        directory_of(database, Domain(aliases={"info": ("zoe",)}))


@pytest.mark.parametrize(
    ("alias", "problem"),
    [
        ("broken", "there is no mailbox or alias nobody@a.example"),
        ("away", "elsewhere.example is no domain of ours, and nothing is relayed"),
        ("loop", "it leads back to itself: loop@a.example → loop@a.example"),
    ],
)
def test_a_slip_in_a_row_costs_no_mail(database: Path, alias: str, problem: str) -> None:
    """451: the sender keeps the mail until the row is mended."""
    assert refused(directory_of(database), f"{alias}@a.example") == (
        LOCAL_ERROR,
        f'in the database: domains."a.example".aliases.{alias}: {problem}',
    )


def test_the_table_of_aliases_may_be_missing(database: Path) -> None:
    """A site without aliases needs no empty table."""
    change(database, "DROP TABLE aliases")
    directory = directory_of(database)
    assert found(directory, "alice@a.example") == ["/srv/a.example/alice"]
    assert refused(directory, "team@a.example")[0] == NO_SUCH_MAILBOX


def test_n1_rows_that_could_leave_their_folder_are_nobody(database: Path) -> None:
    """Whoever may write into the table may not write elsewhere on the disk."""
    change(
        database,
        "INSERT INTO mailboxes VALUES ('a.example', '../../x'), ('a.example', 'Eve')",
    )
    directory = directory_of(database)
    for name in ["../../x", "Eve", "eve"]:
        assert refused(directory, f"{name}@a.example")[0] == NO_SUCH_MAILBOX


def test_the_first_row_gets_mail_for_postmaster(database: Path) -> None:
    """In the order of the alphabet; where there is no row at all, the owner is told."""
    assert directory_of(database).notes == (
        "mail for postmaster@a.example and abuse@a.example goes to alice@a.example",
        "mail for postmaster@b.example and abuse@b.example goes to carol@b.example",
    )
    change(database, "DELETE FROM mailboxes")
    assert directory_of(database).notes == (
        "there is no mailbox for postmaster@a.example and abuse@a.example (RFC 5321 §4.5.1)",
        "there is no mailbox for postmaster@b.example and abuse@b.example (RFC 5321 §4.5.1)",
    )


def test_postmaster_is_whoever_is_the_first_row_now(database: Path) -> None:
    """Rows may come after the server, and whoever was first may leave."""
    change(database, "DELETE FROM mailboxes")
    directory = directory_of(database)
    assert refused(directory, "postmaster@a.example")[0] == NO_SUCH_MAILBOX
    change(database, "INSERT INTO mailboxes VALUES ('b.example', 'carol')")
    assert found(directory, "postmaster@a.example") == ["/srv/b.example/carol"]
    change(database, "INSERT INTO mailboxes VALUES ('a.example', '../x'), ('a.example', 'zoe')")
    for role in ["Postmaster", "abuse"]:
        assert found(directory, f"{role}@a.example") == ["/srv/a.example/zoe"]
    change(database, "INSERT INTO mailboxes VALUES ('a.example', 'postmaster')")
    assert found(directory, "abuse@a.example") == ["/srv/a.example/postmaster"]
    assert refused(directory, "webmaster@a.example")[0] == NO_SUCH_MAILBOX


def test_postmaster_of_an_empty_list_is_the_first_row_too(database: Path) -> None:
    """Whenever that comes."""
    change(database, "DELETE FROM mailboxes")
    domains = {"l.example": Domain(()), "a.example": Domain(f"sqlite:{database}")}
    directory = build(domains, "/srv/{domain}/{mailbox}")
    assert refused(directory, "postmaster@l.example")[0] == NO_SUCH_MAILBOX
    change(database, "INSERT INTO mailboxes VALUES ('a.example', 'zoe')")
    assert found(directory, "postmaster@l.example") == ["/srv/a.example/zoe"]


def test_trouble_of_the_database_costs_no_mail(database: Path) -> None:
    """451, and the log says which database and what is wrong."""
    directory = directory_of(database)
    change(database, "DROP TABLE mailboxes")
    assert refused(directory, "alice@a.example") == (
        LOCAL_ERROR,
        f"{database}: no such table: mailboxes",
    )


def test_trouble_while_building_is_a_mistake(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that fails after it was opened is told like any other setting."""
    monkeypatch.setattr(sqlite, "_FIRST", "SELECT name FROM nowhere WHERE domain = ?")
    with pytest.raises(Mistake) as caught:
        directory_of(database)
    assert str(caught.value) == f"domains: {database}: no such table: nowhere"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DROP TABLE mailboxes", "no such table: mailboxes"),
        ("ALTER TABLE mailboxes RENAME name TO called", "no such column: name"),
        ("ALTER TABLE aliases RENAME target TO goal", "no such column: target"),
    ],
)
def test_another_schema_is_told_at_start(database: Path, statement: str, problem: str) -> None:
    """The owner reads what is missing before any mail comes."""
    change(database, statement)
    with pytest.raises(Mistake) as caught:
        directory_of(database)
    assert str(caught.value) == f'domains."a.example".mailboxes: {database}: {problem}'


def test_nothing_is_ever_written(database: Path) -> None:
    """A database that only others may write is enough."""
    before = database.read_bytes()
    database.chmod(0o400)
    assert found(directory_of(database), "alice@a.example")
    assert database.read_bytes() == before
    assert list(database.parent.iterdir()) == [database]


def test_nothing_is_open_until_somebody_asks(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server forks after it was built, and SQLite forbids to use a connection of before."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def note(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", note)
    directory = directory_of(database)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
    assert found(directory, "alice@a.example")
    assert found(directory, "bob@a.example")
    assert len(opened) == 2


def test_a_database_that_is_gone_costs_no_mail(database: Path) -> None:
    """451 until it is back."""
    directory = directory_of(database)
    aside = database.rename(database.with_suffix(".aside"))
    assert refused(directory, "alice@a.example") == (
        LOCAL_ERROR,
        f"{database}: unable to open database file",
    )
    aside.rename(database)
    assert found(directory, "alice@a.example")


def test_a_database_is_asked_off_the_reactor(database: Path) -> None:
    """The answer comes later; names in memory answer at once."""
    work: list[Callable[[], Destinations]] = []
    answer: Deferred[Destinations] = Deferred()

    def off_reactor(look_up: Callable[[], Destinations]) -> Deferred[Destinations]:
        work.append(look_up)
        return answer

    domains = {"a.example": Domain(f"sqlite:{database}"), "b.example": Domain(("bob",))}
    directory = build(domains, "/srv/{domain}/{mailbox}", off_reactor=off_reactor)
    assert directory.find(Address("alice", "a.example")) is answer
    assert [each.mailbox.name for each in work[0]()] == ["alice@a.example"]
    assert found(directory, "bob@b.example") == ["/srv/b.example/bob"]
    assert len(work) == 1


def test_a_database_may_be_closed_twice(database: Path) -> None:
    """It opens again when somebody asks."""
    opened = sqlite.Database(str(database))
    opened.close()
    opened.close()
    assert len(sqlite.Stored(opened, "a.example")) == 2
    opened.close()
