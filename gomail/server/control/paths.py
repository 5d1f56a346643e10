"""Where the control socket usually is, for the server and for those who look for it."""

import os
from collections.abc import Iterator
from pathlib import Path

NAME = "control"
SYSTEMD = "/run/gomail"  # RuntimeDirectory= of the unit


def usual_paths(state: str | None) -> Iterator[str]:
    """Give the paths where commands look for a server: systemd's, then that of *state*."""
    path = f"{SYSTEMD}/{NAME}"
    hidden = Path(SYSTEMD).is_dir() and not os.access(SYSTEMD, os.X_OK)
    if hidden or os.path.lexists(path):
        yield path
    if state:
        yield f"{state}/{NAME}"
