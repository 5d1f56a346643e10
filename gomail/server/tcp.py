"""TCP ports: connections are `PromptConnection`, and known by the number that they came with."""

import socket
from typing import cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.tcp import Port

from gomail.server.accepting import AcceptingPort
from gomail.server.crowd import crowd_of
from gomail.server.prompt import PromptConnection
from gomail.server.reactor import Reactor

_Place = tuple[str, int] | tuple[str, int, int, int]  # the latter of IPv6, the last its scope
_BY_NUMBER = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV


class TCPPort(AcceptingPort):
    """Takes the connections of a TCP socket; its arguments are those of `AcceptingPort`."""

    _crowd: Reactor  # that these are to have

    def startListening(self) -> None:
        """Take connections from now on."""
        self._crowd = crowd_of(self._reactor)
        super().startListening()

    def take(self, connection: socket.socket, peer: object) -> None:
        """Make a transport of it, if the factory makes a protocol."""
        place = cast("_Place", peer)
        if len(place) > 2 and place[3]:  # the scope of a link-local address is part of its name
            place = (socket.getnameinfo(place, _BY_NUMBER)[0], *place[1:])
        protocol = self._factory.buildProtocol(_address(place))
        if protocol is None:
            connection.close()
            return
        transport = PromptConnection(
            connection, protocol, place, cast("Port", None), self.taken, self._crowd
        )  # a port is asked for what our own name says, and nothing else
        transport.repstr = f"<{type(protocol).__name__} #{self.taken} of {place[0]}>"
        protocol.makeConnection(transport)

    def getHost(self) -> IPv4Address | IPv6Address:
        """Give the address that is listened on."""
        return _address(self._socket.getsockname())


def _address(place: _Place) -> IPv4Address | IPv6Address:
    """Give the address of what a socket says of one of its ends."""
    return IPv6Address("TCP", *place) if len(place) > 2 else IPv4Address("TCP", *place)
