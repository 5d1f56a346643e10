"""A server in memory that delivers to a real disk, and a client to talk to it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gomail.delivery.places import Places
from gomail.delivery.room import Room
from gomail.events import Event
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reception import Office, Receptions
from gomail.recipients.domain import Domain
from gomail.recipients.register import build
from gomail.smtp.factory import SMTPFactory
from tests.delivery.bench import Bench, messages, open_files

MAILBOXES = ("alice", "bob", "carol")
DOMAIN = Domain(
    MAILBOXES,
    aliases={"info": ("alice",), "sales": ("alice",), "team": ("alice", "bob")}
    | {f"alias{number}": ("alice",) for number in range(30)},
)


TEXT = b"Subject: hello\r\n\r\nbody\r\n"
STORED = TEXT.replace(b"\r\n", b"\n")


@dataclass
class House:
    """A server in memory that delivers to real Maildirs below *root*."""

    root: Path
    limits: Limits = DEFAULT_LIMITS
    refuse_bare_newlines: bool = False
    bench: Bench = field(default_factory=Bench)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Furnish the office."""
        committer, clock = self.bench.committer, self.bench.clock
        self.office = Office(
            hostname="mx.here.example",
            directory=build({"here.example": DOMAIN}, f"{self.root}/{{mailbox}}"),
            limits=self.limits,
            committer=committer,
            places=Places(committer, clock, str(self.root)),
            room=Room(committer, clock, str(self.root), self.limits.disk_reserve),
            clock=clock,
            listeners=(self.events.append,),
        )
        deliveries = Receptions(self.office, refuse_bare_newlines=self.refuse_bare_newlines)
        self.factory = SMTPFactory(
            deliveries,
            "mx.here.example",
            clock,
            limits=self.limits,
            listeners=(self.events.append,),
        )

    def connect(self) -> "Connection":
        """Let a client in that has said EHLO."""
        connection = Connection(self)
        connection.say(b"EHLO client.example")
        return connection

    def messages(self, mailbox: str) -> list[bytes]:
        """Give the messages that a mailbox got."""
        return messages(self.root / mailbox) if (self.root / mailbox).exists() else []

    def told(self, kind: type) -> list[Any]:
        """Give the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def rest(self) -> None:
        """Wait until the disk has nothing more to do."""
        self.bench.wait(self.bench.committer.run(int))


class Connection:
    """A client's connection, which waits with its octets while the server does not read."""

    def __init__(self, house: House) -> None:
        """Connect, and hear the banner."""
        address = IPv4Address("TCP", "192.0.2.1", 4025)
        self._house = house
        self._seen = 0
        self.protocol: Any = house.factory.buildProtocol(address)
        self.transport = StringTransport(peerAddress=address)
        self.protocol.makeConnection(self.transport)
        self._hear()

    def send(self, octets: bytes) -> None:
        """Send octets as one packet."""
        self._until(lambda: not self.protocol.paused)
        self.protocol.dataReceived(octets)

    def say(self, line: bytes) -> bytes:
        """Say a line, and hear the reply."""
        self.send(line + b"\r\n")
        return self._hear()

    def mail(self, *recipients: str) -> list[int]:
        """Say MAIL, and RCPT for each local-part; give the codes of the replies to RCPT."""
        reply = self.say(b"MAIL FROM:<a@client.example>")
        assert reply == b"250 2.1.0 Sender OK\r\n", reply
        lines = [f"RCPT TO:<{each}@here.example>".encode() for each in recipients]
        return [int(self.say(line)[:3]) for line in lines]

    def message(self, *packets: bytes) -> bytes:
        """Say DATA, send packets and the final dot, and hear the verdict."""
        assert self.say(b"DATA").startswith(b"354 ")
        for packet in packets:
            self.send(packet)
        return self.say(b".")

    def leave(self) -> None:
        """Drop the connection."""
        self.protocol.connectionLost(Failure(ConnectionLost()))

    def _hear(self) -> bytes:
        """Wait for a whole reply, and give it."""
        self._until(lambda: re.search(rb"^\d{3} .*\r\n\Z", self._new(), re.MULTILINE))
        reply = self._new()
        self._seen += len(reply)
        return reply

    def _new(self) -> bytes:
        """Give what was said since the last reply."""
        return bytes(self.transport.value()[self._seen :])

    def _until(self, ready: Callable[[], object]) -> None:
        """Let the server work until something is so."""
        self._house.bench.clock.advance(0)
        while not ready():
            self._house.bench.backdoor.pump()
            self._house.bench.clock.advance(0)


@contextmanager
def opened(root: Path) -> Iterator[House]:
    """Open a house, and see in the end that no memory is used and no file open."""
    house = House(root)
    house.rest()
    files = open_files()
    yield house
    house.rest()
    assert house.office.memory.used == 0
    assert not open_files() - files
    house.bench.close()
