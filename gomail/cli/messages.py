"""The newest messages of a Maildir: read, drawn or written as JSON, their attachments saved."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

from gomail.inbox.names import folder_names
from gomail.reading.maildir import Entry, Maildir, NoSuchMessage
from gomail.reading.message import Message
from gomail.reading.reader import Unreadable, read_message_now
from gomail.reading.saving import Saved, save_attachments
from gomail.reading.screen import Fields, Look, draw, draw_line

_LINES = 5000  # of one message
_NARROWEST = 40  # columns
_FOLDERS = 20  # that are named where another was asked for


class NoSuchFolder(LookupError):
    """The Maildir has no folder of that name; it says which there are."""


class Shown(NamedTuple):
    """A message of a Maildir, and what was saved of it; None where nothing was to be."""

    entry: Entry
    message: Message | Unreadable
    saved: Saved | None


def newest(place: Path, folder: str, number: int, save: str | None) -> list[Shown]:
    """
    Read so many messages, the newest last, and save their attachments in a folder, if one is given.

    Raises:
        NoSuchFolder: there is none of that name.
        OSError: the Maildir can't be read, or attachments not be saved.
    """
    maildir = Maildir(place)
    try:
        entries = maildir.entries(_find_folder(maildir, folder))[:number]
    except NoSuchMessage:
        raise NoSuchFolder("it has just been removed") from None
    return [_read(maildir, each, save) for each in reversed(entries)]


def _find_folder(maildir: Maildir, wanted: str) -> str:
    """
    Find a folder, whose name may be written as it is on the disk, or as the inbox shows it.

    Raises:
        NoSuchFolder: there is none, or there are several that may be meant.
    """
    on_disk = maildir.folders()
    shown = {name: each for name, each in folder_names(on_disk).items() if each}
    for name in (wanted, wanted.removeprefix(".")):
        if name in on_disk:
            return name
        if name in shown:
            return shown[name]
        alike = [each for other, each in shown.items() if other.casefold() == name.casefold()]
        if len(alike) == 1:
            return alike[0]
    if wanted.casefold() == "inbox":
        return ""
    more = f" and {len(shown) - _FOLDERS} more" if len(shown) > _FOLDERS else ""
    names = ", ".join(map(repr, [*shown][:_FOLDERS]))
    raise NoSuchFolder(f"there are {names}{more}" if shown else "there is none but the inbox")


def plain(found: Sequence[Shown]) -> str:
    """Write messages as a list in JSON."""
    return dumps([_plain(*each) for each in found], indent=2)


def text(found: Sequence[Shown], *, all_fields: bool) -> str:
    """Write messages for people."""
    look = _look(all_fields=all_fields)
    return "\n".join(part for each in found for part in _drawn(*each, look))


def _read(maildir: Maildir, entry: Entry, save: str | None) -> Shown:
    """Read a message, and save what is attached to it."""
    try:
        stored = maildir.open(entry.name, entry.folder)
    except NoSuchMessage:
        return Shown(entry, Unreadable("it has been moved or removed meanwhile"), None)
    try:
        message = read_message_now(stored)
        saved = None if save is None else save_attachments(stored, Path(save))
    finally:
        os.close(stored)
    return Shown(entry, message, saved)


def _drawn(
    entry: Entry, message: Message | Unreadable, saved: Saved | None, look: Look
) -> Iterator[str]:
    """Draw a message for a terminal, and say what was saved."""
    if isinstance(message, Unreadable):
        yield draw_line(entry.name, f"could not be shown: {message.reason}", look)
    else:
        yield draw(message, entry.name, look)
    if saved is not None:
        lines = [f"saved {each}" for each in saved.paths] or ["nothing is attached to it"]
        lines = lines if not saved.problem else [*lines[: len(saved.paths)], _why(saved)]
        yield "".join(f"{line}\n" for line in lines)


def _why(saved: Saved) -> str:
    """Say why not everything is saved."""
    return f"not everything that is attached could be saved: {saved.problem}"


def _plain(entry: Entry, message: Message | Unreadable, saved: Saved | None) -> dict[str, Any]:
    """Give a message as JSON has it."""
    told: dict[str, Any] = {"name": entry.name, "folder": entry.folder, "recent": entry.recent}
    if isinstance(message, Unreadable):
        told["unreadable"] = message.reason
    else:
        told |= asdict(message)
    if saved is not None:
        told |= {"saved": [str(each) for each in saved.paths], "save-problem": saved.problem}
    return told


def _look(*, all_fields: bool) -> Look:
    """Give how it is to be drawn here."""
    width = max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST)
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    fields = Fields.WHOLE if all_fields else Fields.PRINCIPAL
    return Look(width, _LINES, sys.stdout.encoding or "ascii", colour=coloured, fields=fields)
