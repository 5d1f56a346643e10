"""
Listening on a unix socket that is bound already, whoever has bound it.

Twisted's own port would make the socket's file accessible to everybody (0666), shut the socket down
in the end and remove the file, even where all of them are systemd's. Here only the connections are
Twisted's.
"""

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReadDescriptor
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.server.reactor import Reactor

CONNECTIONS_A_TURN = 100
REST = 1.0  # seconds without a try, where the kernel has no descriptor left for a connection
AsOwner = Callable[[], AbstractContextManager[None]]  # makes us the owner of files, for a while
_log = Logger()


@implementer(IListeningPort, IReadDescriptor)
class UnixPort:
    """
    Takes the connections of a unix socket that listens.

    Args:
        reactor: the one that runs.
        listening: the socket; it is ours from now on.
        factory: makes the protocols.
        remove: whether the socket's file is ours, too, and goes with it.
    """

    def __init__(
        self,
        reactor: Reactor,
        listening: socket.socket,
        factory: ServerFactory,
        *,
        remove: bool,
    ) -> None:
        self._reactor = reactor
        self._socket = listening
        self._factory = factory
        self._path = listening.getsockname()
        self._file = file_at(self._path) if remove else None
        self._resting: IDelayedCall | None = None
        self._open = False

    def startListening(self) -> None:
        """Take connections from now on."""
        self._open = True
        self._factory.doStart()
        self._reactor.addReader(self)

    def stopListening(self) -> None:
        """Take none any more, and remove the file, unless it is somebody else's by now."""
        self.connectionLost(Failure(CONNECTION_DONE))

    def connectionLost(self, reason: Failure) -> None:
        """Do the same: the reactor ends, and this port has not been stopped."""
        if not self._open:
            return
        self._open = False
        self._reactor.removeReader(self)
        if self._resting is not None and self._resting.active():
            self._resting.cancel()
        self._socket.close()
        if self._file is not None and self._file == file_at(self._path):
            # Made by root, whose rights are gone? Then the next start removes it.
            with suppress(OSError):
                os.unlink(self._path)  # noqa: PTH108 -- octets, or text
        self._factory.doStop()

    def doRead(self) -> None:
        """Take the connections that wait."""
        for _ in range(CONNECTIONS_A_TURN):
            try:
                connection, _ = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:
                _log.failure("no connection can be taken on {path}", path=self._path)
                self._rest()
                return
            with connection:
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        """Have Twisted make a transport of a connection."""
        connection.setblocking(False)
        try:
            number = connection.fileno()  # of which Twisted has a duplicate afterwards
            self._reactor.adoptStreamConnection(number, socket.AF_UNIX, self._factory)
        except Exception:  # noqa: BLE001 -- whatever it was, the next client is served
            _log.failure("a connection on {path} is lost", path=self._path)

    def _rest(self) -> None:
        """Try no more for a while: the connections that wait would call us all the time."""
        self._reactor.removeReader(self)
        self._resting = self._reactor.callLater(REST, self._reactor.addReader, self)

    def getHost(self) -> UNIXAddress:
        """Give the socket's path."""
        return UNIXAddress(self._path)

    def fileno(self) -> int:
        """Give the socket's number."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """Give the name by which the reactor's own troubles with this port are logged."""
        return "unix socket"


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
