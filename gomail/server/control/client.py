"""
The other end of the control socket: for commands, which wait, and need no reactor.

Each answer is a line of JSON, bounded as the server bounds it.
"""

import errno
import json
import select
import socket
import struct
import time
from contextlib import suppress
from typing import Any, Self

ANSWER_TIME = 15.0  # seconds; a parent waits for its workers, too
LONGEST = 16 * 1024 * 1024  # octets of an answer
_PIECE = 1 << 16
_CREDENTIALS = struct.Struct("3i")  # of SO_PEERCRED: process, user, group


class ControlError(Exception):
    """Why a server can't be asked, in one line."""


class NotRunning(ControlError):
    """Nobody listens there."""


class NotAllowed(ControlError):
    """We have no right to the socket: it is its server's user's, and root's."""


class Line:
    """
    A connection to the control socket.

    Args:
        path: of the socket.
        request: what is asked, as JSON has it.

    Raises:
        ControlError: nobody can be asked.
    """

    def __init__(self, path: str, request: dict[str, Any]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._rest = b""
        self._looked = 0  # octets of the rest that have no line end
        try:
            self._socket.settimeout(ANSWER_TIME)
            self._socket.connect(path)
            with suppress(BrokenPipeError):  # it has said why before it closed
                self._socket.sendall(json.dumps(request).encode("ascii") + b"\n")
        except OSError as error:
            self._socket.close()
            raise _explained(path, error) from error

    @property
    def peer(self) -> int:
        """The process that listened there first, as the kernel vouches for it (unix(7))."""
        pid: int
        pid, _, _ = _CREDENTIALS.unpack(
            self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        return pid

    def __enter__(self) -> Self:
        """Give the line."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._socket.close()

    def hear(self, seconds: float = ANSWER_TIME) -> dict[str, Any] | None:
        """
        Give the next answer, or None where none has come in so many seconds.

        Raises:
            ControlError: the server has gone, says that it can't answer, or says nothing sensible.
        """
        end = time.monotonic() + seconds
        while (at := self._rest.find(b"\n", self._looked)) < 0:
            self._looked = len(self._rest)
            if self._looked > LONGEST:
                raise ControlError("the server's answer has no end")
            left = end - time.monotonic()
            if not select.select([self._socket], [], [], max(0.0, left))[0]:
                return None
            octets = self._receive()
            if not octets:
                raise NotRunning("the server has closed the control socket")
            self._rest += octets
        line, self._rest, self._looked = self._rest[:at], self._rest[at + 1 :], 0
        return _read(line)

    def _receive(self) -> bytes:
        """Take what there is; nothing where the server has gone."""
        try:
            return self._socket.recv(_PIECE)
        except OSError:
            return b""


def ask_status(path: str) -> dict[str, Any]:
    """
    Ask how a server fares; docs/watching.md has the keys of the answer.

    Raises:
        ControlError: it can't be asked: `NotRunning`, `NotAllowed`, or it does not answer.
    """
    return _ask(path, "status")


def ask_configuration(path: str, pid: int | None = None) -> dict[str, Any]:
    """
    Ask by which configuration a server runs; docs/watching.md has the keys of the answer.

    Args:
        path: of the socket.
        pid: the process whose word counts, and nobody else's; None for whoever it is.

    Raises:
        ControlError: it can't be asked, or is of an older version.
    """
    try:
        return _ask(path, "configuration", pid)
    except (NotRunning, NotAllowed):
        raise
    except ControlError as error:  # one of before it could say so, for instance
        raise ControlError(f"the server does not say its configuration: {error}") from None


def _ask(path: str, request: str, pid: int | None = None) -> dict[str, Any]:
    """Ask for what has one answer."""
    with Line(path, {"request": request}) as line:
        if pid is not None and line.peer != pid:
            raise NotRunning(f"{path}: another process listens there")
        answer = line.hear()
    if answer is None:
        raise ControlError(f"{path}: the server has said nothing for {ANSWER_TIME:.0f} s")
    return answer


def _explained(path: str, error: OSError) -> ControlError:
    """Say why nobody can be asked."""
    if error.errno in {errno.EACCES, errno.EPERM}:
        return NotAllowed(f"{path}: only its server's user may ask it, and root")
    if error.errno in {errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR, errno.ENOTSOCK}:
        return NotRunning(f"no server listens on {path}")
    return ControlError(f"{path}: {error.strerror or error}")


def _read(line: bytes) -> dict[str, Any]:
    """Read an answer."""
    try:
        answer = json.loads(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ControlError("the server's answer can't be read")
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    return answer
