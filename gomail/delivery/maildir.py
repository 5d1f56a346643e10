"""
A Maildir as the one who delivers sees it: stage in ``tmp/``, commit into ``new/``, or abort.

Every step is relative to folders that were opened once and are no symbolic links, so that nothing
which happens to the path meanwhile leads the mail elsewhere. A message appears in ``new/`` by
`link`, never by a rename over something, and nothing is ever unlinked from there. Everything here
blocks, and raises OSError with what the disk says.

The layout is that of maildir(5) as mutt, Dovecot and Python's mailbox read it.
"""

import errno
import fcntl
import itertools
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gomail.message.spool import start_writing, write_all

STALE = 36 * 3600  # seconds until a file in tmp/ was surely left by somebody who died
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PROBE = bytes(64 * 1024)  # what a mailbox must be able to keep to be healthy again
_EFFECTIVE = os.access in os.supports_effective_ids
_sequence = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ownership:
    """
    Who may read what is delivered.

    Attributes:
        group: the numeric group that shares the Maildirs; None for the owner alone.
    """

    group: int | None = None

    @property
    def file_mode(self) -> int:
        """The mode of a message's file."""
        return 0o600 if self.group is None else 0o660

    @property
    def folder_mode(self) -> int:
        """The mode of a folder; a shared one hands its group on to what is made in it."""
        return 0o700 if self.group is None else 0o2770


PRIVATE = Ownership()


def flush(fd: int) -> None:
    """Make a file or folder durable; on macOS fsync alone stops at the drive's cache."""
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def unique_name(hostname: str, chance: str) -> str:
    """
    Give a name that nobody else on any machine gives, whatever the clock does.

    ``<sec>.M<usec>P<pid>Q<sequence>R<random>.<host>``, as maildir(5) recommends. *chance* is drawn
    for every batch: it tells apart machines that were copied while they ran.
    """
    now = time.time_ns() // 1000
    host = hostname[:100].replace("/", "\\057").replace(":", "\\072")  # a name has 255 octets
    return (
        f"{now // 1_000_000}.M{now % 1_000_000:06d}P{os.getpid()}Q{next(_sequence)}R{chance}.{host}"
    )


class Maildir:
    """
    An open Maildir.

    Raises:
        OSError: it is not there, is a symbolic link, or may not be used.
    """

    __slots__ = ("_chance", "_ownership", "new", "path", "tmp")

    def __init__(self, path: str, ownership: Ownership = PRIVATE) -> None:
        """Open the folders that a delivery needs."""
        self.path = path
        self._ownership = ownership
        self._chance = os.urandom(8).hex()
        root = os.open(path, _FOLDER)
        try:
            self.tmp = os.open("tmp", _FOLDER, dir_fd=root)
            try:
                self.new = os.open("new", _FOLDER, dir_fd=root)
            except OSError:
                os.close(self.tmp)
                raise
        finally:
            os.close(root)

    def close(self) -> None:
        """Close the folders."""
        for fd in (self.tmp, self.new):
            with suppress(OSError):  # nothing was written by way of them
                os.close(fd)

    def stage(self, hostname: str, write: Callable[[int], int], size: int) -> "Staged":
        """
        Write a message to a file in ``tmp/``.

        Args:
            hostname: ours, for the name.
            write: writes the whole message to a file descriptor, and gives how many octets it is.
            size: how many it should be.
        """
        name = unique_name(hostname, self._chance)
        fd = os.open(name, _NEW_FILE, self._ownership.file_mode, dir_fd=self.tmp)
        return self._staged(fd, name, write, size)

    def adopt(self, hostname: str, fd: int, size: int) -> "Staged | None":
        """
        Give a file without a name that has the whole message a name in ``tmp/``.

        Returns:
            None where that can't be: on another file system, without /proc, for want of O_TMPFILE.
        """
        name = unique_name(hostname, self._chance)
        own = os.dup(fd)  # first: where that fails nothing may be left
        try:
            os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=self.tmp, follow_symlinks=True)
        except OSError:
            os.close(own)
            return None
        staged = self._staged(own, name, lambda fd: os.fstat(fd).st_size, size)
        staged.early = True
        return staged

    def _staged(self, fd: int, name: str, write: Callable[[int], int], size: int) -> "Staged":
        """Have a file in ``tmp/`` written and see that it is whole; else nothing of it is left."""
        staged = Staged(self, fd, name, f"{name},S={size}")
        try:
            if self._ownership.group is not None:
                os.fchmod(fd, self._ownership.file_mode)
            written = write(fd)
            if written != size:
                short = f"{written} octets were written instead of {size}"
                raise OSError(0, short)  # noqa: TRY301 -- it is aborted below
        except BaseException:
            staged.abort()
            raise
        return staged

    @property
    def device(self) -> int:
        """What tells its file system from others."""
        return os.fstat(self.new).st_dev

    def flush(self) -> None:
        """Make the names in ``new/`` durable."""
        flush(self.new)

    def check(self) -> None:
        """See that files may be made here; reading the rights costs less than trying."""
        for name, fd in (("tmp", self.tmp), ("new", self.new)):
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=fd, effective_ids=_EFFECTIVE):
                path = os.path.join(self.path, name)
                if os.fstatvfs(fd).f_flag & os.ST_RDONLY:  # as a disk is behind its first fault
                    raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
                raise PermissionError(errno.EACCES, "may not be written to", path)

    def probe(self) -> None:
        """Find out whether a message could be stored: one is staged durably, and thrown away."""
        staged = self.stage("probe", lambda fd: write_all(fd, _PROBE), len(_PROBE))
        try:
            staged.flush()
        finally:
            staged.abort()

    def sweep(self, now: float) -> int:
        """Remove what deliveries that died have left in ``tmp/``; give how many files that were."""
        swept = 0
        with os.scandir(self.tmp) as entries:
            for entry in entries:
                # What somebody else removes first, or nobody may remove, costs no mail.
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if entry.is_file(follow_symlinks=False) and now - status.st_mtime > STALE:
                        os.unlink(entry.name, dir_fd=self.tmp)
                        swept += 1
        return swept


class Staged:
    """
    A message in ``tmp/``: written, not yet durable, not yet delivered.

    Attributes:
        early: octets of it may have reached the disk, or failed to, before the Maildir was opened.
    """

    __slots__ = ("_fd", "_name", "early", "maildir", "name")

    def __init__(self, maildir: Maildir, fd: int, name: str, new_name: str) -> None:
        """Keep the file open until it is closed or aborted."""
        self.maildir = maildir
        self.early = False
        self.name = new_name
        self._name = name
        self._fd = fd

    def start_writing(self) -> None:
        """Have the kernel start to write, without waiting: one journal commit serves a batch."""
        start_writing(self._fd)

    def flush(self) -> None:
        """Make the file's octets durable; after an error it is lost: fsync is never tried again."""
        flush(self._fd)

    def close(self) -> None:
        """Close the file: whatever was at stake is durable, or known not to be."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)

    def commit(self) -> None:
        """Deliver: give the file its name in ``new/``, which must be free."""
        os.link(
            self._name,
            self.name,
            src_dir_fd=self.maildir.tmp,
            dst_dir_fd=self.maildir.new,
            follow_symlinks=False,
        )

    def abort(self) -> None:
        """Remove the name in ``tmp/`` and close the file; after a commit this is the tidying up."""
        self.close()
        with suppress(OSError):  # it is swept later; a delivery that succeeded does not fail here
            os.unlink(self._name, dir_fd=self.maildir.tmp)
