"""Servers with workers, for tests: which processes they are, and that others follow them."""

import re
import signal
import socket
from contextlib import suppress
from pathlib import Path

from tests.system.running import Client, Server, runs, until

WORKERS = 2
_SERVES = re.compile(r"worker (\d+) serves \(pid (\d+)\)")


def pids(server: Server) -> dict[str, int]:
    """Give the process of each worker that serves: the last one of its number."""
    serving = {number: int(pid) for number, pid in _SERVES.findall(server.output)}
    return {number: pid for number, pid in serving.items() if runs(pid)}


def configuration(tmp_path: Path, text: str) -> tuple[str, str]:
    """Write a file, and give the option that names it."""
    path = tmp_path / "gomail.toml"
    path.write_text(text)
    return "--config", str(path)


def hand_over(server: Server) -> None:
    """Have another program take the place, and wait until its workers serve, and no others."""
    before = set(pids(server).values())
    server.tell(signal.SIGUSR2)
    until(
        lambda: not before & set(pids(server).values()) and len(pids(server)) == WORKERS,
        f"new workers serve: {server.output}",
    )


def heir_has_begun(server: Server) -> None:
    """Wait for the moment at which another program is there, which has read nothing yet."""
    server.tell(signal.SIGUSR2)
    until(lambda: b"GOMAIL_LEGACY=" in environment(server), f"it begins: {server.output}")


def environment(server: Server) -> bytes:
    """Give what the program that runs was given."""
    return Path(f"/proc/{server.process.pid}/environ").read_bytes()


def replaced(server: Server, pid: int) -> None:
    """Wait until another worker serves instead of one."""
    until(
        lambda: not runs(pid) and len(pids(server)) == WORKERS,
        f"another serves: {server.output}",
    )


def worker_of(server: Server, client: Client) -> int:
    """Give the process that has a client's connection."""
    name = client.connection.getsockname()
    local = f"{int.from_bytes(socket.inet_aton(name[0]), 'little'):08X}:{name[1]:04X}"
    for pid in pids(server).values():
        inodes = {
            line.split()[9]
            for table in ("tcp", "tcp6")
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
            if line.split()[2].endswith(local)
        }
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if any(str(fd.readlink()) == f"socket:[{inode}]" for inode in inodes):
                    return pid
    raise AssertionError(f"nobody has {local}")


def clients_of_all(server: Server) -> list[Client]:
    """Give clients, at least one of each worker."""
    clients: list[Client] = []

    def each_has_one() -> bool:
        clients.append(server.connect())
        return {worker_of(server, client) for client in clients} == set(pids(server).values())

    until(each_has_one, "each has a client")
    return clients
