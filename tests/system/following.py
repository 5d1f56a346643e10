"""What a control socket of a real server tells."""

import json
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gomail.server.control.client import Line, ask_status
from gomail.server.control.service import CONNECTIONS
from tests.patience import PATIENCE
from tests.system.running import Server


def answers(path: Path, octets: bytes) -> list[dict[str, Any]]:
    """Send octets, and give all answers until the server hangs up."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(PATIENCE)
        caller.connect(str(path))
        caller.sendall(octets)
        with caller.makefile("rb") as lines:
            return [json.loads(line) for line in lines]


def followed(path: Path, **filters: str) -> Line:
    """Follow a server: all of its workers pass on their events by now."""
    line = Line(str(path), {"request": "follow", **filters})
    next_of(line, "following")
    ask_status(str(path))  # each is told that first
    return line


def hear_out(line: Line) -> None:
    """Hear all that there is, and is going to be."""
    end = time.monotonic() + PATIENCE
    while line.hear(max(0.0, end - time.monotonic())) is not None:
        assert time.monotonic() < end, "it goes on and on"


def next_of(follower: Line, name: str, **fields: object) -> dict[str, Any]:
    """Give the next event of that name with these fields; others may come for ever."""
    end = time.monotonic() + PATIENCE
    while True:
        told = follower.hear(max(0.0, end - time.monotonic()))
        assert told is not None, f"no {name}"
        if told["event"] == name and fields.items() <= told.items():
            return told


def heard_of(follower: Line, server: Server, path: Path) -> None:
    """See that a follower hears of whoever comes, whichever worker that is."""
    ask_status(str(path))
    for _ in range(3):
        client = server.connect()
        host, port = client.connection.getsockname()
        next_of(follower, "connected", peer=f"{host}:{port}")
        client.quit()


def is_crowded(path: Path) -> bool:
    """Tell whether one more is turned away while so many say nothing, unless they end by now."""
    with ExitStack() as connections:
        for _ in range(CONNECTIONS):
            silent = connections.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(str(path))
        told = answers(path, b"")
    return bool(told) and told[0]["error"].startswith(f"{CONNECTIONS} connections")
