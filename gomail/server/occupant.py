"""Who listens on a port already, for people who wonder why they can't have it."""

import contextlib
from pathlib import Path


def by_whom(port: int) -> str:
    """Say which process listens on a port, as far as Linux tells it to this user."""
    wanted = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(fd.readlink()) in wanted for fd in (process / "fd").iterdir()):
                return f" by {(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _listening(port: int) -> list[str]:
    """Give the inodes of the sockets that listen on a TCP port."""
    inodes = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                    inodes.append(rest[5])
    return inodes
