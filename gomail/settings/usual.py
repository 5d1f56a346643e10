"""Which file of settings is taken where nobody has named one; the same for all commands."""

import os
import pwd
from pathlib import Path

from gomail.settings.values import ConfigurationError

HERE, CONFIG = "gomail.toml", "/etc/gomail.toml"
_OTHERS_WRITE = 0o022


def usual_file() -> str | None:
    """
    Give the file in this folder, or else this machine's, if there is one.

    What a server does is its file's word. So one does not count that somebody else may have put
    into a folder where root, say, happens to be.

    Raises:
        ConfigurationError: the one in this folder is somebody else's.
    """
    try:
        owner = Path(HERE).stat().st_uid
        folder = Path().stat()
    except OSError:
        return CONFIG if Path(CONFIG).exists() else None
    ours = {0, os.geteuid(), int(os.environ.get("SUDO_UID", os.geteuid()))}
    if owner in ours or (folder.st_uid in ours and not folder.st_mode & _OTHERS_WRITE):
        return HERE
    msg = f"{HERE} in this folder belongs to {_name(owner)}; --config {HERE} takes it anyhow"
    raise ConfigurationError(msg)


def _name(uid: int) -> str:
    """Give a user's name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
