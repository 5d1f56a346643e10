"""The disk of the Maildirs: its room, and whether what it has stored is still there tomorrow."""

import os
import re
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gomail.doctor.finding import Finding, Severity, Told

_FEW = 1000  # messages that find a place
_MIB = 1024 * 1024
_VOLATILE = {"tmpfs", "ramfs"}
# Options by which a file system answers fsync before the disk has it (ext4(5), overlayfs).
_HASTY = {"nobarrier", "barrier=0", "volatile"}
_OCTAL = re.compile(r"\\([0-7]{3})")  # as mountinfo writes blanks


@dataclass(frozen=True, slots=True)
class Disk:
    """
    A file system, as it is mounted.

    Attributes:
        folder: that lies on it.
        free: octets that a user without rights may write.
        files: that may still be made; None where it has no such limit.
        read_only: whether nothing can be written.
        kind: of file system.
        options: with which it is mounted.
    """

    folder: str
    free: int
    files: int | None = None
    read_only: bool = False
    kind: str = ""
    options: frozenset[str] = frozenset()


def look_at_disk(folder: str) -> Disk | None:
    """Look at the disk that a folder, or the next one above it that is there, lies on."""
    path = Path(folder)
    while not path.is_dir() and path != path.parent:
        path = path.parent
    with suppress(OSError):
        found = os.statvfs(path)
        kind, options = _mounted(path.stat().st_dev)
        return Disk(
            str(path),
            found.f_bavail * found.f_frsize,
            found.f_favail if found.f_files else None,
            bool(found.f_flag & os.ST_RDONLY),
            kind,
            options,
        )
    return None


def _mounted(device: int) -> tuple[str, frozenset[str]]:
    """Give the kind of a file system, and how it is mounted (proc_pid_mountinfo(5))."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError):
        for line in Path("/proc/thread-self/mountinfo").read_text("utf-8", "replace").splitlines():
            before, _, after = line.partition(" - ")
            if before.split(" ")[2] == number:
                kind, _, options = _OCTAL.sub(" ", after).split(" ", 2)
                return kind, frozenset(options.split(","))
    return "", frozenset()


def examine_disk(seen: Disk, reserve: int, largest: int) -> Told:
    """
    Find what keeps mail from being stored, or from staying: the gravest alone.

    Args:
        seen: the disk.
        reserve: octets that the server leaves free.
        largest: octets of the largest message.
    """
    found = _worst(seen, reserve, largest)
    room = f"the disk of {seen.folder}: {seen.free // _MIB} MiB free"
    return Told(() if found is None else (found,), (f"{room}{f', {seen.kind}'}",))


def _worst(seen: Disk, reserve: int, largest: int) -> Finding | None:
    """Find it."""
    folder = shlex.quote(seen.folder)
    clear = (f"du -xh {folder} | sort -h | tail", "df -h")
    space = f"{seen.free} octets are free on the disk of {seen.folder}"
    if seen.read_only:
        return _finding(
            "disk-read-only",
            Severity.ERROR,
            "the disk of the Maildir can be written to",
            f"the disk of {seen.folder} is mounted read-only",
            "see in the kernel's log whether the disk is broken; if not:",
            (f'sudo mount -o remount,rw "$(findmnt -no TARGET -T {folder})"',),
        )
    if seen.free < reserve:
        expected = f"{reserve} octets are free, below which no mail is taken (disk_reserve)"
        return _finding("disk-full", Severity.ERROR, expected, space, "make room:", clear)
    if seen.files is not None and seen.files < _FEW:
        return _finding(
            "disk-files",
            Severity.ERROR,
            f"the disk has room for {_FEW} more files",
            f"it has room for {seen.files} (inodes)",
            "remove files, however small:",
            (f"df -i {folder}",),
        )
    if seen.free < reserve + largest:
        expected = f"{reserve + largest} octets are free, so that the largest message has room"
        return _finding("disk-short", Severity.WARNING, expected, space, "make room:", clear)
    if seen.kind in _VOLATILE or seen.options & _HASTY:
        why = seen.kind if seen.kind in _VOLATILE else ", ".join(seen.options & _HASTY)
        return _finding(
            "disk-volatile",
            Severity.WARNING,
            "what is stored is still there after power was lost",
            f"the disk of {seen.folder} forgets it ({why})",
            "have the Maildir elsewhere:",
            (f"findmnt -T {folder}",),
        )
    return None


def _finding(  # noqa: PLR0913, PLR0917 -- as Finding has them
    code: str, severity: Severity, expected: str, seen: str, remedy: str, lines: tuple[str, ...]
) -> Finding:
    """Write a finding."""
    return Finding(code, severity, expected, (seen,), remedy, lines)
