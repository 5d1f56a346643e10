"""
What somebody looks for → a condition of SQL, and what is compared with it.

A query is made of words, all of which have to be found, in From, To, Cc or Subject, anywhere within
a word, and whatever their case and accents. ``from:``, ``to:`` and ``subject:`` look in one field;
``before:`` and ``after:`` take the day of arrival, ``is:`` a state. Quotes keep words together.
What is none of that is a word, so nothing is ever an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

#: Characters of a query that are looked at, and words.
CHARACTERS = 500
WORDS = 20

_TERM = re.compile(r'(?:([A-Za-z]{2,7}):)?(?:"([^"]*)"?|([^\s"]+))|\S')
# What is compared are the folded fields, one behind the other, with a sign between that none has.
_BETWEEN = "\x1f"
_FIELDS = {
    "from": "substr(folded, 1, recipients_at - 1)",
    "to": "substr(folded, recipients_at, subject_at - recipients_at)",
    "subject": "substr(folded, subject_at)",
}
_STATES = {
    "unread": "NOT seen",
    "read": "seen",
    "flagged": "instr(flags, 'F') > 0",
    "deleted": "instr(flags, 'T') > 0",
    "replied": "instr(flags, 'R') > 0",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of SQL over the columns of a message, and the values for its question marks."""

    sql: str
    values: tuple[str | float, ...] = ()


#: What the empty query asks for.
EVERYTHING = Condition("1")


def read_query(query: str) -> Condition:
    """Read a query; the empty one is met by every message."""
    plain = re.sub("[\0\x1f]", " ", query[:CHARACTERS]).encode("utf-8", "replace").decode()
    terms = [_term(match) for match in list(_TERM.finditer(plain))[:WORDS]]
    met = [each for each in terms if each is not None]
    if not met:
        return EVERYTHING
    return Condition(
        " AND ".join(f"({each.sql})" for each in met),
        tuple(value for each in met for value in each.values),
    )


def fold(text: str) -> str:
    """Give text as it is compared: without case, accents and the forms of letters."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def fold_fields(author: str, recipients: str, subject: str) -> tuple[str, int, int]:
    """Give the fields as they are compared, and where the second and the third begin, from 1 on."""
    folded = [fold(each).replace(_BETWEEN, " ") for each in (author, recipients, subject)]
    recipients_at = len(folded[0]) + 2
    return _BETWEEN.join(folded), recipients_at, recipients_at + len(folded[1]) + 1


def _term(match: re.Match[str]) -> Condition | None:
    """Give the condition of one term, or None for nothing at all."""
    name, quoted, word = match[1], match[2], match[3]
    value = quoted if word is None else word
    if value is None:  # a sign that begins nothing
        return None
    read = _READERS.get((name or "").lower())
    condition = read((name or "").lower(), value) if read else None
    return condition or _any_field(f"{name}:{value}" if name else value)


def _any_field(word: str) -> Condition | None:
    folded = fold(word).strip()
    if not folded:
        return None
    return Condition("instr(folded, ?)", (folded,))


def _one_field(name: str, value: str) -> Condition | None:
    folded = fold(value).strip()
    return Condition(f"instr({_FIELDS[name]}, ?)", (folded,)) if folded else None


def _day(name: str, value: str) -> Condition | None:
    """Give a condition about the day of arrival, which begins at midnight here."""
    try:
        begins = datetime.strptime(value, "%Y-%m-%d").astimezone().timestamp()
    except (OverflowError, ValueError):
        return None
    return Condition("time < ?" if name == "before" else "time >= ?", (begins,))


def _state(_: str, value: str) -> Condition | None:
    sql = _STATES.get(value.lower())
    return Condition(sql) if sql else None


_READERS: Mapping[str, Callable[[str, str], Condition | None]] = {
    **dict.fromkeys(_FIELDS, _one_field),
    "before": _day,
    "after": _day,
    "is": _state,
}
