"""A proxied factory, and connections to it in memory."""

from ipaddress import ip_network
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock

from gomail.events import Event, SessionStarted
from gomail.server.proxy.factory import ProxiedFactory
from gomail.smtp.factory import SMTPFactory
from tests.smtp.desk import Desk
from tests.smtp.wire import Wire

BALANCER = IPv4Address("TCP", "10.0.0.1", 5555)
NETWORKS = [ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("2001:db8:1::/48")]
STEPS = (  # each is sent when the reply to the one before has come
    b"EHLO client.example\r\n",
    b"MAIL FROM:<a@client.example>\r\nRCPT TO:<b@here.example>\r\nDATA\r\n",
    b"Subject: x\r\n\r\nx\r\n.\r\n",
    b"QUIT\r\n",
)
MAIL = b"".join(STEPS)


class Gate:
    """A proxied factory, and connections to it."""

    def __init__(self, *, unix: bool = False, **arguments: Any) -> None:  # noqa: ANN401 -- of SMTPFactory
        self.clock = Clock()
        self.events: list[Event] = []
        self.desk = Desk(self.clock)
        self.inner = SMTPFactory(
            self.desk, "here.example", self.clock, listeners=(self.events.append,), **arguments
        )
        self.factory = ProxiedFactory(self.inner, NETWORKS, unix=unix)

    def connect(self, *packets: bytes, peer: IAddress = BALANCER) -> Wire:
        """Let a proxy connect and send packets."""
        wire = Wire(self.clock)
        wire.protocol = self.factory.buildProtocol(peer)
        wire.startReading()
        wire.protocol.makeConnection(wire)
        self.send(wire, *packets)
        return wire

    def send(self, wire: Wire, *packets: bytes) -> None:
        """Let it send more, each packet read in a turn of its own."""
        wire.inbox.extend(packets)
        wire.poll()
        self.clock.advance(0)

    def told(self, kind: type[Event]) -> list[Any]:
        """Give the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def clients(self) -> list[str]:
        """The clients of all sessions, as the log writes them."""
        return [str(event.client) for event in self.told(SessionStarted)]


def spoken(wire: Wire) -> bytes:
    """Give what was said, without the ids, which differ."""
    return b"".join(part.split(b" [")[0] for part in wire.sent)
