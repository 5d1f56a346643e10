"""
How replies leave.

While nothing waits they go to the kernel at once: half the work of the reactor's own way round.
What the kernel does not take follows through the transport, and until it has gone the session reads
nothing more. Under TLS, and on transports that can't send at once, everything goes the reactor's
way.
"""

from contextlib import suppress
from typing import Protocol

from twisted.internet.interfaces import (
    IConsumer,
    IPullProducer,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
    ITLSTransport,
)
from zope.interface import implementer


class Sender(Protocol):
    """Whose replies leave."""

    def unsent_changed(self) -> None:
        """Learn that octets begin to wait, or that the last of them has gone."""


class Outbox(Protocol):
    """
    The one way out for octets of ours.

    Attributes:
        sender: whose it is.
        unsent: how many octets wait here because the peer doesn't read; 0 while none do.
    """

    sender: Sender
    unsent: int

    def send(self, octets: bytes) -> None:
        """Send *octets* behind everything sent before."""

    def end(self) -> None:
        """Leave what waits to the transport, which may close or start TLS behind it."""

    def shaken_hands(self) -> None:
        """Know that TLS writes by now: what waits, waits for the peer."""


class IConnection(ITLSTransport, IConsumer, IPushProducer):
    """A connection as Twisted's stream transports are, TCP or unix; for annotations."""

    def writeSomeData(data: bytes) -> int | Exception:  # noqa: N805
        """
        Give the kernel what it takes now: how much that was, or why the connection is lost.

        Not every transport has it: see `outbox`.
        """


def send_undelayed(transport: IConnection) -> None:
    """
    Have the kernel send each reply as it comes, not only after the one before was acknowledged.

    A client that pipelines acknowledges late, since it has nothing to say while it waits for the
    last reply: 40 ms of silence for each message (RFC 9293 §3.7.4).
    """
    if ITCPTransport.providedBy(transport):
        with suppress(OSError):  # a unix socket, to which Twisted gives the same interface
            transport.setTcpNoDelay(True)


def close(transport: IConnection) -> bool:
    """
    Close a connection behind all that was written.

    Returns:
        whether it ends within this turn, as a transport may say of itself; else somebody has to see
        to it that it ends at all.
    """
    transport.loseConnection()
    return bool(getattr(transport, "ending", False))


def outbox(transport: IConnection, sender: Sender) -> Outbox:
    """Give the fitting outbox of *sender* for a *transport* as it is now."""
    return (DirectOutbox if is_socket(transport) else BufferedOutbox)(transport, sender)


def is_socket(transport: IConnection) -> bool:
    """Tell whether a transport is the socket's own, in plaintext, and nothing stands between."""
    # The class is asked: Twisted's wrappers, TLS among them, give the socket's own attributes as
    # theirs. And Twisted's own startTLS leaves a transport its way to write plaintext.
    return hasattr(type(transport), "writeSomeData") and not ISSLTransport.providedBy(transport)


@implementer(IPullProducer)
class DirectOutbox:
    """
    Replies leave at once while nothing waits; the rest follows through the transport.

    Attributes:
        unsent: how many octets are left; at least 1 while the transport still has some.
    """

    __slots__ = ("_rest", "_transport", "sender", "unsent")

    def __init__(self, transport: IConnection, sender: Sender) -> None:
        """Send by *transport*, which must be plaintext: octets written so pass every wrapper by."""
        self._transport = transport
        self.sender = sender
        self._rest = b""
        self.unsent = 0

    def send(self, octets: bytes) -> None:
        """Send *octets* now, as far as the kernel takes them and none wait before them."""
        if self.unsent:
            self._rest += octets
            self.unsent = len(self._rest) + 1
            return
        sent = self._transport.writeSomeData(octets)
        # An error instead of a number means mostly that the connection is lost. What is left to the
        # transport then has it find that out, or is sent after all.
        taken = sent if isinstance(sent, int) else 0
        if taken < len(octets):
            self._rest = octets[taken:]
            self.unsent = len(self._rest) + 1
            self.sender.unsent_changed()
            self._transport.registerProducer(self, streaming=False)

    def end(self) -> None:
        """Leave to the transport what is left."""
        if self.unsent:
            self.unsent = 0
            rest, self._rest = self._rest, b""
            self._transport.unregisterProducer()
            self._transport.write(rest)
            self.sender.unsent_changed()

    def shaken_hands(self) -> None:
        """Need nothing: there is no TLS."""

    def resumeProducing(self) -> None:
        """Give the transport, whose buffer is empty, what is left."""
        if self._rest:
            rest, self._rest = self._rest, b""
            self.unsent = 1
            self._transport.write(rest)
        else:
            self.unsent = 0
            self._transport.unregisterProducer()
            self.sender.unsent_changed()

    def stopProducing(self) -> None:
        """Forget what is left: the connection is lost."""
        self._rest = b""
        self.unsent = min(1, self.unsent)


@implementer(IPushProducer)
class BufferedOutbox:
    """
    Everything goes through the transport, which says when too much waits (64 KiB in Twisted).

    Before a handshake being full is told with the next octets only: the banner waits for it, and a
    session that reads nothing more for that would wait for ever. Behind it being full is told at
    once, since TLS has words of its own for a peer that asks and never reads.

    Attributes:
        unsent: octets that came since the transport had its fill; at least 1 where that counts.
    """

    __slots__ = ("_full", "_shaken", "_transport", "sender", "unsent")

    def __init__(self, transport: IConnection, sender: Sender) -> None:
        """Send by *transport* and be told how full it is."""
        self._transport = transport
        self.sender = sender
        self._full = False
        self._shaken = False
        self.unsent = 0
        transport.registerProducer(self, streaming=True)

    def send(self, octets: bytes) -> None:
        """Hand *octets* to the transport."""
        if self._full:
            self.unsent += len(octets)
            if self.unsent == len(octets):
                self.sender.unsent_changed()
        self._transport.write(octets)

    def end(self) -> None:
        """Free the transport, which has it all: TLS does not close while it has a producer."""
        self._transport.unregisterProducer()
        self.resumeProducing()

    def pauseProducing(self) -> None:
        """Hear that the transport has more than it likes."""
        self._full = True
        if self._shaken and not self.unsent:
            self.unsent = 1
            self.sender.unsent_changed()

    def shaken_hands(self) -> None:
        """Have being full be told at once."""
        self._shaken = True

    def resumeProducing(self) -> None:
        """Hear that the transport has room again."""
        self._full = False
        if self.unsent:
            self.unsent = 0
            self.sender.unsent_changed()

    def stopProducing(self) -> None:
        """Hear that the connection is lost."""
