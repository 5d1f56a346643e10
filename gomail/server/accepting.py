"""
Listening on a socket that is bound already, whoever has bound it: connections are taken one by one.

Twisted's own ports shut the socket down in the end, which would be felt by every other process that
has it, and take as many connections as there are: of several servers on one socket, the first to
wake would have them all.
"""

import errno
import socket
from abc import abstractmethod
from contextlib import suppress

from twisted.internet.interfaces import IAddress, IDelayedCall, IListeningPort, IReadDescriptor
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.server.reactor import Reactor

CONNECTIONS_A_TURN = 100
SHARED_CONNECTIONS_A_TURN = 4  # where other processes listen on the same socket, and want some too
REST = 1.0  # seconds without a try, where the kernel has no descriptor left for a connection
# What accept(2) says of the one connection that it would have given: a packet filter or a security
# module doesn't have it, or the network is gone. The next one may be well.
_OF_THE_CONNECTION = {
    errno.ECONNABORTED,
    errno.EPERM,
    errno.EPROTO,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
}
_log = Logger()


@implementer(IListeningPort, IReadDescriptor)
class AcceptingPort:
    """
    Takes the connections of a socket that listens.

    Args:
        reactor: the one that runs.
        listening: the socket; it is ours from now on.
        factory: makes the protocols.
        shared: whether other processes listen on it, too.

    Attributes:
        taken: how many connections were.
    """

    def __init__(
        self,
        reactor: Reactor,
        listening: socket.socket,
        factory: ServerFactory,
        *,
        shared: bool = False,
    ) -> None:
        self.taken = 0
        self._reactor = reactor
        self._socket = listening
        self._factory = factory
        self._most = SHARED_CONNECTIONS_A_TURN if shared else CONNECTIONS_A_TURN
        self._resting: IDelayedCall | None = None
        self._open = False

    def startListening(self) -> None:
        """Take connections from now on."""
        self._open = True
        self._factory.doStart()
        self._reactor.addReader(self)

    def stopListening(self) -> None:
        """Take none any more."""
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
        self.closed()
        self._factory.doStop()

    def closed(self) -> None:
        """Do what is to be done once the socket is closed."""

    def doRead(self) -> None:
        """Take the connections that wait."""
        for _ in range(self._most):
            try:
                connection, peer = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _OF_THE_CONNECTION:
                    continue
                _log.failure("no connection can be taken on {port}", port=self.getHost())
                self._rest()
                return
            self.taken += 1
            try:
                self.take(connection, peer)
            except Exception:  # noqa: BLE001 -- whatever it was, the next client is served
                _log.failure("a connection on {port} is lost", port=self.getHost())
                with suppress(OSError):
                    connection.close()

    @abstractmethod
    def take(self, connection: socket.socket, peer: object) -> None:
        """Have Twisted make a transport of a connection, and give it to a protocol."""

    @abstractmethod
    def getHost(self) -> IAddress:
        """Give the address that is listened on."""

    def _rest(self) -> None:
        """Try no more for a while: the connections that wait would call us all the time."""
        self._reactor.removeReader(self)
        self._resting = self._reactor.callLater(REST, self._reactor.addReader, self)

    def fileno(self) -> int:
        """Give the socket's number."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """Give the name by which the reactor's own troubles with this port are logged."""
        return str(self.getHost())
