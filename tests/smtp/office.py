"""A server on the loopback, by the reactor that pytest installed, and clients of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from twisted.internet import reactor as installed  # noqa: TID253 -- the one that pytest installed
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    connectProtocol,
    wrapClientTLS,
)
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import CertificateOptions, PrivateCertificate
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from gomail.events import Event, SessionEnded
from gomail.smtp.factory import SMTPFactory
from tests.smtp.certificate import ServerTLS, certified
from tests.smtp.desk import Desk
from tests.smtp.talk import octets_of

reactor: Any = installed
PATIENCE = 8  # seconds after which a test has failed; less than CLOSE_TIME


class Dialler(Protocol):
    """A client that collects what it hears."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost: Deferred[None] = Deferred()
        self._awaited: tuple[bytes, Deferred[None]] | None = None

    def dataReceived(self, data: bytes) -> None:
        """Collect."""
        self.heard += data
        if self._awaited is not None and self._awaited[0] in self.heard:
            awaited, self._awaited = self._awaited[1], None
            awaited.callback(None)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """See the end."""
        self.lost.callback(None)

    async def hear(self, octets: bytes) -> None:
        """Wait until *octets* have been heard."""
        if octets not in self.heard:
            self._awaited = octets, Deferred()
            await self._awaited[1].addTimeout(PATIENCE, reactor)

    async def end(self) -> bytes:
        """Wait for the end of the connection, and give all that was heard."""
        await self.lost.addTimeout(PATIENCE, reactor)
        return self.heard

    def say(self, *lines: str) -> None:
        """Send command lines."""
        assert self.transport is not None
        self.transport.write(octets_of(lines))


class Office:
    """A server on the loopback, and what it was told."""

    def __init__(self, manner: str = "now", **settings: Any) -> None:  # noqa: ANN401 -- of the factory
        self.desk = Desk(reactor, manner)
        self.events: list[Event] = []
        self.factory = SMTPFactory(
            self.desk, "here.example", reactor, listeners=(self.events.append,), **settings
        )
        self.client: Any = None

    async def dial(self) -> Any:  # noqa: ANN401 -- a Dialler, whose transport is none of its class
        """Connect a client."""
        return await connectProtocol(self.client, Dialler())

    @property
    def ends(self) -> list[SessionEnded]:
        """The sessions that are over."""
        return [event for event in self.events if isinstance(event, SessionEnded)]

    async def ended(self, count: int) -> None:
        """Wait until so many sessions are over."""
        for _ in range(PATIENCE * 100):
            if len(self.ends) == count:
                return
            await deferLater(reactor, 0.01)
        pytest.fail(f"{len(self.ends)} sessions have ended, not {count}")

    async def idle(self) -> None:
        """Wait until no session is open."""
        for _ in range(PATIENCE * 100):
            if not self.factory.sessions:
                return
            await deferLater(reactor, 0.01)
        pytest.fail("a session is still open")


async def turns(count: int = 20) -> None:
    """Let turns of the reactor go by: by then it has read what was written in this process."""
    for _ in range(count):
        await deferLater(reactor, 0)


@asynccontextmanager
async def serving(
    manner: str = "now",
    *,
    tls: bool = False,
    starttls: bool = False,
    **settings: Any,  # noqa: ANN401 -- of the factory
) -> AsyncIterator[Office]:
    """Run a server while the block lasts; with *tls* it speaks nothing else."""
    if starttls:
        settings |= {"tls": ServerTLS(), "tls_required": True}
    office = Office(manner, **settings)
    server: Any = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    if tls:
        server = SSL4ServerEndpoint(reactor, 0, certificate().options(), interface="127.0.0.1")
    port: Any = await server.listen(office.factory)
    office.client = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    if tls:
        office.client = wrapClientTLS(CertificateOptions(verify=False), office.client)
    try:
        yield office
    finally:
        await port.stopListening()
        office.factory.abort()
        await office.idle()


def certificate() -> PrivateCertificate:
    """Give a certificate as Twisted has them."""
    key, signed = certified()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return PrivateCertificate.loadPEM(private + signed.public_bytes(serialization.Encoding.PEM))
