"""The processes of this machine, as far as /proc tells of them to this user (proc(5))."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_UNIT = re.compile(r"/([^/]+\.(?:service|socket|scope))(?:/|$)")
_SOCKET = re.compile(r"socket:\[([0-9]+)\]\Z")
_USER = re.compile(r"^Uid:\t[0-9]+\t([0-9]+)", re.MULTILINE)
_FILES = re.compile(r"^Max open files +(\S+) +(\S+)", re.MULTILINE)
_LONGEST = 65536  # octets that are read of a file


@dataclass(frozen=True, slots=True)
class Process:
    """
    A process.

    Attributes:
        pid: its number.
        name: of its program, as the kernel has it: 15 octets at most.
        words: its command line.
        uid: the user that it acts as.
        unit: of the machine's systemd, that it belongs to; empty for none.
    """

    pid: int
    name: str
    words: tuple[str, ...] = ()
    uid: int = 0
    unit: str = ""

    def __str__(self) -> str:
        """Write it for people; what a program says of itself is escaped."""
        name = "".join(sign if sign.isprintable() else "?" for sign in self.name)
        return f"{name} (pid {self.pid}{f', {self.unit}' if self.unit else ''})"


def processes() -> Iterator[Process]:
    """Give all processes that this user may see."""
    for folder in sorted(_PROC.glob("[0-9]*"), key=lambda each: int(each.name)):
        with suppress(OSError):
            yield _process(folder)


def holders(inodes: Iterable[int]) -> dict[int, tuple[Process, ...]]:
    """Give who has sockets, by inode; one whose files this user may not see is not among them."""
    wanted = set(inodes)
    found: dict[int, list[Process]] = {inode: [] for inode in wanted}
    for folder in sorted(_PROC.glob("[0-9]*"), key=lambda each: int(each.name)):
        with suppress(OSError):
            for inode in wanted & set(_sockets(folder)):
                found[inode].append(_process(folder))
    return {inode: tuple(each) for inode, each in found.items()}


def most_files(pid: int) -> int | None:
    """Give how many files a process may have open, if it is raised as far as it goes."""
    with suppress(OSError):
        match = _FILES.search(_read(_PROC / str(pid) / "limits"))
        if match is not None and match[2].isdecimal():
            return int(match[2])
    return None


def _process(folder: Path) -> Process:
    """Read what is told of one."""
    words = _read(folder / "cmdline").split("\0")[:-1]
    group = _read(folder / "cgroup")
    # Units of users are called as they like, and systemctl knows nothing of them.
    unit = [] if "/user.slice/" in group else _UNIT.findall(group)
    name = _read(folder / "comm").rstrip("\n")
    # The folder is root's where a process has changed its user.
    uid = _USER.search(_read(folder / "status"))
    return Process(
        int(folder.name),
        name,
        tuple(words),
        int(uid[1]) if uid else folder.stat().st_uid,
        unit[-1] if unit else "",
    )


def _sockets(folder: Path) -> Iterator[int]:
    """Give the inodes of a process' sockets."""
    for fd in (folder / "fd").iterdir():
        with suppress(OSError):
            match = _SOCKET.match(str(fd.readlink()))
            if match is not None:
                yield int(match[1])


def _read(path: Path) -> str:
    """Read the beginning of a file."""
    with path.open("rb") as file:
        return file.read(_LONGEST).decode("utf-8", "replace")
