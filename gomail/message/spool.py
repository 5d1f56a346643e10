"""
A spool file: content that is too big for memory, in one anonymous file beside the Maildir's.

Everything here blocks, and so is called off the reactor. The file has no name, so that nothing of
it is left over, however the process ends.
"""

import errno
import os
import tempfile

_CANNOT_COPY = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})
_PIECE = 1 << 20  # octets that are copied at once where the kernel can't do it


def write_all(fd: int, octets: bytes | bytearray | memoryview) -> None:
    """
    Write every octet: one call may write less, without an exception, on a disk that is about full.

    Raises:
        OSError: what the disk says.
    """
    rest = memoryview(octets)
    while rest:
        rest = rest[os.write(fd, rest) :]


class Spool:
    """An anonymous file in the folder *near*, made at the first write."""

    __slots__ = ("_fd", "_near", "error", "size")

    def __init__(self, near: str) -> None:
        """Remember where; nothing is made yet."""
        self._near = near
        self._fd = -1
        self.size = 0
        self.error: OSError | None = None  # the first of a write; the content is not whole then

    def write(self, octets: bytes | bytearray) -> None:
        """Append *octets*; what goes wrong is kept in `error`, and told when all is needed."""
        if self.error is not None:
            return
        try:
            if self._fd < 0:
                self._fd = _anonymous(self._near)
            write_all(self._fd, octets)
            self.size += len(octets)
        except OSError as error:
            self.error = error

    def copy_to(self, fd: int) -> None:
        """
        Copy the whole file behind what *fd* has, within the kernel where it can.

        Raises:
            OSError: the content is not whole, or the disk can't take it.
        """
        if self.error is not None:
            raise self.error
        done = 0
        while done < self.size:
            done += _copy(self._fd, fd, self.size - done, done)

    def close(self) -> None:
        """Let the file go; it is gone from the disk with that."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _anonymous(folder: str) -> int:
    """Open a file without a name in *folder*, or as near to that as the file system comes."""
    if hasattr(os, "O_TMPFILE"):
        try:
            return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}:
                raise
    fd, name = tempfile.mkstemp(dir=folder, prefix=".spool-")
    os.unlink(name)  # noqa: PTH108 -- as everything here, by a call of os
    return fd


def _copy(source: int, target: int, count: int, offset: int) -> int:
    """Copy up to *count* octets from *offset*; give how many they were."""
    copied = 0
    if hasattr(os, "copy_file_range"):
        try:
            copied = os.copy_file_range(source, target, count, offset_src=offset)
        except OSError as error:
            if error.errno not in _CANNOT_COPY:
                raise
    if not copied:
        octets = os.pread(source, min(count, _PIECE), offset)
        write_all(target, octets)
        copied = len(octets)
    if not copied:
        raise OSError(errno.EIO, "the spool file is shorter than what was written to it")
    return copied
