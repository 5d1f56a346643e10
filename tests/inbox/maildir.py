"""A Maildir for tests of the inbox, in the hands of some other reader."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gomail.inbox.mailbox import Mailbox


def make_maildir(path: Path, *folders: str) -> Path:
    """Make a Maildir, and such folders in it."""
    for folder in ("", *(f".{each}" for each in folders)):
        for place in ("new", "cur", "tmp"):
            (path / folder / place).mkdir(parents=True)
    return path


def put(
    folder: Path, number: int, subject: str = "", *, place: str = "new", info: str = ""
) -> Path:
    """Store a message; a later one has a higher number."""
    path = folder / place / f"{1645409900 + number}.M7P1Q{number}R1.mx.example{info}"
    path.write_text(
        f"From: Ann {number} <ann@sender.example>\nTo: you@here.example\n"
        f"Subject: {subject or f'number {number}'}\nDate: Mon, 21 Feb 2022 02:18:20 +0000\n\nhi\n"
    )
    return path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Take all rights to a folder away; from root, too, as far as this thread is root."""
    folder.chmod(0)
    with _bound_by_rights():
        yield
    folder.chmod(0o755)


@contextmanager
def _bound_by_rights() -> Iterator[None]:
    """Have this thread do without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (capabilities(7))."""
    if os.geteuid():
        yield
        return
    library = ctypes.CDLL(None)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522), (ctypes.c_uint32 * 6)()
    assert library.capget(header, sets) == 0
    effective = sets[0]
    sets[0] &= ~0b110
    assert library.capset(header, sets) == 0
    try:
        yield
    finally:
        sets[0] = effective
        assert library.capset(header, sets) == 0


def names(folder: Path) -> list[str]:
    """List a folder's files: where they lie, and the ends of their names."""
    found = [each for place in ("new", "cur") for each in (folder / place).iterdir()]
    return sorted(f"{each.parent.name}:{each.name.partition(':')[2]}" for each in found)


def subjects(mailbox: Mailbox, query: str = "", folder: str = "") -> list[str]:
    """List the subjects of a page."""
    return [each.subject for each in mailbox.page(folder, query).entries]


def key(mailbox: Mailbox, subject: str) -> str:
    """Give the key of a message in the inbox."""
    return next(each.key for each in mailbox.page("").entries if each.subject == subject)
