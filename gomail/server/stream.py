"""A terminal, pipe or device as a log: written to while it takes something, never waited for."""

import errno
import io
import os
import select

MOST = 1 << 20  # octets that wait for somebody to read them; what comes then is lost
_PIECE = 4096  # octets that a pipe which takes something takes without waiting (PIPE_BUF)


class Stream(io.TextIOBase):
    """
    Writes text to an open file, and keeps what it does not take now.

    A pager that nobody scrolls, Ctrl-S, a log shipper that hangs: the mail goes on. The file is not
    made non-blocking, since others have it too, the shell among them.
    """

    def __init__(self, fd: int) -> None:
        """Write to *fd*, which stays open when this is closed."""
        super().__init__()
        self._fd = fd
        self._rest = b""

    @property
    def waiting(self) -> bool:
        """Whether something is left for a later `flush`."""
        return bool(self._rest)

    def fileno(self) -> int:
        """Give the number of the file."""
        return self._fd

    def write(self, text: str) -> int:
        """
        Take text, to be written by `flush`.

        Raises:
            OSError: too much waits already.
        """
        if len(self._rest) > MOST:
            raise OSError(errno.EAGAIN, "nobody reads the log")
        self._rest += text.encode("utf-8", "backslashreplace")
        return len(text)

    def flush(self) -> None:
        """
        Write what is taken.

        Raises:
            OSError: nothing is any more, and what waited is lost.
        """
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        try:
            while self._rest and poll.poll(0):
                self._rest = self._rest[os.write(self._fd, self._rest[:_PIECE]) :]
        except OSError:
            self._rest = b""
            raise
