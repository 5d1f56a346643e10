"""
The header fields of a message, as octets with LF line ends; their values are others' business.

What is hardly a field is one all the same: readers of mail differ in what they take for a From, so
whatever one of them might take for it has that name here.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

MOST_FIELDS = 1000  # that anything is told of

_FIELD = re.compile(rb"[^\n]++(?:\n[ \t][^\n]*+)*+\n?")
# Python 3.11.2 takes too much where a group that is not to give back ends with what did not match.
_BEHIND_CR = re.compile(rb"\r(?![ \t\n])((?:[^\r]++|\r(?=[ \t\n]))*)")
_NO_NAME = bytes(octet for octet in range(256) if not 0x21 <= octet <= 0x7E)


class Field(NamedTuple):
    """
    A header field (RFC 5322 §2.2).

    Attributes:
        name: in lower case, without what can't be seen; empty where the line has no colon.
        octets: all of it, name and folds too, without the last line end.
        start: where it begins in the header block.
    """

    name: str
    octets: bytes
    start: int

    @property
    def value(self) -> bytes:
        """What follows the colon, as it was written."""
        return self.octets.partition(b":")[2]


def may_have(block: bytes, name: str) -> bool:
    """Tell, in a moment, whether a header block may have a field of that name; most have not."""
    return name.encode() in block.translate(None, _NO_NAME).lower()


def split(block: bytes) -> Iterator[Field]:
    """Split a header block, which ends at its first empty line or with its last octet."""
    if block.startswith(b"\n"):
        return
    end = block.find(b"\n\n")
    for match in _FIELD.finditer(block, 0, len(block) if end < 0 else end):
        octets = match[0].removesuffix(b"\n")
        yield Field(_name(octets), octets, match.start())


def behind_cr(field: Field) -> Iterator[Field]:
    """
    Give what those take for fields who end a line at a bare CR; each starts with that CR.

    RFC 5322 §2.2 has no bare CR, and readers of mail differ in what they make of one.
    """
    if b"\r" in field.octets:
        for match in _BEHIND_CR.finditer(field.octets):
            yield Field(_name(match[1]), match[0], field.start + match.start())


def _name(octets: bytes) -> str:
    """Give the name of a field, as in `Field`."""
    name, colon, _ = octets.partition(b":")
    return name.translate(None, _NO_NAME).lower().decode("ascii") if colon else ""


class Header:
    """
    The first `MOST_FIELDS` fields of a header block, in their order and by their names.

    Attributes:
        fields: from top to bottom.
        cut: whether there are more, so that nothing can be said for sure.
    """

    __slots__ = ("_named", "cut", "fields")

    def __init__(self, block: bytes) -> None:
        """Read a header block."""
        fields = tuple(islice(split(block), MOST_FIELDS + 1))
        self.fields = fields[:MOST_FIELDS]
        self.cut = len(fields) > MOST_FIELDS
        self._named: dict[str, list[Field]] = {}
        for field in self.fields:
            self._named.setdefault(field.name, []).append(field)

    def named(self, name: str) -> list[Field]:
        """Give a new list of the fields of one name, from top to bottom; *name* in lower case."""
        return list(self._named.get(name, ()))
