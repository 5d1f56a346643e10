"""
Header fields that milters add, change and delete.

A milter may be broken, or have been told by the message what to write. So nothing that it writes
makes a second field, or ends the header.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

# What readers take for a header: maybe the line of an mbox on top, then fields with their folds.
_HEADER = re.compile(
    rb"(?>(?:>*+From [^\n]*+\n)?)(?>(?:[!-9;-~]++[ \t]*+:[^\n]*+\n(?>(?:[ \t][^\n]*+\n)*))*)"
)
_FIELD = re.compile(rb"[^\n]*+\n(?>(?:[ \t][^\n]*+\n)*)")
_NAME = re.compile(rb"[!-9;-~]{1,200}\Z")  # RFC 5322 §2.2: printable, and no colon
_BLANK = re.compile(rb"\n[ \t]*(?=\n|\Z)")  # a fold with nothing in it: some take it for the end
_UNFOLDED = re.compile(rb"\n(?![ \t])")


class AddField(NamedTuple):
    """
    A field is added at the end of the header.

    Attributes:
        name: without the colon.
        value: what stands behind the colon, its leading space included.
    """

    name: bytes
    value: bytes


class InsertField(NamedTuple):
    """
    A field is inserted.

    Attributes:
        at: how many fields stand above it, the MTA's own Received included, as Sendmail and
            Postfix count: 0 and 1 are both the top of what came.
        name: without the colon.
        value: what stands behind the colon, its leading space included.
    """

    at: int
    name: bytes
    value: bytes


class ChangeField(NamedTuple):
    """
    A field is changed, or deleted.

    Attributes:
        at: which of those of this name, from 1; beyond the last one a field is added.
        name: without the colon.
        value: what stands behind the colon instead; empty: the field is deleted.
    """

    at: int
    name: bytes
    value: bytes


Change: TypeAlias = AddField | InsertField | ChangeField


def is_name(name: bytes) -> bool:
    """Tell whether this can be the name of a field."""
    return _NAME.match(name) is not None


def parted(block: bytes) -> tuple[bytes, bytes]:
    """
    Part what stands above the empty line into the header, and text that is no header any more.

    Who reads mail takes a line that is no field for the first of the body, as Postfix does. So what
    follows it is shown to milters as body: else a virus that stands there would not be seen.

    Args:
        block: with LF; its last one may be missing.
    """
    if block and not block.endswith(b"\n"):
        block += b"\n"
    match = _HEADER.match(block)
    end = 0 if match is None else match.end()
    return block[:end], block[end:]


def fields_of(header: bytes) -> list[bytes]:
    """Split a header into fields, each with its folds and its last LF."""
    return _FIELD.findall(header)


def amended(block: bytes, changes: Iterable[Change]) -> bytes:
    """
    Give a header block as milters have changed it.

    Args:
        block: with LF, without the empty line that ends it; what is text in it stays its end.
        changes: in the order in which they were asked for; those whose name is none are left out.
    """
    top, text = parted(block)
    header = _Header(top)
    for change in changes:
        if is_name(change.name):
            header.make(change)
    return b"".join(header.fields) + text


class _Header:
    """A header that is changed: its fields, and their names in lower case."""

    def __init__(self, header: bytes) -> None:
        self.fields = fields_of(header)
        self._names = [_name_of(field) for field in self.fields]

    def make(self, change: Change) -> None:
        """Make one change."""
        if isinstance(change, AddField):
            self._insert(len(self.fields), change)
        elif isinstance(change, InsertField):
            self._insert(max(0, change.at - 1), change)
        else:
            self._change(change)

    def _insert(self, at: int, change: Change) -> None:
        self.fields.insert(at, _written(change))
        self._names.insert(at, change.name.lower())

    def _change(self, change: ChangeField) -> None:
        """Find the field that is meant; one that is not there can't be deleted."""
        at = -1
        try:
            for _ in range(max(1, change.at)):
                at = self._names.index(change.name.lower(), at + 1)
        except ValueError:
            if change.value:
                self._insert(len(self.fields), change)
            return
        if change.value:
            self.fields[at] = _written(change)
        else:
            del self.fields[at], self._names[at]


def _name_of(field: bytes) -> bytes:
    """Give a field's name, as far as it has one."""
    name, colon, _ = field.partition(b":")
    return name.rstrip(b" \t").lower() if colon else b""


def _written(change: Change) -> bytes:
    """Write a field, its value made harmless."""
    value = change.value.replace(b"\r\n", b"\n").replace(b"\r", b" ").replace(b"\0", b"?")
    value = _BLANK.sub(b"", value)
    return change.name + b":" + _UNFOLDED.sub(b"\n\t", value) + b"\n"
