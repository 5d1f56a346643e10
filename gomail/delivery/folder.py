"""
A Maildir++ folder made within a Maildir that is there.

Whoever shares the Maildir may write to it too, and put a link or a pipe in the place of what is
made. So each step goes by a folder that was opened once, and nothing is opened that was not made
here. Everything blocks, and raises OSError with what the disk says.
"""

import os
from contextlib import suppress

from gomail.delivery.maildir import Ownership, flush

# That there is a new/ tells that a folder is one; so it is made last, and half of one made again.
_SUBFOLDERS = ("tmp", "cur", "new")
_MARKER = "maildirfolder"  # tells deliveries by quota that this is no Maildir of its own
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folder_of(maildir: str, folder: str, ownership: Ownership) -> str:
    """Make the folder that is called so, durably, with what of it is not there; give its path."""
    name = f".{folder}"
    root = os.open(maildir, _FOLDER)
    try:
        made = _make(root, name, ownership)
    finally:
        os.close(root)
    try:
        _mark(made, ownership)
        for each in _SUBFOLDERS:
            os.close(_make(made, each, ownership))
    finally:
        os.close(made)
    return os.path.join(maildir, name)


def _make(above: int, name: str, ownership: Ownership) -> int:
    """Make a folder in the open one *above*, unless it is there, and open it."""
    try:
        os.mkdir(name, 0o700, dir_fd=above)
    except FileExistsError:
        return os.open(name, _FOLDER, dir_fd=above)
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
        flush(above)
    except OSError:
        os.close(fd)
        raise
    return fd


def _mark(folder: int, ownership: Ownership) -> None:
    """Make the file that tells a Maildir++ folder from a Maildir, unless there is anything."""
    with suppress(FileExistsError):
        fd = os.open(_MARKER, _NEW_FILE, ownership.file_mode, dir_fd=folder)
        try:
            if ownership.group is not None:  # whatever the umask is
                os.fchmod(fd, ownership.file_mode)
        finally:
            os.close(fd)
