"""A DNS server on 127.0.0.1 that does as it is told: right, wrong, late or never."""

# ruff: noqa: ANN401 -- a reactor, an address and a message of dnspython have no good types

import struct
from collections.abc import Callable, Sequence
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.internet.task import deferLater

from gomail.checks.dns.resolver import StubResolver
from gomail.checks.records import Outcome, Records
from tests.patience import PATIENCE

Ask = Callable[..., StubResolver]
FAILED = Records(Outcome.FAILED)
Answer = Callable[[dns.message.Message], Sequence[bytes | dns.message.Message]]


def reply(query: dns.message.Message, *records: str, rcode: int = 0, flags: int = 0) -> Any:
    """Answer with records: a name, seconds, IN, a kind, and the rest, as in a master file."""
    answer = dns.message.make_response(query)
    answer.set_rcode(dns.rcode.Rcode(rcode))
    answer.flags |= flags
    for record in records:
        name, seconds, _, kind, data = record.split(" ", 4)
        section = answer.authority if kind == "SOA" else answer.answer
        section.append(dns.rrset.from_text(name, int(seconds), "IN", kind, data))
    return answer


def the_reactor() -> Any:
    """Give the one that runs."""
    from twisted.internet import reactor

    return reactor


def nothing(_: dns.message.Message) -> Sequence[bytes]:
    """Do not answer."""
    return []


def truncated(query: dns.message.Message) -> Sequence[dns.message.Message]:
    """Have it asked by TCP."""
    return [reply(query, flags=dns.flags.TC)]


class Server:
    """
    One that listens by UDP and TCP on the same port.

    Attributes:
        udp: makes of a question what is sent back, nothing or several; so does ``tcp``.
        asked: the questions, and how they came.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        reactor = the_reactor()
        self.asked: list[tuple[str, dns.message.Message]] = []
        self.udp: Answer = lambda query: [reply(query)]
        self.tcp: Answer = lambda query: [reply(query)]
        self.letters = _Letters(self)
        factory = Factory.forProtocol(lambda: _Connection(self))
        factory.noisy = False
        while True:
            self._tcp = reactor.listenTCP(0, factory, interface=address)
            self.port = self._tcp.getHost().port
            try:
                self._udp = reactor.listenUDP(self.port, self.letters, interface=address)
            except CannotListenError:
                self._tcp.stopListening()  # somebody else has the port; another will do
            else:
                break
        self.connections: list[_Connection] = []

    async def stop(self) -> None:
        """Be gone."""
        for connection in self.connections:
            connection.transport.abortConnection()
        await self.stop_tcp()
        if self.letters.transport is not None:
            await self._udp.stopListening()

    async def stop_tcp(self) -> None:
        """Take no more connections."""
        await maybeDeferred(self._tcp.stopListening)

    def kinds(self) -> list[str]:
        """Say how each question came."""
        return [way for way, _ in self.asked]


class _Letters(DatagramProtocol):
    """Questions by UDP."""

    transport: Any
    client: Any = None

    def __init__(self, server: Server) -> None:
        self._server = server

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Answer."""
        query = dns.message.from_wire(datagram)
        self.client = addr
        self._server.asked.append(("udp", query))
        for answer in self._server.udp(query):
            self.transport.write(wire(answer), addr)


class _Connection(Protocol):
    """Questions by TCP."""

    transport: Any

    def __init__(self, server: Server) -> None:
        self._server = server
        self._octets = b""

    def connectionMade(self) -> None:
        """Be known."""
        self._server.connections.append(self)

    def dataReceived(self, data: bytes) -> None:
        """Answer once the question is whole; octets are sent without a length of ours."""
        self._octets += data
        if (
            len(self._octets) > 2
            and len(self._octets) >= 2 + struct.unpack("!H", self._octets[:2])[0]
        ):
            query = dns.message.from_wire(self._octets[2:])
            self._server.asked.append(("tcp", query))
            for answer in self._server.tcp(query):
                octets = wire(answer)
                if not isinstance(answer, bytes):
                    octets = struct.pack("!H", len(octets)) + octets
                self.transport.write(octets)


def wire(answer: bytes | dns.message.Message) -> bytes:
    """Give the octets of an answer."""
    return answer if isinstance(answer, bytes) else answer.to_wire(max_size=65535)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        await deferLater(the_reactor(), 0.01)
    pytest.fail("it has not happened")


def asked(server: Server, times: int) -> bool:
    """Tell whether it has been asked so often."""
    return len(server.asked) >= times
