"""
A storm: calls of the operating system fail at random, in a server and in its agent.

Whoever runs them says how many of a hundred calls fail, and is told how many have, by files that
all have in memory: so a storm begins and ends without a word to the processes, and a count outlives
them. libfiu has calls fail below Python, where it is loaded; what it does not know, this does.
"""

import ctypes
import errno
import mmap
import os
import random
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STORM = "storm="  # the word that names the file
LIBRARIES = tuple(f"/usr/lib/fiu/fiu_{name}_preload.so" for name in ("run", "posix"))
_COUNTS = struct.Struct("=QQ")  # injected by us, by libfiu
_LOOK = 0.02  # seconds until libfiu learns of a change

# Names of libfiu, which chooses the error. Not close and closedir, which it would not do at all,
# while Linux closes whatever it says; and not read and write, by which a process talks to itself.
BELOW = (
    b"posix/io/sync/*",
    b"posix/io/rw/writev",
    b"posix/io/rw/writev/reduce",
    b"posix/io/rw/pwrite",
    b"posix/io/rw/pwrite/reduce",
    b"posix/io/oc/open",
    b"posix/io/dir/opendir",
    b"posix/io/dir/readdir",
    b"posix/io/net/*",
)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
HERE = {
    "access": (errno.EIO,),
    "copy_file_range": (errno.EIO, *FULL),
    "dup": (errno.EMFILE,),
    "fstat": (errno.EIO, errno.ENOMEM),
    "link": (errno.EIO, errno.EMLINK, errno.EROFS, *FULL),
    "open": (errno.EIO, errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS, *FULL),
    "scandir": (errno.EIO, errno.EMFILE),
    "statvfs": (errno.EIO,),
    "unlink": (errno.EIO, errno.EROFS),
}
WITH_LIBFIU = {  # … or ours, where it is not loaded
    "fsync": (errno.EIO, errno.ENOSPC, errno.EDQUOT),
    "pwrite": (errno.EIO, *FULL),
    "writev": (errno.EIO, *FULL),
}


class Weather:
    """
    The files of a storm, as the one who makes it sees them.

    Args:
        path: of the file in which the share is said; the counts are beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._said = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    @property
    def word(self) -> str:
        """The word for a server, which gives it to its agents."""
        return f"{STORM}{self.path}"

    def blow(self, percent: int) -> None:
        """Have so many of a hundred calls fail from now on."""
        self._said[0] = percent

    def injected(self) -> tuple[int, int]:
        """Give how many calls have failed: by us, and by libfiu."""
        files = self.path.parent.glob(f"{self.path.name}.*")
        read = [path.read_bytes() for path in files]
        counts = [_COUNTS.unpack_from(each) for each in read if each]  # one may be being made
        return sum(ours for ours, _ in counts), sum(its for _, its in counts)


class Storm:
    """A storm as it comes over this process."""

    def __init__(self, path: Path) -> None:
        """Find the file, and make one to count in."""
        counts = path.with_name(f"{path.name}.{os.getpid()}")
        counts.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("rb") as file, counts.open("r+b") as own:
            self._said = mmap.mmap(file.fileno(), mmap.PAGESIZE, prot=mmap.PROT_READ)
            self._counts = mmap.mmap(own.fileno(), mmap.PAGESIZE)
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Have calls fail when it blows."""
        loaded = LIBRARIES[0] in os.environ.get("LD_PRELOAD", "")
        for call, errors in (HERE | WITH_LIBFIU).items():
            ours = not loaded or call in HERE
            setattr(os, call, self._exposed(call, getattr(os, call), errors, ours=ours))
        if loaded:
            threading.Thread(target=self._tell_libfiu, daemon=True).start()

    def _exposed(
        self, call: str, real: Callable[..., Any], errors: tuple[int, ...], *, ours: bool
    ) -> Callable[..., Any]:
        """Make the call that stands for *real*; where it is not *ours*, libfiu's are counted."""

        def exposed(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any call of os
            if ours and random.random() * 100 < self._said[0]:
                self._count(0)
                if call == "writev" and random.random() < 0.5:
                    return real(arguments[0], [half(arguments[1][0])])
                number = random.choice(errors)
                raise OSError(number, os.strerror(number))
            try:
                return real(*arguments, **named)
            except OSError as error:
                if not ours and self._said[0]:
                    self._count(1)
                raise error from None

        return exposed

    def _count(self, which: int) -> None:
        """Count one more."""
        with self._lock:
            counts = list(_COUNTS.unpack_from(self._counts))
            counts[which] += 1
            _COUNTS.pack_into(self._counts, 0, *counts)

    def _tell_libfiu(self) -> None:
        """Tell libfiu of every change: a thread's own loop."""
        library = ctypes.CDLL("libfiu.so.0")
        enable = library.fiu_enable_random
        enable.argtypes = (
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_uint,
            ctypes.c_float,
        )
        told = 0
        while True:
            percent = self._said[0]
            if percent != told:
                for name in BELOW:
                    if percent:
                        enable(name, 1, None, 0, percent / 100)
                    else:
                        library.fiu_disable(name)
                told = percent
            time.sleep(_LOOK)


def half(octets: bytes | memoryview) -> memoryview:
    """Give the first half of some octets, and one at least."""
    return memoryview(octets)[: max(1, len(octets) // 2)]


def expose(*how: str) -> None:
    """Expose this process to the storm that one of the words names, if any."""
    for word in how:
        if word.startswith(STORM):
            Storm(Path(word.removeprefix(STORM))).begin()
