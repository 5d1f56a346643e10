"""
TCP connections that are closed at once where nothing is left to be sent.

Twisted's own wait for the next turn of the reactor, to write what there may be: a seventh of all
that Twisted does for a short session, and four of 21 system calls.
"""

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.tcp import Server
from twisted.python.failure import Failure


class PromptConnection(Server):
    """
    A connection that ends with the read in which it was given up.

    Once something has waited for the kernel, as everything under TLS does, it ends Twisted's way.
    """

    _reads = False
    _has_waited = False

    def doRead(self) -> ConnectionLost | ConnectionDone | None:  # type: ignore[override]  # of a mixin's slot
        """
        Read, and tell the reactor of an end as it is told of the peer's.

        This is all that Twisted's own does, without its calls on the way: each packet comes by.
        """
        try:
            data = self.socket.recv(self.bufferSize)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        self._reads = True
        self.protocol.dataReceived(data)
        self._reads = False
        return CONNECTION_DONE if self.disconnecting and not self._has_waited else None

    def readConnectionLost(self, reason: Failure) -> None:
        """Have the protocol see the peer close its side, unless all has come to its end by then."""
        if not self.ending:
            self._reads = True
            super().readConnectionLost(reason)
            self._reads = False
        if self.ending:
            self.connectionLost(reason)

    @property
    def ending(self) -> bool:
        """Whether it was given up, and ends with this read whatever the peer does."""
        return bool(self.disconnecting) and not self._has_waited

    def startWriting(self) -> None:
        """Have the reactor ask for octets: some wait."""
        self._has_waited = True
        super().startWriting()

    def loseConnection(self) -> None:
        """Close the connection behind all that was written: with this read where that has gone."""
        if self._reads and not self._has_waited:
            self.disconnecting = True
        else:
            super().loseConnection()
