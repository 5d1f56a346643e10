"""
Files put in their place, and replaced only while they are as they were put there.

The first line of each tells who wrote it, and the digest of what follows: a file with another first
line is somebody else's, and one with another digest was changed by hand. Neither is written over.
"""

import os
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

_FIRST = (
    '# By "gomail units install", which replaces it while it is unchanged ({digest}); changes of '
    "your own: systemctl edit gomail\n"
)
_OURS = re.compile(re.escape(_FIRST).replace(re.escape("{digest}"), "([0-9a-f]{64})"))


class NotOurs(Exception):
    """One line that says which file would have been written over."""


def signed(text: str) -> str:
    """Give the text of a file with its first line."""
    return _FIRST.format(digest=_digest(text)) + text


def place(texts: Mapping[Path, str]) -> list[Path]:
    """
    Write several files: all, or none if one of those that are there is not ours any more.

    Returns:
        The paths of those that have changed.

    Raises:
        NotOurs: see above.
        OSError: one can't be written.
    """
    changed = {path: signed(text) for path, text in texts.items() if _replaceable(path, text)}
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, text)
    return list(changed)


def _replaceable(path: Path, text: str) -> bool:
    """Tell whether a file is to be written; refuse to if it is somebody else's."""
    if not os.path.lexists(path):
        return True
    if path.is_symlink() or not path.is_file():
        msg = f"{path} is there, and no file of ours: move it away first"
        raise NotOurs(msg)
    present = path.read_text("utf-8", "replace")
    if present == signed(text):
        return False
    first = _OURS.match(present)
    if first is None or first[1] != _digest(present[first.end() :]):
        who = "was not written by gomail" if first is None else "was changed by hand"
        msg = f"{path} {who}; it stays as it is: move it away first, or keep it"
        raise NotOurs(msg)
    return True


def _write(path: Path, text: str) -> None:
    """Write a file that everybody may read, so that its path has the old text or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _digest(text: str) -> str:
    """Digest what follows the first line."""
    return sha256(text.encode("utf-8")).hexdigest()
