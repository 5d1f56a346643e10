"""A message as a row of the index, and the columns that it is read from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gomail.inbox.listed import Listed
from gomail.reading.maildir import CUR, NEW

COLUMNS = (
    "key, folder, subject, author, recipients, time, dated, coalesce(size, 0), flags, recent, known"
    ", file, written"
)
ALL, UNREADABLE = 1, 2  # what is known of a message, where anything is


@dataclass(frozen=True, slots=True)
class Row:
    """
    A message as the index has it.

    Attributes:
        known: whether it was looked into.
        readable: whether that could be read.
        written: when its file was written, in nanoseconds, as it was then; of one that could not
            be read when anything of it was changed, its rights included.
    """

    listed: Listed
    file: str
    known: bool
    readable: bool
    written: int | None

    @property
    def place(self) -> str:
        """Where its file lies: in new/ or in cur/."""
        return NEW if self.listed.recent else CUR


def read_row(columns: Sequence[Any]) -> Row:
    """Read what is selected as COLUMNS."""
    *told, recent, known, file, written = columns
    listed = Listed(*told, recent=bool(recent))  # type: ignore[misc]  # nine are told
    return Row(listed, os.fsdecode(file), bool(known), known != UNREADABLE, written)
