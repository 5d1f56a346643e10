"""The Maildir: whether the server may write to it, and its reader read what is there."""

import os
import pwd
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gomail.doctor.finding import Finding, Severity, Told

_FOLDERS = ("cur", "new", "tmp")
_READ, _WRITE, _PASS = 4, 2, 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder as the disk has it: its path, permissions, owner and group."""

    path: str
    mode: int
    uid: int
    gid: int

    def __str__(self) -> str:
        """Write it for people."""
        return f"{self.path} is {self.mode & 0o7777:04o}, of {name_of(self.uid)}"


@dataclass(frozen=True, slots=True)
class Person:
    """A user of this machine, with all groups."""

    uid: int
    groups: frozenset[int] = frozenset()

    def __str__(self) -> str:
        """Name the user."""
        return name_of(self.uid)

    def may(self, entry: Entry, what: int) -> bool:
        """Tell whether the user may do all of something with a folder, by its permissions."""
        if self.uid == 0:
            return True
        shift = 6 if entry.uid == self.uid else 3 if entry.gid in self.groups else 0
        return (entry.mode >> shift) & what == what


@dataclass(frozen=True, slots=True)
class Store:
    """
    A Maildir, and who has to do with it.

    Attributes:
        path: of the Maildir, or of the folder of all of them.
        server: who writes.
        reader: who reads; None where that can't be told.
        above: the folders in which it is.
        folders: itself, and those of a Maildir; empty where it is missing.
        shared: the group that files are for; None where they are for the server's user alone.
        single: whether it is one Maildir.
        hidden: whether this user may not look.
        makes: whether the server will make it, once it starts.
    """

    path: str
    server: Person
    reader: Person | None = None
    above: tuple[Entry, ...] = ()
    folders: tuple[Entry, ...] = ()
    shared: int | None = None
    single: bool = True
    hidden: bool = False
    makes: bool = False


def person(uid: int) -> Person:
    """Give a user with all groups."""
    with suppress(KeyError):
        found = pwd.getpwuid(uid)
        return Person(uid, frozenset(os.getgrouplist(found.pw_name, found.pw_gid)))
    return Person(uid)


def name_of(uid: int) -> str:
    """Give the name of a user."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def look_into(
    path: str, server: int, *, shared: int | None, single: bool, makes: bool = False
) -> Store:
    """Look at a Maildir; who owns the folder that it is in, unless that is root, is its reader."""
    real = Path(os.path.realpath(path))
    above = []
    folders: list[Entry] = []
    hidden = False
    try:
        above = [_entry(each) for each in reversed(real.parents)]
        folders = [_entry(real)]
        folders += [_entry(real / name) for name in _FOLDERS] if single else []
    except PermissionError:
        hidden = True
    except OSError:  # it is missing, or what is in it
        folders = []
    owner = above[-1].uid if above else 0
    owner = owner or (folders[0].uid if folders else server)
    reader = person(owner) if single and owner else None
    return Store(
        str(real),
        person(server),
        reader,
        tuple(above),
        tuple(folders),
        shared,
        single,
        hidden,
        makes,
    )


def _entry(path: Path) -> Entry:
    """Read what the disk says of a folder."""
    status = path.stat()
    return Entry(str(path), status.st_mode, status.st_uid, status.st_gid)


def examine_store(seen: Store) -> Told:
    """Find what is wrong with who may do what."""
    if seen.hidden:
        return Told(unseen=(f"the Maildir {seen.path}: sudo gomail doctor",))
    checked = [f"{seen.path}, for the server's user {seen.server}"]
    checked += [f"{seen.path}, for its reader {seen.reader}"] if seen.reader else []
    return Told(tuple(_findings(seen)), tuple(checked))


def _findings(seen: Store) -> Iterator[Finding]:
    """Find it."""
    if not seen.folders:
        if not (seen.makes and seen.above and seen.server.may(seen.above[-1], _WRITE | _PASS)):
            yield _missing(seen)
        return
    bad = [each for each in seen.above if not seen.server.may(each, _PASS)]
    bad += [each for each in seen.folders if not seen.server.may(each, _WRITE | _PASS)]
    if bad:
        yield _unwritable(seen, bad)
    elif seen.reader is not None and seen.server.uid != 0:  # of root another finding is made
        yield from _unreadable(seen, seen.reader)


def _missing(seen: Store) -> Finding:
    """Say that there is no Maildir."""
    owner = seen.reader or seen.server
    names = _FOLDERS if seen.single else ()
    paths = (seen.path, *(f"{seen.path}/{name}" for name in names))
    return Finding(
        "maildir-missing",
        Severity.ERROR,
        f"{seen.path} is a Maildir" if seen.single else f"{seen.path} is a folder",
        (f"there is no {seen.path}, or not all of it",),
        "make it:",
        (f"sudo install -d -m 700 -o {owner} {shlex.join(paths)}",),
    )


def _unwritable(seen: Store, bad: list[Entry]) -> Finding:
    """Say that the server may not store."""
    inside = {each.path for each in seen.folders}
    lines = [f"sudo chmod o+x {shlex.quote(each.path)}" for each in bad if each.path not in inside]
    if any(each.path in inside for each in bad):
        lines.append(_give(seen.path, seen.server))
    return Finding(
        "maildir-unwritable",
        Severity.ERROR,
        f"{seen.server}, who runs the server, may write to {seen.path}",
        tuple(map(str, bad)),
        "let the server store there:",
        tuple(lines),
    )


def _give(path: str, owner: Person) -> str:
    """Write the line that gives a Maildir to somebody."""
    path = shlex.quote(path)
    return f"sudo chown -R {owner} {path} && sudo chmod -R u+rwX {path}"


def _unreadable(seen: Store, reader: Person) -> Iterator[Finding]:
    """Find that the reader can't get at folders, or at the files that come into them."""
    bad = [str(each) for each in seen.above if not reader.may(each, _PASS)]
    wanted = _READ | _WRITE | _PASS
    bad += [str(each) for each in seen.folders if not reader.may(each, wanted)]
    foreign = reader.uid != seen.server.uid
    if not bad and foreign and (seen.shared is None or seen.shared not in reader.groups):
        bad = [f"messages belong to {seen.server} alone (0600)"]
    if not bad:
        return
    if foreign:
        remedy, lines = (
            "run the server as the reader, or name a group in the configuration that both are in:",
            (f'sudo "$(which gomail)" units install --user {reader}',),
        )
    else:
        remedy, lines = (
            "give it to its reader:",
            (_give(seen.path, reader),),
        )
    yield Finding(
        "maildir-unreadable",
        Severity.ERROR,
        f"{reader} may read {seen.path}, and mark and delete what is there",
        tuple(bad),
        remedy,
        lines,
    )
