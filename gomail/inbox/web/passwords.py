"""
The password: as an argon2 hash in a file that its user alone can read.

Without the file there is no password, and then the inbox listens on this machine alone.
"""

import os
import stat
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gomail.server.start import StartError
from gomail.server.state import state_folder

NAME = "inbox-password"
SHORTEST = 8  # characters
LONGEST = 1000  # octets; hashing takes no longer for them
_LARGEST = 1000  # octets of the file
_hasher = PasswordHasher()  # RFC 9106 §4, its second choice: 64 MiB


def usual_path() -> Path | None:
    """Give where the file usually is, if its user has a place for it."""
    folder = state_folder(None)
    return None if folder is None else Path(folder, NAME)


def read_hash(path: Path | None) -> str | None:
    """
    Read the file; None where there is none.

    Raises:
        StartError: it is no file of ours alone, or holds something else.
    """
    if path is None:
        return None
    try:
        opened = open(path, "rb", opener=_open)  # noqa: SIM115 -- it is left below
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StartError(f"the password {path} can't be read: {error.strerror}") from error
    with opened as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
            raise StartError(
                f"{path}: a file that its user alone can read was expected (chmod 600)"
            )
        text = file.read(_LARGEST).decode("ascii", "replace").strip()
    try:
        _hasher.check_needs_rehash(text)
    except InvalidHashError:
        what = "gomail inbox --set-password writes it"
        raise StartError(f"{path}: a hash of argon2 was expected; {what}") from None
    return text


def _open(path: str, flags: int) -> int:
    """Open what may be anything: no link is followed, and no FIFO waited for."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def write_hash(path: Path, password: str) -> None:
    """
    Write the file, in the place of another one.

    Raises:
        ValueError: no password for this, and why.
        OSError: it can't be written.
    """
    if len(password) < SHORTEST or len(password.encode()) > LONGEST:
        raise ValueError(f"{SHORTEST} characters or more were expected")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(aside, flags, 0o600), "w") as file:
        file.write(f"{_hasher.hash(password)}\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def is_right(hashed: str, password: str) -> bool:
    """Tell whether a password is that of the hash; takes 64 MiB and some 50 ms."""
    try:
        return _hasher.verify(hashed, password)
    except (InvalidHashError, VerificationError):
        return False
