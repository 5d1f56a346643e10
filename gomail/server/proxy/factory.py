"""
The sessions of clients behind a proxy: each begins when the proxy has named the client.

Only proxies in known networks are listened to. Nothing is said before the header has come, and
when it has, the session gets the connection itself: nothing of ours stays between the two, and
limits, trust, log and trace fields know the client by the address that the proxy gave.
"""

from collections.abc import Collection
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from gomail.envelope import Client
from gomail.events import SessionEnded, SessionStarted, tell
from gomail.reply import NOT_A_PROXY, SHUTTING_DOWN, TOO_BUSY, Refused
from gomail.server.proxy.header import Header, MalformedHeader, read_header
from gomail.smtp.factory import SMTPFactory
from gomail.smtp.outbox import IConnection
from gomail.smtp.protocol import SMTPProtocol

HEADER_TIME = 10.0  # seconds from the connection to the header's last octet
WAITING = 500  # connections without their header; a proxy sends it with its first packet


class ProxiedFactory(ServerFactory):
    """
    Makes sessions by way of another factory, each for the client that a PROXY header names.

    Args:
        factory: makes the sessions.
        networks: where the proxies are; others are turned away.
        unix: whether those who connect by a unix socket are proxies, too.
    """

    noisy = False

    def __init__(
        self,
        factory: SMTPFactory,
        networks: Collection[IPv4Network | IPv6Network],
        *,
        unix: bool = False,
    ) -> None:
        self.factory = factory
        self._networks = networks
        self._unix = unix
        self._waiting: set[Awaiting] = set()

    def startFactory(self) -> None:
        """Start the factory behind this one."""
        self.factory.doStart()

    def stopFactory(self) -> None:
        """Stop it."""
        self.factory.doStop()

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Wait for a proxy's header, or turn away who is no proxy."""
        proxy = self.factory.client_at(addr)
        if not self._is_proxy(proxy):
            refused = Refused(NOT_A_PROXY, "it is in none of the networks of this listener's proxy")
            return self.factory.turn_away(proxy, refused)
        if len(self._waiting) >= WAITING:
            refused = Refused(TOO_BUSY, "too many connections wait for their PROXY header")
            return self.factory.turn_away(proxy, refused)
        awaiting = Awaiting(self, proxy)
        self._waiting.add(awaiting)
        return awaiting

    def _is_proxy(self, peer: Client) -> bool:
        """Tell whether a peer may name clients."""
        if peer.address is None:
            return self._unix
        address = ip_address(peer.address)
        return any(address in network for network in self._networks)

    def named(self, proxy: Client, header: Header) -> Client:
        """
        Give the client that *proxy* speaks for.

        Trust is for addresses that were named, never for the proxy's own; and loopback is the
        proxy's machine, which need not be this one.
        """
        if header.source is None:
            return replace(proxy, trusted=False)
        client = self.factory.client_at(header.source)
        here = _is_loopback(proxy) or not _is_loopback(client)
        return replace(client, trusted=client.trusted and here)

    def forget(self, awaiting: "Awaiting") -> None:
        """Wait no more for the header of a connection."""
        self._waiting.discard(awaiting)

    @property
    def sessions(self) -> int:
        """How many sessions are open, with those that wait for their header."""
        return self.factory.sessions + len(self._waiting)

    def leave(self) -> Deferred[None]:
        """
        Ask all sessions to end, as the factory behind this one does it.

        Connections that still wait for their header hear 421, and hold up nothing.
        """
        for awaiting in list(self._waiting):
            awaiting.go_on_as(self.factory.turn_away(awaiting.proxy, Refused(SHUTTING_DOWN)))
        return self.factory.leave()

    def abort(self) -> None:
        """Drop the connections that are left."""
        for awaiting in list(self._waiting):
            awaiting.transport.abortConnection()
        self.factory.abort()


class Awaiting(Protocol):
    """
    A connection until its header has come; then it is a session's.

    Args:
        factory: knows who is named, and makes the session.
        proxy: who has connected.
    """

    transport: IConnection

    def __init__(self, factory: ProxiedFactory, proxy: Client) -> None:
        self._factory = factory
        self._clock = factory.factory.house.clock
        self.proxy = proxy
        self._octets = b""
        self._next: Protocol | None = None
        self._over = False
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Wait, but not for ever."""
        self._began = self._clock.seconds()
        late = f"no PROXY header came within {HEADER_TIME:.0f} s"
        self._deadline = self._clock.callLater(HEADER_TIME, self._hang_up, late)

    def dataReceived(self, data: bytes) -> None:
        """Take some of the header; what follows it is the client's."""
        if self._next is not None:  # a transport that is not Twisted's own goes on calling us
            self._next.dataReceived(data)
            return
        if self._over:
            return
        self._octets += data
        try:
            header = read_header(self._octets)
        except MalformedHeader as error:
            self._hang_up(f"no PROXY header: {error}")
            return
        if header is not None:
            client = self._factory.named(self.proxy, header)
            self.go_on_as(self._factory.factory.admit(client), self._octets[header.size :])

    def go_on_as(self, protocol: Protocol, octets: bytes = b"") -> None:
        """Give *protocol* the connection, and what has already come for it."""
        self._stop_waiting()
        self._next = protocol
        if octets and isinstance(protocol, SMTPProtocol):
            protocol.heard_before()  # as it would find them in the kernel of its own accord
        setattr(self.transport, "protocol", protocol)  # noqa: B010 -- no interface of Twisted's tells of it
        protocol.makeConnection(self.transport)
        if octets:
            protocol.dataReceived(octets)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See the connection go; one on which nothing was said was only tried."""
        if self._next is not None:
            self._next.connectionLost(reason)
            return
        if self._octets and not self._over:
            self._tell("the PROXY header was cut off")
        self._stop_waiting()

    def _hang_up(self, why: str) -> None:
        """Drop a connection that has no header."""
        self._over = True
        self._tell(why)
        self._stop_waiting()
        self.transport.abortConnection()

    def _tell(self, why: str) -> None:
        """Tell of a session that never began."""
        listeners = self._factory.factory.house.listeners
        tell(listeners, SessionStarted(self.proxy))
        seconds = self._clock.seconds() - self._began
        tell(listeners, SessionEnded(self.proxy, "", seconds, len(self._octets), why))

    def _stop_waiting(self) -> None:
        """Need neither deadline nor buffer any more."""
        self._octets = b""
        self._factory.forget(self)
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()


def _is_loopback(client: Client) -> bool:
    """Tell whether a peer is on this machine, by its address or by its socket."""
    return client.address is None or ip_address(client.address).is_loopback
