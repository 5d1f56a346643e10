"""The connection by which the server is followed."""

from typing import cast

from twisted.internet.testing import MemoryReactorClock, StringTransport

from gomail.inbox.web.following import AGAIN, Following
from gomail.server.reactor import Reactor


class Followed:
    """A server that is followed in memory, and what is heard of it."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.told: list[object] = []
        self.changed: list[str] = []
        reactor = cast("Reactor", self.reactor)
        self.following = Following(reactor, ["/s"], self.told.append, self.changed.append)

    def answer(self, number: int, octets: bytes) -> StringTransport:
        """Take a connection, and say something on it."""
        protocol = self.reactor.unixClients[number][1].buildProtocol(None)
        wire = StringTransport()
        protocol.makeConnection(wire)
        protocol.dataReceived(octets)
        return wire


def test_who_leaves_before_the_connection_is_there_lets_it_go() -> None:
    """Else the next one would hear all by two of them."""
    followed = Followed()
    followed.following.begin()
    followed.following.stop()
    followed.following.begin()
    first, second = followed.reactor.connectors
    assert first.stoppedConnecting
    assert not second.stoppedConnecting
    followed.answer(1, b'{"event": "following"}\n{"event": "said"}\n')
    assert followed.told == [{"event": "said"}]
    assert followed.changed == [""]
    followed.reactor.advance(AGAIN)
    assert len(followed.reactor.connectors) == 2
