"""Rows of a database of mailboxes that nobody ever finds, and what was expected instead."""

from collections.abc import Callable, Iterator
from itertools import islice

from gomail.recipients.directory import Directory
from gomail.recipients.domain import read_domain, read_local_part, read_target
from gomail.recipients.mailbox import read_name
from gomail.recipients.sqlite import Database, Stored

SHOWN = 5  # rows of a database that are told one by one

_ALL = "SELECT domain, name FROM mailboxes ORDER BY domain, name"
_ALL_ALIASES = "SELECT domain, name, target FROM aliases ORDER BY domain, name, target"
_BOTH = "SELECT domain, name FROM mailboxes INTERSECT SELECT domain, name FROM aliases"


def notes_on_rows(directory: Directory) -> Iterator[str]:
    """
    Go through all rows of all databases, and give a note for each that is of no use; this blocks.

    Raises:
        Refused: a database can't be asked.
    """
    for database in directory.databases:
        ours = {
            domain
            for domain, hosted in directory.hosted.items()
            if isinstance(hosted.names, Stored) and hosted.names.database is database
        }
        notes = (f"{database.path}: {note}" for note in _of_rows(database, ours))
        yield from islice(notes, SHOWN)
        more = sum(1 for _ in notes)
        if more:
            yield f"{database.path}: {more:,} more rows of which nobody makes use"


def _of_rows(database: Database, ours: set[str]) -> Iterator[str]:
    """Give what is wrong with the rows of one database."""
    for domain, name in database.rows(_ALL):
        problem = _domain(domain, ours) or _problem(read_name, name)
        if problem:
            yield f"the mailbox {name!a} of {domain!a} is never found: {problem}"
    if not database.has_aliases():
        return
    for domain, name, target in database.rows(_ALL_ALIASES):
        problem = _domain(domain, ours) or _problem(read_local_part, name)
        problem = problem or _target(target, str(domain))
        if problem:
            yield f"the alias {name!a} of {domain!a} for {target!a} is of no use: {problem}"
    for domain, name in database.rows(_BOTH):
        yield f"the alias {name!a} of {domain!a} is never asked for: a mailbox is called so, too"


def _domain(domain: object, ours: set[str]) -> str:
    """Say what is wrong with the domain of a row; "" for nothing."""
    problem = _problem(read_domain, domain)
    if problem or domain in ours:
        return problem
    return "no [domains] of the configuration with this database is called so"


def _target(target: object, domain: str) -> str:
    """Say what is wrong with what an alias stands for; "" for nothing."""
    try:
        read_target(str(target), domain)
    except ValueError as error:
        return str(error)
    return ""


def _problem(read: Callable[[str], str], value: object) -> str:
    """Say what is wrong with a word of a row, which is compared as it stands; "" for nothing."""
    if not isinstance(value, str):
        return f"text was expected, not {value!a}"
    try:
        expected = read(value)
    except ValueError as error:
        return str(error)
    return "" if expected == value else f"{expected!a} was expected, not {value!a}"
