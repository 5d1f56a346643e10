"""A doorway to the inbox on a clock of its own, and connections in memory."""

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.http import Request

from gomail.inbox.web.channel import Channel, Doorway

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


class Wire(StringTransport):
    """A transport that tells how it was ended."""

    aborted = False

    def __init__(self) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "127.0.0.1", 4711))

    def abortConnection(self) -> None:
        """Be ended at once."""
        self.aborted = True

    @property
    def ended(self) -> bool:
        """Whether it was ended, one way or the other."""
        return self.aborted or self.disconnecting


class Door:
    """A doorway on a clock, and what was asked there."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.asked: list[Request] = []
        self.doorway = Doorway(self.clock, self.asked.append)

    def connect(self, said: bytes = b"") -> tuple[Channel, Wire]:
        """Connect, and say something."""
        channel = self.doorway.buildProtocol(None)
        assert isinstance(channel, Channel)
        wire = Wire()
        channel.makeConnection(wire)
        if said:
            channel.dataReceived(said)
        return channel, wire

    def finish(self) -> None:
        """Answer the oldest request."""
        self.asked.pop(0).finish()
