"""
The file of a log: appended to, rotated, and never left before another one is open.

At `ROTATE_AT` octets it is moved to ``.1``, as older ones are to the next number, and `KEPT` of
them are kept. Where that can't be, or no file can be made in the place of one that was moved away,
the old one goes on, however long it gets. What it has is never taken from it.
"""

import errno
import io
import os
import stat
from contextlib import suppress
from pathlib import Path

ROTATE_AT = 10 * 1024 * 1024
KEPT = 5
_MODE = 0o640
# A FIFO that somebody has put there would have us wait for its reader.
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class LogFile(io.TextIOBase):
    """
    A regular file, to which whole lines are appended.

    Args:
        path: where it is, absolute; it is made where it is missing.
        flags: of open(2), with which it is opened this once.

    Attributes:
        stuck: why another one could not be begun when it was to be; empty where it was.

    Raises:
        OSError: it can't be written.
    """

    def __init__(self, path: str, flags: int = 0) -> None:
        super().__init__()
        self._path = path
        self._fd = -1  # Python closes what could not be opened, too
        self._fd = _open(path, flags)
        self._writer = os.geteuid()  # who alone begins others: root has not dropped its rights yet
        self.stuck = ""

    def give(self, uid: int | None, gid: int | None) -> None:
        """
        Give it to the user and group that will write it; others of that group may read it.

        Raises:
            PermissionError: it is somebody else's, or has another name somewhere.
        """
        status = os.fstat(self._fd)
        if uid is not None and (status.st_uid not in {os.geteuid(), uid} or status.st_nlink != 1):
            raise PermissionError(errno.EPERM, "it is another user's, or has another name")
        with suppress(OSError):  # another's, or on a file system that has no modes
            os.fchmod(self._fd, _MODE)
        if uid is not None or gid is not None:
            os.fchown(self._fd, -1 if uid is None else uid, -1 if gid is None else gid)
        self._writer = self._writer if uid is None else uid

    def fileno(self) -> int:
        """Give the number of the file."""
        return self._fd

    def write(self, text: str) -> int:
        """
        Append lines: all of them, or none.

        Raises:
            OSError: there is no room for them.
        """
        if os.fstat(self._fd).st_size >= ROTATE_AT and not self.stuck:
            self.begin_anew()
        size, written = os.fstat(self._fd).st_size, 0
        octets = text.encode("utf-8", "backslashreplace")
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            octets = b"\n" + octets  # behind a line that was torn
        try:
            while written < len(octets):
                written += os.write(self._fd, octets[written:])
        except OSError:
            self._take_back(size, written)
            raise
        return len(text)

    def _take_back(self, size: int, written: int) -> None:
        """Take back the part of some lines for which there was room."""
        with suppress(OSError):
            if written and os.fstat(self._fd).st_size == size + written:
                os.ftruncate(self._fd, size)

    def begin_anew(self) -> None:
        """
        Rotate; or, where somebody has moved the file away, go on with the one that is there now.

        Where neither can be, nothing changes, and `stuck` says why; nor does root, while it has its
        rights still, for somebody else.
        """
        if os.geteuid() != self._writer:
            return
        try:
            if self._is_there():
                _move_on(self._path)
            fd = _open(self._path)
        except OSError as error:
            self.stuck = f"{self._path}: {error.strerror}"
            return
        os.close(self._fd)
        self._fd, self.stuck = fd, ""

    def try_again(self) -> None:
        """Begin anew what could not be; unless somebody has cut the file, so that it goes on."""
        with suppress(OSError):
            if self._is_there() and os.fstat(self._fd).st_size < ROTATE_AT:
                self.stuck = ""
        if self.stuck:
            self.begin_anew()

    def _is_there(self) -> bool:
        """Tell whether it still has its name."""
        try:
            there = Path(self._path).stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._fd))

    def close(self) -> None:
        """Close it."""
        if not self.closed and self._fd >= 0:
            os.close(self._fd)
        super().close()


def _open(path: str, flags: int = 0) -> int:
    """Open a file, or make one."""
    try:
        fd = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError:
        fd = os.open(path, _FLAGS | flags)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "a regular file was expected") from None
        return fd
    with suppress(OSError):  # whatever the umask is
        os.fchmod(fd, _MODE)
    return fd


def _move_on(path: str) -> None:
    """Give a file the name of an old one; the last of those goes, if all are there."""
    names = [path, *(f"{path}.{number}" for number in range(1, KEPT + 1))]
    # One that is missing ends it: a try that fails halfway moves no more at the next.
    gap = next((at for at in range(1, KEPT) if not Path(names[at]).exists()), KEPT)
    for at in range(gap, 0, -1):
        Path(names[at - 1]).replace(names[at])
