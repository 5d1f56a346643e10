"""A factory of sessions, and connections to it in memory."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock

from gomail.events import Event
from gomail.smtp.factory import SMTPFactory
from tests.smtp.desk import Desk
from tests.smtp.talk import octets_of
from tests.smtp.wire import Wire

STRANGER = IPv4Address("TCP", "192.0.2.1", 40695)


class Porch:
    """A factory, and connections to it."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 -- those of SMTPFactory
        self.clock = Clock()
        self.events: list[Event] = []
        self.desk = Desk(self.clock)
        self.wires: list[Wire] = []
        self.factory = SMTPFactory(
            self.desk, "here.example", self.clock, listeners=(self.events.append,), **arguments
        )

    def connect(self, address: IAddress | None = STRANGER) -> Wire:
        """Let a client connect."""
        wire = Wire(self.clock)
        wire.protocol = self.factory.buildProtocol(address)
        wire.startReading()
        wire.protocol.makeConnection(wire)
        self.wires.append(wire)
        self.clock.advance(0)
        return wire

    def say(self, wire: Wire, *lines: str) -> None:
        """Let a client say something."""
        wire.inbox.append(octets_of(lines))
        wire.poll()
        self.clock.advance(0)
