"""
Folders that are found, and made: one alone, a Maildir, or a Maildir++ folder within one.

Whoever shares a Maildir may write to it too, and put a link or a pipe in the place of what is made.
So each step goes by a folder that was opened once, and nothing is opened that was not made here.
What is made is durable; half of it is made again. Everything blocks, and raises OSError with what
the disk says.
"""

import errno
import os
from contextlib import suppress

from gomail.address import fold
from gomail.delivery.maildir import PRIVATE, Ownership, flush

# That there is a new/ tells that a folder is one; so it is made last, and half of one made again.
_SUBFOLDERS = ("tmp", "cur", "new")
_MARKER = "maildirfolder"  # tells deliveries by quota that this is no Maildir of its own
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A folder in which something is there needn't be readable; macOS has no O_PATH.
_ABOVE = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make(path: str, ownership: Ownership = PRIVATE) -> None:
    """Make the Maildir at *path*, in a folder that exists; what is there already stays."""
    above, name = _open_above(path)
    try:
        made = _made(above, name, ownership)
    finally:
        os.close(above)
    _fill(made, ownership, marked=False)


def make_folder(path: str, ownership: Ownership = PRIVATE) -> None:
    """Make one folder, in one that exists, unless there is anything: a link to one is as good."""
    above, name = _open_above(path)
    try:
        made = _new(above, name, ownership)
    finally:
        os.close(above)
    if made is not None:
        os.close(made)


def make_folder_of(maildir: str, folder: str, ownership: Ownership) -> str:
    """Make the Maildir++ folder that is called so, with what of it is not there; give its path."""
    name = f".{folder}"
    root = os.open(maildir, _FOLDER)
    try:
        made = _made(root, name, ownership)
    finally:
        os.close(root)
    _fill(made, ownership, marked=True)
    return os.path.join(maildir, name)


def folder_of(maildir: str, folder: str) -> str:
    """Give the Maildir++ folder that is called so, or the Maildir itself where there is none."""
    with os.scandir(maildir) as entries:
        names = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    if not {"tmp", "new", "cur"} <= names:
        raise FileNotFoundError(errno.ENOENT, "not a Maildir yet", maildir)
    wanted = f".{folder}"
    alike = [name for name in names if fold(name) == fold(wanted)]
    for name in sorted(alike, key=lambda name: (name != wanted, name)):
        path = os.path.join(maildir, name)
        if os.path.isdir(os.path.join(path, "new")):
            return path
    return maildir


def _open_above(path: str) -> tuple[int, str]:
    """Open the folder in which a path lies, by way of links too; give it, and the last name."""
    folder, name = os.path.split(path.rstrip(os.sep) or os.sep)
    return os.open(folder or os.curdir, _ABOVE), name or os.curdir


def _fill(folder: int, ownership: Ownership, *, marked: bool) -> None:
    """Make what an open Maildir has, and close it."""
    try:
        if marked:
            _mark(folder, ownership)
        for each in _SUBFOLDERS:
            os.close(_made(folder, each, ownership))
    finally:
        os.close(folder)


def _made(above: int, name: str, ownership: Ownership) -> int:
    """Make a folder in the open one *above*, unless it is there, and open it."""
    made = _new(above, name, ownership)
    return os.open(name, _FOLDER, dir_fd=above) if made is None else made


def _new(above: int, name: str, ownership: Ownership) -> int | None:
    """Make a folder in the open one *above*, and open it; None if anything is there."""
    try:
        os.mkdir(name, PRIVATE.folder_mode, dir_fd=above)  # until it is its group's
    except FileExistsError:
        return None
    try:
        return _shared(above, os.open(name, _FOLDER, dir_fd=above), ownership)
    except OSError:
        with suppress(OSError):  # else the next try would take it for finished
            os.rmdir(name, dir_fd=above)
        raise


def _shared(above: int, fd: int, ownership: Ownership) -> int:
    """Give a new folder to those who share it, and make its name durable."""
    try:
        if ownership.group is not None:
            os.fchown(fd, -1, ownership.group)
            os.fchmod(fd, ownership.folder_mode)
        _flush(above)
    except OSError:
        os.close(fd)
        raise
    return fd


def _flush(above: int) -> None:
    """Make what is in a folder durable, which may be open for its names alone."""
    fd = os.open(os.curdir, _FOLDER, dir_fd=above)
    try:
        flush(fd)
    finally:
        os.close(fd)


def _mark(folder: int, ownership: Ownership) -> None:
    """Make the file that tells a Maildir++ folder from a Maildir, unless there is anything."""
    with suppress(FileExistsError):
        fd = os.open(_MARKER, _NEW_FILE, ownership.file_mode, dir_fd=folder)
        try:
            if ownership.group is not None:  # whatever the umask is
                os.fchmod(fd, ownership.file_mode)
        finally:
            os.close(fd)
