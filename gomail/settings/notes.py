"""What an owner should know of settings that can be, and may not be what was meant."""

import stat
from collections.abc import Iterable
from pathlib import Path

from gomail.milters.place import read_place
from gomail.settings.values import Milter


def notes_on_milters(milters: Iterable[Milter]) -> list[str]:
    """Name the milters on whose unix socket nobody can be listening, and what follows."""
    notes = []
    for milter in milters:
        place = read_place(milter.endpoint)
        if place.path and not _is_socket(place.path):
            follows = "is accepted without it" if milter.on_failure == "accept" else "is deferred"
            notes.append(f"milter {place}: there is no such socket yet; until then mail {follows}")
    return notes


def _is_socket(path: str) -> bool:
    """Tell whether there is a socket, as far as we may look."""
    try:
        return stat.S_ISSOCK(Path(path).stat().st_mode)
    except PermissionError:  # who serves may be somebody else
        return True
    except OSError:
        return False
