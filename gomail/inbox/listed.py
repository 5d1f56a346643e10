"""What the inbox tells of a Maildir, as values; text is a stranger's, decoded, not harmless."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    """
    A message in a list.

    Attributes:
        key: opaque, URL-safe, and the same while readers mark the message; never a path.
        folder: "" for the inbox, else its name.
        subject: decoded, in one line and cut, as are author (From) and recipients (To and Cc).
        time: when it arrived, in seconds since 1970.
        dated: the time in its Date field, if it has one.
        size: of its file in octets.
        flags: those of maildir(5), of ``DFPRST``, and what else other readers have set.
        recent: whether no reader has seen that it is there.
    """

    key: str
    folder: str
    subject: str
    author: str
    recipients: str
    time: float
    dated: float | None
    size: int
    flags: str
    recent: bool


@dataclass(frozen=True, slots=True)
class Folder:
    """
    A folder.

    Attributes:
        name: "" for the inbox.
        total: how many messages lie in it, or did when it could be read.
        unread: how many of them are unread.
        readable: whether it could be read when it was looked at last.
    """

    name: str
    total: int
    unread: int
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """
    A part of a list, newest first.

    Attributes:
        entries: the messages.
        older: where the next page begins, opaque; None on the last.
        newer: where the page before begins; None on the first.
        total: how many messages the whole list has.
        unknown: how many messages of the folder were not looked into yet, so that no query finds
            them.
        folders: all that there are, the inbox first.
        changes: how often the Maildir was found to have changed when this was read.
    """

    entries: tuple[Listed, ...]
    older: str | None
    newer: str | None
    total: int
    unknown: int
    folders: tuple[Folder, ...]
    changes: int


@dataclass(frozen=True, slots=True)
class Look:
    """
    What is new.

    Attributes:
        come: messages that have come since the last look, newest first: a hundred at most.
        completed: messages that were on a page before they were looked into, and were so since.
        folders: all that there are, the inbox first; one that can't be read as it was.
        changes: how often the Maildir was found to have changed, by whomever.
    """

    come: tuple[Listed, ...]
    completed: tuple[Listed, ...]
    folders: tuple[Folder, ...]
    changes: int


class NoSuchPage(LookupError):
    """That is no place in a list."""
