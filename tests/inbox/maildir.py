"""A Maildir for tests of the inbox, in the hands of some other reader."""

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
