"""A database of mailboxes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.recipients.databases import (
    ALIASES,
    MAILBOXES,
    SCHEMA,
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database made as the documentation says, with a blank and a sign in its path."""
    path = tmp_path / "our mail?.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO mailboxes VALUES (?, ?)", MAILBOXES)
        connection.executemany("INSERT INTO aliases VALUES (?, ?, ?)", ALIASES)
    return path
