"""
The file of an index: opened, made, and removed.

It is a cache and never needed: one that is missing, broken, of another version or of another
Maildir is made anew.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

from gomail.inbox.index import Index

#: Changed whenever the tables, or what stands in them, are.
VERSION = 2

_PAGE = 8192  # octets that are read at once, half as often as SQLite's own

_TABLES = """
CREATE TABLE maildir (identity TEXT NOT NULL);
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    folder TEXT NOT NULL,
    key TEXT NOT NULL,
    time REAL NOT NULL,
    recent INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    known INTEGER NOT NULL DEFAULT 0,
    size INTEGER,
    written INTEGER,
    dated REAL,
    flags TEXT NOT NULL,
    file BLOB NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL DEFAULT '',
    recipients TEXT NOT NULL DEFAULT '',
    folded TEXT NOT NULL DEFAULT '',
    recipients_at INTEGER,
    subject_at INTEGER,
    UNIQUE (folder, key)
);
CREATE TABLE place (folder TEXT, place TEXT, stamp TEXT NOT NULL, PRIMARY KEY (folder, place));
CREATE TABLE tally (
    folder TEXT PRIMARY KEY, total INTEGER NOT NULL, unread INTEGER NOT NULL,
    unknown INTEGER NOT NULL
);
-- All that a search compares, in the order of a list: no row of the table is read for it.
CREATE INDEX in_order
    ON message (folder, time, key, seen, flags, recipients_at, subject_at, folded);
CREATE INDEX unknown ON message (folder, time) WHERE known = 0;
CREATE INDEX unreadable ON message (folder) WHERE known = 2;
CREATE TRIGGER come AFTER INSERT ON message BEGIN
    INSERT INTO tally VALUES (new.folder, 1, NOT new.seen, new.known = 0)
    ON CONFLICT (folder) DO UPDATE SET total = total + 1,
        unread = unread + excluded.unread, unknown = unknown + excluded.unknown;
END;
CREATE TRIGGER gone AFTER DELETE ON message BEGIN
    UPDATE tally SET total = total - 1, unread = unread - NOT old.seen,
        unknown = unknown - (old.known = 0)
    WHERE folder = old.folder;
END;
CREATE TRIGGER changed AFTER UPDATE OF seen, known ON message
WHEN old.seen <> new.seen OR (old.known = 0) <> (new.known = 0) BEGIN
    UPDATE tally SET unread = unread + old.seen - new.seen,
        unknown = unknown + (new.known = 0) - (old.known = 0)
    WHERE folder = new.folder;
END;
"""


def open_memory(identity: str) -> Index:
    """Begin an index in memory."""
    connection = _connect(":memory:")
    _begin(connection, identity)
    return Index(connection)


def discard(path: Path) -> None:
    """Remove an index that is broken, as far as that can be."""
    for end in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            path.with_name(path.name + end).unlink()


def open_file(path: Path, identity: str) -> Index:
    """
    Open the index in a file, or begin it anew; its folder is made if it is missing.

    *identity* tells this Maildir from every other.

    Raises:
        OSError, sqlite3.Error: it is in use by another process, or can't be read or written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
    finally:
        os.close(descriptor)
    try:
        connection = _own(path, identity)
    except sqlite3.OperationalError:  # locked, above all
        raise
    except sqlite3.DatabaseError:
        connection = None
    if connection is None:
        discard(path)
        connection = _own(path, identity)
    if connection is None:
        raise sqlite3.DatabaseError("it has just been made, and is another's")
    return Index(connection)


def _own(path: Path, identity: str) -> sqlite3.Connection | None:
    """Open a file for this process alone; None where it has to be made anew."""
    connection = _connect(os.fspath(path))
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not version and not tables:
            connection.rollback()
            _begin(connection, identity)
            return connection
        if version == VERSION:
            found = connection.execute("SELECT identity FROM maildir").fetchall()
            if found == [(identity,)]:
                connection.commit()
                return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def _connect(where: str) -> sqlite3.Connection:
    connection = sqlite3.connect(where, timeout=0, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA page_size = {_PAGE}")  # of a file that is going to be made
    return connection


def _begin(connection: sqlite3.Connection, identity: str) -> None:
    """Make the tables."""
    connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
    connection.execute("INSERT INTO maildir VALUES (?)", (identity,))
