"""
Where the control socket is, and how it is bound: before rights are dropped, for who will run it.

Where nobody has said a path, a socket that can't be had costs no start: mail comes first. Several
servers of one user have paths that are numbered.
"""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from twisted.internet.interfaces import IReactorCore

from gomail.server.control.paths import numbered
from gomail.server.ports import Port, open_port
from gomail.server.sockets import PortError
from gomail.server.unix import AsOwner

MODE = 0o600  # who may connect may follow everybody's dialogue: the server's user, and root
_SPECIAL = re.compile(r"([:=\\])")  # in Twisted's endpoint strings


def control_paths(given: str | None, state: str | None) -> tuple[str, ...]:
    """Give the paths of which a server binds the first that is free: as *given*, or the usual."""
    if given is not None:
        return (given,) if given else ()
    folder = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or state
    return tuple(numbered(folder)) if folder else ()


def open_control(
    paths: Sequence[str],
    reactor: IReactorCore,
    as_owner: AsOwner = nullcontext,
    had: Callable[[str], Port | None] = lambda _: None,
    *,
    named: bool,
) -> tuple[Port | None, str]:
    """
    Bind the socket; *had* gives one that is bound already, of the parent before us.

    Args:
        paths: where: the first that is free, or nowhere.
        reactor: the one that runs.
        as_owner: makes us, for a while, the user to whom it belongs.
        had: as above, by the endpoint string.
        named: whether somebody has said the path, and wants no server without it.

    Returns:
        The socket, if there is one, and else what people should know of that.

    Raises:
        PortError: one that is *named* can't be had.
    """
    port = next(filter(None, map(had, map(_endpoint, paths))), None)
    if port is not None:
        return port, ""
    without = ""
    for path in paths:
        try:
            return _bind(path, reactor, as_owner, make=not named), ""
        except PortError as error:
            if named:
                raise PortError(f"control: {error}") from error
            without = without or str(error)
    return None, f"gomail status and watch can't ask this server: {without}" if without else ""


def _bind(path: str, reactor: IReactorCore, as_owner: AsOwner, *, make: bool) -> Port:
    """
    Bind a socket at *path*, whose folder is there, or is to be made.

    Raises:
        PortError: it can't be had.
    """
    endpoint = _endpoint(path)
    try:
        if make:
            with as_owner():
                Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return open_port(endpoint, reactor, as_owner)
    except (OSError, PortError) as error:
        why = str(error).removeprefix(f"{endpoint}: ")
        raise PortError(f"{path}: {why}") from error


def _endpoint(path: str) -> str:
    """Write a path as Twisted's endpoint strings have it."""
    escaped = _SPECIAL.sub(r"\\\1", path)
    return f"unix:address={escaped}:mode={MODE:o}"
