"""
What is known of a Maildir's messages, in SQLite: which there are, and what their lists tell.

Not safe to share by threads: callers hold a lock.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from gomail.inbox.query import EVERYTHING, Condition, fold_fields
from gomail.inbox.row import ALL, COLUMNS, UNREADABLE, Row, read_row
from gomail.inbox.scan import Seen
from gomail.reading.batch import Head
from gomail.reading.maildir import NEW


class Index:
    """An open index. Each change is whole, or nothing of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        """Leave the file to others."""
        with suppress(sqlite3.Error):
            self._connection.close()

    @classmethod
    def in_memory(cls) -> Index:
        """Open one that has nothing, nor tables: it is to be a copy."""
        return cls(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))

    def copy_to(self, other: Index) -> None:
        """Have another one know what this one does, or, if that fails, what it did."""
        self._connection.backup(other._connection)

    def octets(self) -> int:
        """Tell how large it is."""
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        return int(pages * self._connection.execute("PRAGMA page_size").fetchone()[0])

    def files(self, folder: str, place: str) -> frozenset[str]:
        """Give the files of a folder that lie in new/ or cur/."""
        found = self._connection.execute(
            "SELECT file FROM message WHERE folder = ? AND recent = ?", (folder, place == NEW)
        )
        return frozenset(os.fsdecode(file) for (file,) in found)

    def is_empty(self, folder: str) -> bool:
        """Tell whether there is no message of a folder."""
        found = self._connection.execute(
            "SELECT 1 FROM message WHERE folder = ? LIMIT 1", (folder,)
        )
        return found.fetchone() is None

    def stamps(self, folder: str) -> dict[str, str]:
        """Give what new/ and cur/ of a folder looked like when they were followed last."""
        found = self._connection.execute(
            "SELECT place, stamp FROM place WHERE folder = ?", (folder,)
        )
        return dict(found.fetchall())

    def keep_stamps(self, folder: str, stamps: Mapping[str, str]) -> None:
        """Keep what new/ and cur/ of a folder look like, which is followed."""
        self._many(
            "INSERT OR REPLACE INTO place (folder, place, stamp) VALUES (?, ?, ?)",
            [(folder, place, stamp) for place, stamp in stamps.items()],
        )

    def folders(self) -> dict[str, tuple[int, int]]:
        """Give the folders that have messages: how many, and how many are unread."""
        found = self._connection.execute("SELECT folder, total, unread FROM tally")
        return {folder: (total, unread) for folder, total, unread in found}

    def row(self, folder: str, key: str) -> Row | None:
        """Give one message."""
        found = self._rows("folder = ? AND key = ?", (folder, key))
        return found[0] if found else None

    def rows(self, keys: Iterable[tuple[str, str]]) -> dict[str, list[Row]]:
        """Give messages by their folders, each by folder and key; leave out those that are gone."""
        found: dict[str, list[Row]] = {}
        for folder, key in keys:
            row = self.row(folder, key)
            if row is not None:
                found.setdefault(folder, []).append(row)
        return found

    def add(self, seen: Iterable[Seen]) -> None:
        """Add messages that are there now, none of which is in the index."""
        self._many(
            "INSERT OR IGNORE INTO message (folder, key, time, recent, seen, size, flags, file)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    each.folder,
                    each.key,
                    each.time,
                    each.recent,
                    "S" in each.flags,
                    each.size,
                    each.flags,
                    os.fsencode(each.file),
                )
                for each in sorted(seen, key=lambda each: each.time)  # as they are read
            ],
        )

    def rename(self, seen: Iterable[Seen]) -> None:
        """Give messages the names that they have now."""
        self._many(
            "UPDATE message SET recent = ?, seen = ?, flags = ?, file = ?"
            " WHERE folder = ? AND key = ?",
            [
                (
                    each.recent,
                    "S" in each.flags,
                    each.flags,
                    os.fsencode(each.file),
                    each.folder,
                    each.key,
                )
                for each in seen
            ],
        )

    def remove(self, folder: str, keys: Iterable[str]) -> None:
        """Forget messages."""
        self._many(
            "DELETE FROM message WHERE folder = ? AND key = ?", [(folder, key) for key in keys]
        )

    def keep_folders(self, names: Iterable[str]) -> None:
        """Forget the messages of all folders but these."""
        found = self._connection.execute("SELECT DISTINCT folder FROM place").fetchall()
        gone = {folder for (folder,) in found}.difference(names)
        for table in ("message", "place", "tally"):
            self._many(f"DELETE FROM {table} WHERE folder = ?", [(each,) for each in gone])  # noqa: S608 -- ours

    def learn(self, folder: str, heads: Iterable[tuple[str, Head]]) -> None:
        """Keep what was read in messages, each with its key."""
        self._many(
            "UPDATE message SET known = ?, size = ?, written = ?, dated = ?, subject = ?"
            ", author = ?, recipients = ?, folded = ?, recipients_at = ?, subject_at = ?"
            " WHERE folder = ? AND key = ?",
            [
                (
                    ALL if each.readable else UNREADABLE,
                    each.size,
                    each.written,
                    each.dated,
                    each.subject,
                    each.author,
                    each.recipients,
                    *fold_fields(each.author, each.recipients, each.subject),
                    folder,
                    key,
                )
                for key, each in heads
            ],
        )

    def unknown(self, folder: str, count: int) -> list[Row]:
        """Give the newest messages of a folder that were not looked into."""
        return self._rows("folder = ? AND known = 0 ORDER BY time DESC LIMIT ?", (folder, count))

    def unreadable(self, folder: str, behind: int, count: int) -> list[tuple[int, Row]]:
        """Give messages of a folder that could not be read, and their numbers, *behind* one."""
        found = self._connection.execute(
            f"SELECT id, {COLUMNS} FROM message"  # noqa: S608 -- ours
            " WHERE folder = ? AND known = 2 AND id > ? ORDER BY id LIMIT ?",
            (folder, behind, count),
        )
        return [(number, read_row(told)) for number, *told in found]

    def count(
        self,
        folder: str,
        condition: Condition = EVERYTHING,
        *,
        before: tuple[float, str] | None = None,
        behind: tuple[float, str] | None = None,
    ) -> int:
        """
        Tell how many messages of a folder meet a condition.

        *before* counts those that stand before a place in the list alone, and those at it;
        *behind* those behind one.
        """
        if condition == EVERYTHING and before is None and behind is None:
            found = self._connection.execute(
                "SELECT coalesce(sum(total), 0) FROM tally WHERE folder = ?", (folder,)
            )
        else:
            sql, values = _stretch(folder, condition, "<", behind)
            if before is not None:
                sql, values = _stretch(folder, condition, ">=", before)
            found = self._connection.execute(
                f"SELECT count(*) FROM message WHERE {sql}",  # noqa: S608 -- ours
                values,
            )
        return int(found.fetchone()[0])

    def knows_all(self) -> bool:
        """Tell whether all messages of all folders were looked into."""
        found = self._connection.execute("SELECT 1 FROM tally WHERE unknown > 0 LIMIT 1")
        return found.fetchone() is None

    def count_unknown(self, folder: str) -> int:
        """Tell how many messages of a folder were not looked into."""
        found = self._connection.execute(
            "SELECT coalesce(sum(unknown), 0) FROM tally WHERE folder = ?", (folder,)
        )
        return int(found.fetchone()[0])

    def older(
        self,
        folder: str,
        than: tuple[float, str] | None,
        count: int,
        condition: Condition = EVERYTHING,
    ) -> list[Row]:
        """Give messages that stand behind a place in the list, or at its begin."""
        sql, values = _stretch(folder, condition, "<", than)
        return self._sought(f"{sql} ORDER BY time DESC, key DESC", values, count)

    def newer(
        self,
        folder: str,
        than: tuple[float, str],
        count: int,
        condition: Condition = EVERYTHING,
    ) -> list[Row]:
        """Give messages that stand before a place in the list, the nearest first."""
        sql, values = _stretch(folder, condition, ">", than)
        return self._sought(f"{sql} ORDER BY time, key", values, count)

    def _sought(self, sql: str, values: Sequence[object], count: int) -> list[Row]:
        """Find messages by what stands in in_order, and read those alone from the table."""
        found = self._connection.execute(
            f"SELECT id FROM message WHERE {sql} LIMIT ?",  # noqa: S608 -- ours
            (*values, count),
        )
        numbers = [number for (number,) in found]
        marks = ", ".join("?" * len(numbers))
        read = self._connection.execute(
            f"SELECT id, {COLUMNS} FROM message WHERE id IN ({marks})",  # noqa: S608 -- ours
            numbers,
        )
        rows = {number: read_row(told) for number, *told in read}
        return [rows[number] for number in numbers]

    def _rows(self, where: str, values: Sequence[object]) -> list[Row]:
        found = self._connection.execute(
            f"SELECT {COLUMNS} FROM message WHERE {where}",  # noqa: S608 -- ours
            tuple(values),
        )
        return [read_row(each) for each in found]

    def _many(self, statement: str, values: Sequence[Sequence[object]]) -> None:
        """Run a statement for each of several values, as one change."""
        if not values:
            return
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany(statement, values)
            self._connection.commit()
        except BaseException:  # a full disk may be found out at the end alone
            self._connection.rollback()
            raise


def _stretch(
    folder: str, condition: Condition, sign: str, place: tuple[float, str] | None
) -> tuple[str, tuple[object, ...]]:
    """Write what the messages of a folder meet that stand on one side of a place in its list."""
    beside = "" if place is None else f" AND (time, key) {sign} (?, ?)"
    sql = f"folder = ?{beside} AND {condition.sql}"
    return sql, (folder, *(place or ()), *condition.values)
