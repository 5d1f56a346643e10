"""
The stage of a rehearsal: a disk that is looked at, and on which nothing is made, written or swept.

What would fail on the real one, because of rights, room or a missing folder, fails here as well.
"""

import errno
import os
from pathlib import Path

from twisted.internet.defer import Deferred, succeed

from gomail.delivery.committer import Committer
from gomail.delivery.deposit import Deposit
from gomail.delivery.folder import folder_of
from gomail.delivery.maildir import Maildir
from gomail.delivery.places import Places
from gomail.delivery.room import free_octets

NOT_STORED = "NOT-STORED"  # stands for the name of a file
_EFFECTIVE = os.access in os.supports_effective_ids


class Discarding(Committer):
    """Asks the disk as the real one does, and keeps no message."""

    def commit(self, deposit: Deposit) -> Deferred[Deposit]:
        """Let a deposit be as if it was stored."""
        deposit.stored = (NOT_STORED,) * len(deposit.filings)
        return succeed(deposit)


class Looking(Places):
    """
    Places that are looked at; the arguments are those of `gomail.delivery.places.Places`.

    Attributes:
        absent: paths that are not there, and would be made.
        running: whether the server runs: the folder of all Maildirs, or the only one, is made at
            the start alone.
    """

    absent: frozenset[str] = frozenset()
    running = False

    def _see(self, maildir: str, folder: str, made: bool) -> tuple[str, bool]:  # noqa: FBT001 -- as there
        """See whether mail could be stored; blocks."""
        try:
            path = folder_of(maildir, folder)
        except FileNotFoundError:
            if self.running:
                Path(self._root).stat()
            path = f"{maildir}/.{folder}" if made else maildir
            self._would_make(path, str(Path(maildir).parent))
            return path, False
        if made and path == maildir:
            path = f"{maildir}/.{folder}"
            self._would_make(path, maildir)
            return path, False
        opened = Maildir(path, self._ownership)
        try:
            opened.check()
            if free_octets(opened.new) < max(1, self._reserve):
                raise OSError(errno.ENOSPC, "less is free than the reserve", path)
        finally:
            opened.close()
        return path, False

    def _would_make(self, path: str, above: str) -> None:
        """See whether a folder could be made, in the nearest one above that is there."""
        folder = nearest(above)
        if folder != above and os.path.lexists(_below(folder, above)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), above)
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE):
            raise PermissionError(errno.EACCES, "may not be written to", folder)
        self.absent |= {path}


def nearest(folder: str) -> str:
    """Give the nearest folder that is there: this one, or one above it."""
    return str(next(each for each in (Path(folder), *Path(folder).parents) if each.is_dir()))


def _below(folder: str, path: str) -> str:
    """Give what is next below a folder on the way to a path."""
    return str(Path(folder, Path(path).relative_to(folder).parts[0]))


def in_crlf(content: bytes) -> bytes:
    """Give a message as a sender would send it: one that has LF alone is a file of this system."""
    return content if b"\r\n" in content else content.replace(b"\n", b"\r\n")
