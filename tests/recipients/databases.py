"""Databases of mailboxes, and what is found in them."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gomail.address import Address
from gomail.recipients import sqlite
from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.register import build
from gomail.reply import Refused, Reply

SCHEMA = "".join(
    line for line in (sqlite.__doc__ or "").splitlines(keepends=True) if line.startswith("    ")
)
MAILBOXES = [("a.example", "alice"), ("a.example", "bob"), ("b.example", "carol")]
ALIASES = [
    ("a.example", "team", "alice"),
    ("a.example", "team", "carol@b.example"),
    ("a.example", "all", "team"),
    ("a.example", "broken", "nobody"),
    ("a.example", "away", "x@elsewhere.example"),
    ("a.example", "loop", "loop"),
]


def change(path: Path, *statements: str) -> None:
    """Change the database, as its owner does while the server runs."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def directory_of(path: Path, a: Domain | None = None) -> Directory:
    """Build a directory of two domains in one database."""
    source = f"sqlite:{path}"
    domains = {"a.example": replace(a or Domain(), mailboxes=source), "b.example": Domain(source)}
    return build(domains, "/srv/{domain}/{mailbox}")


def found(directory: Directory, text: str) -> list[str]:
    """Say which mailboxes an address leads to."""
    local_part, _, domain = text.rpartition("@")
    destinations = directory.find(Address(local_part, domain))
    assert isinstance(destinations, tuple)
    return [each.mailbox.maildir for each in destinations]


def refused(directory: Directory, text: str) -> tuple[Reply, str]:
    """Give the reply and the reason with which an address is refused."""
    with pytest.raises(Refused) as caught:
        found(directory, text)
    return caught.value.reply, caught.value.reason
