"""What an owner should know of settings that can be, and may not be what was meant."""

import stat
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from gomail.milters.place import read_place
from gomail.settings.values import ConfigurationError, Metrics, Milter

EXTRA = "pip install 'gomail[metrics]'"
_LIBRARY = "prometheus_client"


def see_library(metrics: Metrics) -> None:
    """
    See that the page of metrics can be written, where there is to be one.

    Raises:
        ConfigurationError: the library is missing.
    """
    if metrics.listen is not None and find_spec(_LIBRARY) is None:
        msg = f"metrics.listen: there is no library {_LIBRARY} here; {EXTRA} brings it"
        raise ConfigurationError(msg)


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
