"""
The mailboxes of large sites: rows of an SQLite database, asked for one by one, off the reactor.

The database is made and changed by whoever keeps the mailboxes. It is opened for reading alone, and
a row counts from the moment in which it is committed, and a new file in the place of the old one
from that in which it is there::

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

import os
import sqlite3
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from gomail.recipients.mailbox import read_name
from gomail.reply import LOCAL_ERROR, Refused

PATIENCE = 5.0  # seconds for which a writer may hold the database

_MAILBOX = "SELECT 1 FROM mailboxes WHERE domain = ? AND name = ?"
_FIRST = "SELECT name FROM mailboxes WHERE domain = ? AND is_name(name) ORDER BY name LIMIT 1"
_COUNT = "SELECT count(*) FROM mailboxes WHERE domain = ? AND is_name(name)"
_TARGETS = "SELECT target FROM aliases WHERE domain = ? AND name = ? ORDER BY target"
_HAS_ALIASES = "SELECT 1 FROM sqlite_master WHERE name = 'aliases'"
_GONE: tuple[int, ...] = ()


class Database:
    """
    One database, shared by the domains that name it and by the threads that ask.

    Attributes:
        path: where it is.
        trouble: what was wrong when it was asked last; empty where it has answered.

    Raises:
        ValueError: it can't be opened, or has not the tables that it should.
    """

    def __init__(self, path: str) -> None:
        """Open the database, and see that its tables are there."""
        self.path = path
        self.trouble = ""
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._end: Callable[[], object] = bool
        self._opened = self._log = _GONE
        self._has_aliases = False
        try:
            self.look()
        except Refused as refused:
            raise ValueError(refused.reason) from None

    def look(self) -> None:
        """
        Ask for nobody, to see whether the database answers.

        Raises:
            Refused: as from `ask`.
        """
        self.ask(_MAILBOX, "", "")
        self.targets("", "")

    def ask(self, question: str, *values: str) -> list[str]:
        """
        Give the first column of what the database answers, as text.

        Raises:
            Refused: 451, since the database's trouble is not the sender's.
        """
        return [str(row[0]) for row in self.rows(question, *values)]

    def rows(self, question: str, *values: str) -> list[tuple[object, ...]]:
        """
        Give all rows of what the database answers.

        Raises:
            Refused: as from `ask`.
        """
        with self._lock:
            try:
                answer = self._current().execute(question, values).fetchall()
                self._log = _identity(f"{self.path}-wal")
            except sqlite3.Error as error:
                self._close()  # what is put right is seen by another connection for certain
                self.trouble = f"{self.path}: {error}"
                raise Refused(LOCAL_ERROR, self.trouble) from None
            self.trouble = ""
            return answer

    def targets(self, domain: str, name: str) -> list[str]:
        """
        Give what an alias stands for; nothing where there is no table of aliases.

        One that was there and is missing is trouble: its aliases are not nobody's.

        Raises:
            Refused: as from `ask`.
        """
        return self.ask(_TARGETS, domain, name) if self.has_aliases() else []

    def has_aliases(self) -> bool:
        """
        Tell whether there is a table of aliases, or was since this file is there.

        Raises:
            Refused: as from `ask`.
        """
        if self._has_aliases:
            return True
        opened, found = self._opened, bool(self.ask(_HAS_ALIASES))
        with self._lock:
            self._has_aliases = found and opened == self._opened  # else it is of another file
        return found

    def close(self) -> None:
        """Close the database until somebody asks again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        """Close the database, if it is open."""
        if self._connection is not None:
            self._connection = None
            self._end()

    def _current(self) -> sqlite3.Connection:
        """
        Give the file that is there now, opened: another may have been put in its place.

        Not with the log of the one before (``-wal``), whose pages SQLite would take for its own.
        """
        found = _identity(self.path)
        if self._connection is not None and found == self._opened:
            return self._connection
        self._close()
        if found != self._opened:
            if found and self._log and self._log == _identity(f"{self.path}-wal", empty=False):
                msg = "another file is there, and the -wal of the one before: remove that, and -shm"
                raise sqlite3.OperationalError(msg)
            self._has_aliases = False
        self._opened = found
        self._connection = sqlite3.connect(
            f"{Path(self.path).as_uri()}?mode=ro",
            uri=True,
            timeout=PATIENCE,
            check_same_thread=False,  # the lock sees to it that one asks at a time
        )
        self._connection.create_function("is_name", 1, is_name, deterministic=True)
        self._end = weakref.finalize(self, self._connection.close)
        return self._connection


def _identity(path: str, *, empty: bool = True) -> tuple[int, ...]:
    """Tell the file that is there from any other; none that is *empty*, if that does not count."""
    with suppress(OSError):
        status = os.stat(path)  # noqa: PTH116 -- for each recipient
        if empty or status.st_size:
            return status.st_dev, status.st_ino
    return _GONE


def is_name(name: object) -> bool:
    """Tell whether a row's name is one as it is compared: any other is looked for by nobody."""
    try:
        return isinstance(name, str) and read_name(name) == name
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Stored:
    """The names of *domain* in a database."""

    database: Database
    domain: str
    blocking = True

    def __contains__(self, name: str, /) -> bool:
        """Ask for a mailbox; a row whose name could not be a path is none."""
        return is_name(name) and bool(self.database.ask(_MAILBOX, self.domain, name))

    def __len__(self) -> int:
        """Count the domain's rows that are mailboxes."""
        return int(self.database.ask(_COUNT, self.domain)[0])

    def first(self) -> str | None:
        """Give the first name in the order of the alphabet."""
        return next(iter(self.database.ask(_FIRST, self.domain)), None)

    def targets(self, name: str) -> tuple[str, ...]:
        """Ask for the rows of an alias."""
        return tuple(self.database.targets(self.domain, name))
