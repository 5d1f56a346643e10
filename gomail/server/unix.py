"""
Unix sockets: bound so that they are their owner's, listened on, and removed in the end.

Twisted's own port would make the socket's file accessible to everybody (0666), shut the socket down
in the end and remove the file, even where all of them are systemd's. Here only the connections are
Twisted's.
"""

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from twisted.internet.address import UNIXAddress
from twisted.internet.protocol import ServerFactory

from gomail.server.accepting import AcceptingPort
from gomail.server.reactor import Reactor

AsOwner = Callable[[], AbstractContextManager[None]]  # makes us the owner of files, for a while


class UnixPort(AcceptingPort):
    """
    Takes the connections of a unix socket.

    Args:
        reactor, listening, factory, shared: as for `AcceptingPort`.
        remove: whether the socket's file is ours, too, and goes with it.
    """

    def __init__(
        self,
        reactor: Reactor,
        listening: socket.socket,
        factory: ServerFactory,
        *,
        remove: bool,
        shared: bool = False,
    ) -> None:
        super().__init__(reactor, listening, factory, shared=shared)
        self._path = listening.getsockname()
        self._file = file_at(self._path) if remove else None

    def take(self, connection: socket.socket, peer: object) -> None:
        """Have Twisted make its own transport of a duplicate."""
        connection.setblocking(False)
        with connection:
            number = connection.fileno()
            self._reactor.adoptStreamConnection(number, socket.AF_UNIX, self._factory)

    def closed(self) -> None:
        """Remove the file, unless it is somebody else's by now."""
        if self._file is not None and self._file == file_at(self._path):
            # Made by root, whose rights are gone? Then the next start removes it.
            with suppress(OSError):
                os.unlink(self._path)  # noqa: PTH108 -- octets, or text

    def getHost(self) -> UNIXAddress:
        """Give the socket's path."""
        return UNIXAddress(self._path)


def file_at(path: str | bytes) -> tuple[int, int] | None:
    """Tell which file is at *path*; None if there is none, as with abstract sockets."""
    with suppress(OSError, ValueError):
        status = os.lstat(path)
        return status.st_dev, status.st_ino
    return None


def bind_file(bound: socket.socket, path: str, mode: int, as_owner: AsOwner) -> None:
    """
    Make a socket's file: its owner's, or in a folder where only we may make one, ours.

    Who may connect is settled with that: a mode that is set later may be set on another file, which
    the folder's owner has put there.

    Raises:
        OSError: it can't be made.
    """
    before = os.umask(0o777 & ~mode)
    try:
        try:
            with as_owner():
                bound.bind(path)
        except PermissionError:
            bound.bind(path)
    finally:
        os.umask(before)
