"""
The mailboxes of large sites: rows of an SQLite database, asked for one by one, off the reactor.

The database is made and changed by whoever keeps the mailboxes. It is opened for reading alone, and
a row counts from the moment in which it is committed; a new file in the place of the old one, from
the moment in which the configuration is read again::

    CREATE TABLE mailboxes (
        domain TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (domain, name)
    ) WITHOUT ROWID;
    CREATE TABLE aliases (
        domain TEXT NOT NULL, name TEXT NOT NULL, target TEXT NOT NULL,
        PRIMARY KEY (domain, name, target)
    ) WITHOUT ROWID;

The table of aliases may be missing. Domains and names are in the form in which they are compared:
small letters, domains as A-labels (``xn--…``). A target is a name in the same domain or an address;
an alias has a row for each of its targets.
"""

import sqlite3
import weakref
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from gomail.recipients.mailbox import read_name
from gomail.reply import LOCAL_ERROR, Refused

PATIENCE = 5.0  # seconds for which a writer may hold the database

_MAILBOX = "SELECT 1 FROM mailboxes WHERE domain = ? AND name = ?"
_FIRST = "SELECT name FROM mailboxes WHERE domain = ? ORDER BY name LIMIT 1"
_COUNT = "SELECT count(*) FROM mailboxes WHERE domain = ?"
_TARGETS = "SELECT target FROM aliases WHERE domain = ? AND name = ? ORDER BY target"
_HAS_ALIASES = "SELECT 1 FROM sqlite_master WHERE name = 'aliases'"


class Database:
    """
    One database, shared by the domains that name it and by the threads that ask.

    Raises:
        ValueError: it can't be opened, or has not the table of mailboxes.
    """

    def __init__(self, path: str) -> None:
        """Open the database, and see that its tables are there."""
        self._path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        try:
            connection = self._open()
            connection.execute(_MAILBOX, ("", ""))
            self.has_aliases = bool(connection.execute(_HAS_ALIASES).fetchall())
            if self.has_aliases:
                connection.execute(_TARGETS, ("", ""))
        except sqlite3.Error as error:
            msg = f"{path}: {error}"
            raise ValueError(msg) from None

    def ask(self, question: str, *values: str) -> list[str]:
        """
        Give the first column of what the database answers, as text.

        Raises:
            Refused: 451, since the database's trouble is not the sender's.
        """
        with self._lock:
            try:
                answer = self._open().execute(question, values)
                return [str(row[0]) for row in answer]
            except sqlite3.Error as error:
                raise Refused(LOCAL_ERROR, f"{self._path}: {error}") from None

    def close(self) -> None:
        """Close the database until somebody asks again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        """Open the database, unless it is."""
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"{Path(self._path).as_uri()}?mode=ro",
                uri=True,
                timeout=PATIENCE,
                check_same_thread=False,  # the lock sees to it that one asks at a time
            )
            weakref.finalize(self, self._connection.close)
        return self._connection


@dataclass(frozen=True, slots=True)
class Stored:
    """The names of *domain* in a database."""

    database: Database
    domain: str
    blocking = True

    def __contains__(self, name: str, /) -> bool:
        """Ask for a mailbox; a row whose name could not be a path is none."""
        try:
            valid = read_name(name) == name
        except ValueError:
            return False
        return valid and bool(self.database.ask(_MAILBOX, self.domain, name))

    def __len__(self) -> int:
        """Count the domain's rows."""
        return int(self.database.ask(_COUNT, self.domain)[0])

    def first(self) -> str | None:
        """Give the first name in the order of the alphabet."""
        found = self.database.ask(_FIRST, self.domain)
        return found[0] if found and found[0] in self else None

    def targets(self, name: str) -> tuple[str, ...]:
        """Ask for the rows of an alias."""
        if not self.database.has_aliases:
            return ()
        return tuple(self.database.ask(_TARGETS, self.domain, name))
