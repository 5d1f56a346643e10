"""Whether the databases of mailboxes answer, asked now and then."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from gomail.health import Databases
from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.hosted import Destinations
from gomail.recipients.inquiry import LATE, QUIET, Inquiry
from gomail.recipients.register import build


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of one mailbox."""
    path = tmp_path / "mail.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE mailboxes (domain TEXT, name TEXT)")
        connection.execute("INSERT INTO mailboxes VALUES ('a.example', 'alice')")
    return path


class Asked(list[Callable[[], Destinations]]):
    """What is to be asked off the reactor, by whoever calls it."""

    def build(self, database: Path) -> Directory:
        """Build a directory of one domain in a database."""

        def off_reactor(work: Callable[[], Destinations]) -> Deferred[Destinations]:
            self.append(work)
            return succeed(())

        domains = {"a.example": Domain(f"sqlite:{database}")}
        return build(domains, "/srv/{mailbox}", off_reactor=off_reactor)


def test_trouble_is_seen_without_mail_and_so_is_its_end(database: Path) -> None:
    """Of the only domain: no mail is taken."""
    clock = Clock()
    directory = build({"a.example": Domain(f"sqlite:{database}")}, "/srv/{mailbox}")
    inquiry = Inquiry(clock)
    aside = database.rename(database.with_suffix(".aside"))
    assert inquiry.look(directory) == Databases()  # it has just been opened
    clock.advance(QUIET)
    told = (f"{database}: unable to open database file",)
    assert inquiry.look(directory) == Databases(told, whole=True)
    aside.rename(database)
    assert inquiry.look(directory) == Databases(told, whole=True)
    clock.advance(QUIET)
    assert inquiry.look(directory) == Databases()


def test_domains_elsewhere_go_on(database: Path) -> None:
    """Some mail is taken, so it is not the whole."""
    clock = Clock()
    domains = {"a.example": Domain(f"sqlite:{database}"), "b.example": Domain(("bob",))}
    directory = build(domains, "/srv/{domain}/{mailbox}")
    inquiry = Inquiry(clock)
    database.write_bytes(b"no database " * 1000)
    clock.advance(QUIET)
    told = (f"{database}: file is not a database",)
    assert inquiry.look(directory) == Databases(told, whole=False)


def test_it_asks_once_at_a_time_and_off_the_reactor(database: Path) -> None:
    """Whoever holds a database for long is not asked by ever more threads."""
    clock, asked = Clock(), Asked()
    directory = asked.build(database)
    inquiry = Inquiry(clock)
    for _ in range(3):
        clock.advance(QUIET)
        inquiry.look(directory)
    assert len(asked) == 1
    asked[0]()
    inquiry.look(directory)
    assert len(asked) == 1
    clock.advance(QUIET)
    inquiry.look(directory)
    assert len(asked) == 2


def test_one_that_does_not_answer_is_told_and_holds_up_no_other(database: Path) -> None:
    """As on a disk that hangs; another configuration has its own databases asked."""
    clock, asked = Clock(), Asked()
    directory = asked.build(database)
    inquiry = Inquiry(clock)
    clock.advance(QUIET)
    assert inquiry.look(directory) == Databases()
    clock.advance(LATE - 1)
    assert inquiry.look(directory) == Databases()
    clock.advance(1)
    told = Databases((f"{database}: no answer for 10 s",), whole=True)
    assert inquiry.look(directory) == told
    other = asked.build(database)
    assert inquiry.look(other) == Databases()
    late, ask = asked
    late()  # counts for nobody any more
    clock.advance(LATE)
    assert inquiry.look(other) == told
    ask()
    assert inquiry.look(other) == Databases()
