"""
What a trial has gone by, for the heir to go by the same: whatever becomes of the files meanwhile.

It is in a file that has no name and is in memory alone (memfd_create(2)), which the parent makes.
"""

import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import cast

from gomail.certificates.served import Read
from gomail.frames import Frames, framed
from gomail.server.start import StartError
from gomail.server.workers.interim import TRIED

_PIECE = 1 << 20
_Frames = tuple[tuple[bytes, tuple[Read, ...]]]
_MARK = b"gomail tried this:\n"


@dataclass(frozen=True, slots=True)
class Tried:
    """
    What a trial leaves.

    Attributes:
        configuration: the octets of the file; none where there is no file.
        pairs: the certificates, with their keys, as they were read.
    """

    configuration: bytes
    pairs: tuple[Read, ...] = ()


def write_tried(environment: MutableMapping[str, str], tried: Tried) -> None:
    """Leave it for the parent, if that has asked."""
    number = environment.pop(TRIED, None)
    if number is None:
        return
    octets = _MARK + framed((tried.configuration, tried.pairs))
    while octets:
        octets = octets[os.write(int(number), octets) :]


def read_tried(environment: MutableMapping[str, str]) -> Tried | None:
    """
    Take it, once; None where nothing was tried.

    Raises:
        StartError: what the environment says of it is not so.
    """
    number = environment.pop(TRIED, None)
    if number is None:
        return None
    try:
        ((file, pairs),) = cast("_Frames", tuple(Frames().feed(_whole(int(number)))))
        os.close(int(number))
    except (OSError, ValueError) as error:
        msg = f"{TRIED}: only a parent of workers sets it ({error})"
        raise StartError(msg) from error
    return Tried(file, pairs)


def left_something(number: int) -> bool:
    """Tell whether a trial has: a program of before knows nothing of it."""
    return os.pread(number, len(_MARK), 0) == _MARK


def _whole(number: int) -> bytes:
    """Read it from its beginning."""
    octets = b""
    while piece := os.pread(number, _PIECE, len(octets)):
        octets += piece
    if not octets.startswith(_MARK):
        msg = "nothing was tried"
        raise ValueError(msg)
    return octets.removeprefix(_MARK)
