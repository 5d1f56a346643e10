"""What a worker has from its parent when it begins: sockets, settings, and the pipes to talk by."""

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from gomail.certificates.served import Read
from gomail.frames import Frames
from gomail.server.start import StartError
from gomail.server.workers.words import ANSWERS, FIRST, ORDERS, SOCKETS, VARIABLE

_PIECE = 1 << 16
_First = tuple[str, int, str, tuple[int, int] | None, *tuple[tuple[Read, ...], ...]]


@dataclass(frozen=True, slots=True)
class Inheritance:
    """
    What was there.

    Attributes:
        number: by which the parent and the log know this worker.
        settings: the configuration, as TOML.
        root: device and inode of the folder that the root of the Maildirs was at start.
        sockets: those that are listened on, in the order of the listeners.
        pairs: the certificates that are in force.
    """

    number: int
    settings: str
    root: tuple[int, int] | None
    sockets: tuple[socket.socket, ...]
    pairs: tuple[Read, ...] = ()


def inherit(environment: MutableMapping[str, str]) -> Inheritance | None:
    """
    Take what a parent has left, once; None where there is no parent.

    Raises:
        StartError: a parent was spoken of, and there is none.
    """
    count = environment.pop(VARIABLE, None)
    if count is None:
        return None
    try:
        sockets = tuple(_take(SOCKETS + number) for number in range(int(count)))
        os.set_inheritable(ANSWERS, False)
        word, number, settings, root, *pairs = _first()
    except (OSError, ValueError) as error:
        msg = f"{VARIABLE}={count}: only the parent of workers sets it ({error})"
        raise StartError(msg) from error
    with suppress(OSError):
        os.setsid()  # what is typed at the parent's terminal is for the parent
    if word != FIRST:
        msg = f"the parent was to say {FIRST}, not {word}"
        raise StartError(msg)
    return Inheritance(number, settings, root, sockets, *pairs)


def _take(number: int) -> socket.socket:
    """Take a socket, which no process of ours is to inherit in its turn."""
    taken = socket.socket(fileno=number)
    taken.set_inheritable(False)
    taken.setblocking(False)
    return taken


def _first() -> _First:
    """Wait for the parent's first word: there is no second one before we have spoken."""
    frames = Frames()
    while True:
        octets = os.read(ORDERS, _PIECE)
        if not octets:
            msg = "it has gone"
            raise ValueError(msg)
        for value in frames.feed(octets):
            return cast("_First", value)
