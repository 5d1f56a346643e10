"""
What the disk does without any SMTP: files of the same size, by the same steps, in the same layout.

The steps are those of the promise: write to ``tmp/``, fsync, link into ``new/``, fsync the folder.
For several mailboxes each step is done for all of them before the next one, and write-back is
started for all files before the first fsync, which is the fastest order that is known.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measuring import fresh_folder

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class Boxes:
    """
    Maildirs in a fresh folder, opened once.

    Args:
        scratch: on the disk to be measured.
        count: how many there are.
    """

    def __init__(self, scratch: Path, count: int) -> None:
        self.folder = fresh_folder(scratch, "bare")
        self._open: list[tuple[int, int]] = []
        self._names = 0
        for number in range(1, count + 1):
            maildir = self.folder / "Maildir" / f"{number}inbox"
            for name in ("tmp", "new", "cur"):
                (maildir / name).mkdir(parents=True)
            self._open.append(
                (os.open(maildir / "tmp", _FOLDER), os.open(maildir / "new", _FOLDER))
            )

    def store(self, octets: bytes) -> float:
        """Store one message in all of them, durably; give the seconds that it took."""
        self._names += 1
        name = f"{time.time_ns()}.{self._names}.bench"
        began = time.perf_counter()
        files = [_written(tmp, name, octets) for tmp, _ in self._open]
        if len(files) > 1 and hasattr(os, "posix_fadvise"):
            for file in files:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        for file in files:
            os.fsync(file)
        for tmp, new in self._open:
            os.link(name, name, src_dir_fd=tmp, dst_dir_fd=new)
        for _, new in self._open:
            os.fsync(new)
        seconds = time.perf_counter() - began
        self._tidy(files, name)
        return seconds

    def _tidy(self, files: Sequence[int], name: str) -> None:
        """Do what gomail does once 250 is on its way."""
        for (tmp, _), file in zip(self._open, files, strict=True):
            os.close(file)
            os.unlink(name, dir_fd=tmp)

    def close(self) -> None:
        """Close the folders."""
        for pair in self._open:
            for fd in pair:
                os.close(fd)


def _written(tmp: int, name: str, octets: bytes) -> int:
    """Write a file, and give its descriptor."""
    file = os.open(name, _NEW, 0o600, dir_fd=tmp)
    os.write(file, octets)
    return file
