"""
A spool file: content that is too big for memory, in one anonymous file beside the Maildir's.

Everything here blocks, and so is called off the reactor. The file has no name, so that nothing of
it is left over, however the process ends. It leaves room for the trace fields, which stand first
and are known last: with them it is a message that only lacks a name, and no octet is written twice.
"""

import errno
import os
from contextlib import suppress

_CANNOT_COPY = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})
_SHORTER = "the spool file is shorter than what was written to it"
_PIECE = 1 << 20  # octets that are copied at once where the kernel can't do it
_WRITE_BACK = 4 << 20  # octets after which the disk begins, so that little is left in the end


def write_all(fd: int, *parts: bytes | bytearray) -> int:
    """
    Write every octet of *parts*, one behind the other, and give how many they are.

    One call takes them all, or less, without an exception, on a disk that is about full.

    Raises:
        OSError: what the disk says.
    """
    rest: list[bytes | bytearray | memoryview] = [part for part in parts if part]
    size = sum(map(len, rest))
    left = size
    while left:
        written = os.writev(fd, rest)
        left -= written
        while left and written >= len(rest[0]):
            written -= len(rest.pop(0))
        if left:
            rest[0] = memoryview(rest[0])[written:]
    return size


class Spool:
    """
    An anonymous file, made at the first write.

    Args:
        near: the folder in which it has its octets.
        above: octets that stay free on top of it, for trace fields that are known in the end.
    """

    __slots__ = ("_above", "_fd", "_near", "_started", "error", "size")

    def __init__(self, near: str, above: int = 0) -> None:
        """Remember where; nothing is made yet."""
        self._near = near
        self._above = above
        self._fd = -1
        self._started = 0  # octets that the kernel has been told to write
        self.size = 0
        self.error: OSError | None = None  # the first of a write; the content is not whole then

    def write(self, octets: bytes | bytearray) -> None:
        """Append *octets*; what goes wrong is kept in `error`, and told when all is needed."""
        if self.error is not None:
            return
        try:
            if self._fd < 0:
                self._fd = _anonymous(self._near)
                os.lseek(self._fd, self._above, os.SEEK_SET)
            self.size += write_all(self._fd, octets)
        except OSError as error:
            self.error = error
        if self.size - self._started >= _WRITE_BACK:
            start_writing(self._fd, self._above + self._started, self.size - self._started)
            self._started = self.size

    def complete(self, above: bytes) -> int:
        """
        Write the trace fields on top, and give the file descriptor of what is a whole message then.

        It is -1 where they do not fit the room that was left for them.

        Raises:
            OSError: the content is not whole, or the disk can't take it.
        """
        if self.error is not None:
            raise self.error
        if self._fd < 0 or len(above) != self._above:
            return -1
        done = 0
        while done < len(above):
            done += os.pwrite(self._fd, above[done:], done)
        return self._fd

    def read(self, offset: int, count: int) -> bytes:
        """
        Give up to *count* octets of the content from *offset*; none behind its end.

        Raises:
            OSError: the content is not whole, or the disk can't give it.
        """
        if self.error is not None:
            raise self.error
        octets = os.pread(self._fd, min(count, self.size - offset), self._above + offset)
        if not octets and offset < self.size:
            raise OSError(errno.EIO, _SHORTER)
        return octets

    def copy_to(self, fd: int, skip: int = 0) -> int:
        """
        Copy the content behind what *fd* has, within the kernel where it can.

        Args:
            fd: of the file to write to.
            skip: octets at its beginning that are left out.

        Returns:
            How many octets were copied.

        Raises:
            OSError: the content is not whole, or the disk can't take it.
        """
        if self.error is not None:
            raise self.error
        done = skip
        while done < self.size:
            done += _copy(self._fd, fd, self.size - done, self._above + done)
        return done - skip

    def close(self) -> None:
        """Let the file go; unless it has become a message, it is gone from the disk with that."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def start_writing(fd: int, offset: int = 0, size: int = 0) -> None:
    """Have the kernel start to write what a file has from *offset* on, without waiting for it."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # it is advice, no more
            os.posix_fadvise(fd, offset, size, os.POSIX_FADV_DONTNEED)


def _anonymous(folder: str) -> int:
    """Open a file without a name in *folder*, or as near to that as the file system comes."""
    if hasattr(os, "O_TMPFILE"):
        try:
            return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}:
                raise
    import tempfile  # noqa: PLC0415 -- hardly anybody needs it, and it takes much with it

    fd, name = tempfile.mkstemp(dir=folder, prefix=".spool-")
    try:
        os.unlink(name)  # noqa: PTH108 -- as everything here, by a call of os
    except OSError:
        os.close(fd)
        raise
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
        raise OSError(errno.EIO, _SHORTER)
    return copied
