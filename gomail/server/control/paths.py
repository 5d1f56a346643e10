"""Where the control socket usually is, for the server and for those who look for it."""

import os
from collections.abc import Iterator
from pathlib import Path

NAME = "control"
MOST = 9  # servers of one user that have one each
SYSTEMD = "/run/gomail"  # RuntimeDirectory= of the unit


def numbered(folder: str) -> Iterator[str]:
    """Give the paths in a folder: the first that is free is the one of the next server."""
    yield f"{folder}/{NAME}"
    yield from (f"{folder}/{NAME}-{number}" for number in range(2, MOST + 1))


def usual_paths(state: str | None) -> Iterator[str]:
    """Give the paths where commands look for servers: systemd's, then those of *state*."""
    hidden = Path(SYSTEMD).is_dir() and not os.access(SYSTEMD, os.X_OK)
    if hidden:
        yield f"{SYSTEMD}/{NAME}"
    else:
        yield from filter(os.path.lexists, numbered(SYSTEMD))
    if state:
        first, *others = numbered(state)
        yield first
        yield from filter(os.path.lexists, others)
