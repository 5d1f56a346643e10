"""Where gomail keeps what is its own: certificates, control sockets, what commands remember."""

import os
import pwd
from pathlib import Path

from gomail.server.start import MYSELF, Identity


def state_folder(given: str | None, identity: Identity = MYSELF) -> str | None:
    """Give the folder of what gomail keeps for itself, if its user has any place for that."""
    systemd = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given or systemd:
        return given or systemd
    try:
        if identity.uid is not None and identity.uid != os.geteuid():
            home = Path(pwd.getpwuid(identity.uid).pw_dir, ".local", "state")
        else:  # what the environment says is said of us, and of nobody else
            home = Path(os.environ.get("XDG_STATE_HOME", "")).expanduser()
            home = home if home.is_absolute() else Path.home() / ".local" / "state"
    except (KeyError, RuntimeError):
        return None
    return str(home / "gomail")
