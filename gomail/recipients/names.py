"""
The mailboxes of one domain: named in the configuration, or in a file with one name a line.

Both are read once, whole, and lie in memory: about 100 octets a name. A database is asked each time
instead: `gomail.recipients.sqlite`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, Self

from gomail.recipients.mailbox import read_name


class Names(Protocol):
    """Knows the mailboxes of one domain, and perhaps aliases that are kept beside them."""

    @property
    def blocking(self) -> bool:
        """Whether asking may take its time, so that it is done off the reactor."""

    def __contains__(self, name: str, /) -> bool:
        """Tell whether there is a mailbox of that name, in the form in which names are compared."""

    def __len__(self) -> int:
        """Count the mailboxes."""

    def first(self) -> str | None:
        """Give the name of the first mailbox; None if there is none."""

    def targets(self, name: str) -> tuple[str, ...]:
        """Give what an alias kept beside the mailboxes stands for; () if there is none."""


class Listed(frozenset[str]):
    """
    Names in memory.

    Args:
        names: in the form in which they are compared, as dict keys in the order of their writing.
    """

    blocking = False

    def __new__(cls, names: dict[str, None]) -> Self:
        """Keep the names, and which was the first."""
        listed = super().__new__(cls, names)
        listed._first = next(iter(names), None)
        return listed

    _first: str | None

    def first(self) -> str | None:
        """Give the name that was written first."""
        return self._first

    def targets(self, name: str) -> tuple[str, ...]:
        """Give nothing: a list has no aliases in it."""
        return ()


def read_list(texts: Iterable[str]) -> Listed:
    """
    Read names.

    Raises:
        ValueError: one can't name a mailbox, or is there twice.
    """
    names: dict[str, None] = {}
    for text in texts:
        _add(names, text)
    return Listed(names)


def read_file(path: str) -> Listed:
    """
    Read a file with one name a line; ``#`` begins a comment.

    Raises:
        ValueError: it can't be read, or a line of it is no name, or one that was there before.
    """
    names: dict[str, None] = {}
    try:
        with Path(path).open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                _add_line(names, line, f"{path}, line {number}")
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise ValueError(msg) from None
    except UnicodeDecodeError:
        msg = f"{path}: text in UTF-8 was expected"
        raise ValueError(msg) from None
    return Listed(names)


def _add_line(names: dict[str, None], line: str, where: str) -> None:
    """Add the name that stands in *line*, if one does."""
    text = line.partition("#")[0].strip()
    try:
        if text:
            _add(names, text)
    except ValueError as error:
        msg = f"{where}: {error}"
        raise ValueError(msg) from None


def _add(names: dict[str, None], text: str) -> None:
    """Add one name."""
    name = read_name(text)
    if name in names:
        msg = f"{name!r} is there twice"
        raise ValueError(msg)
    names[name] = None
