"""Names: unique ones of files, and look-ups in directories of several makes and sizes."""

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from cpu import measure

from gomail.address import Address
from gomail.delivery.maildir import unique_name
from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.register import build
from gomail.reply import Refused

DOMAIN = "bench.example"
MAILDIR = "/srv/mail/{domain}/{mailbox}"
MAILBOXES = 1000
SQL = """
CREATE TABLE mailboxes (domain TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (domain, name))
    WITHOUT ROWID;
CREATE TABLE aliases (domain TEXT NOT NULL, name TEXT NOT NULL, target TEXT NOT NULL,
    PRIMARY KEY (domain, name, target)) WITHOUT ROWID;
"""


@cache
def folder() -> Path:
    """Make a folder that is gone when the process is."""
    made = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, made)
    return Path(made)


@cache
def listed() -> Directory:
    """Make a directory of the configuration's."""
    names = tuple(f"user{number}" for number in range(10))
    return build({DOMAIN: Domain(names, aliases={"info": ("user7",)})}, MAILDIR)


@cache
def filed() -> Directory:
    """Make a directory with a file of names."""
    file = folder() / "names"
    file.write_text("".join(f"user{number}\n" for number in range(MAILBOXES)))
    return build({DOMAIN: Domain(str(file), aliases={"info": ("user7",)})}, MAILDIR)


@cache
def stored() -> Directory:
    """Make a directory with a database."""
    file = folder() / "database"
    connection = sqlite3.connect(file)
    with connection:
        connection.executescript(SQL)
        rows = ((DOMAIN, f"user{number}") for number in range(MAILBOXES))
        connection.executemany("INSERT INTO mailboxes VALUES (?, ?)", rows)
        connection.execute("INSERT INTO aliases VALUES (?, 'info', 'user7')", (DOMAIN,))
    connection.close()
    return build({DOMAIN: Domain(f"sqlite:{file}")}, MAILDIR)


@cache
def many() -> Directory:
    """Make a directory with a database for a thousand domains."""
    stored()
    domain = Domain(f"sqlite:{folder() / 'database'}")
    return build({DOMAIN: domain} | {f"d{n}.example": domain for n in range(1000)}, MAILDIR)


def somebody(make: Callable[[], Directory], address: Address) -> None:
    """Look up what is there."""
    make().find(address)


def nobody(make: Callable[[], Directory], address: Address) -> None:
    """Look up what is not there."""
    try:
        make().find(address)
    except Refused:
        return
    raise RuntimeError(f"{address} was found")


def main() -> None:
    """Measure them all."""
    cases: dict[str, Callable[[], object]] = {
        "unique_name": partial(unique_name, "mx.bench.example")
    }
    for make in (listed, filed, stored, many):
        kind = make.__name__
        cases |= {
            f"{kind}: mailbox": partial(somebody, make, Address("user7", DOMAIN)),
            f"{kind}: capitals": partial(somebody, make, Address("USER7", "Bench.Example")),
            f"{kind}: alias": partial(somebody, make, Address("info", DOMAIN)),
            f"{kind}: sub-address": partial(somebody, make, Address("user7+lists", DOMAIN)),
            f"{kind}: nobody": partial(nobody, make, Address("no", DOMAIN)),
            f"{kind}: nobody, hostile": partial(nobody, make, Address("+" * 255, DOMAIN)),
            f"{kind}: relaying": partial(nobody, make, Address("user7", "other.example")),
        }
    measure(cases)


if __name__ == "__main__":
    main()
