"""
Sessions as they come and go: who is let in, under which id, and how all of them end.

`SMTPFactory` is what a Twisted developer gives to an endpoint; everything it needs has a default
but the deliveries and the host name.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import islice

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IReactorTime,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from gomail.envelope import Client
from gomail.events import Listener, Listeners, Refusal, tell
from gomail.interfaces import IMessageDeliveryFactory
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reply import SHUTTING_DOWN, Refused, Reply
from gomail.smtp.admission import Admission
from gomail.smtp.alarms import Alarms
from gomail.smtp.encryption import Creator
from gomail.smtp.expected import unexpected
from gomail.smtp.faults import refusal_of
from gomail.smtp.house import House
from gomail.smtp.introduction import introduce
from gomail.smtp.load import Load, hurried
from gomail.smtp.outbox import IConnection, outbox
from gomail.smtp.patience import CLOSE_TIME
from gomail.smtp.protocol import SMTPProtocol

SESSIONS_A_TURN = 200  # that hear of other limits, or of the end; then others have their turn
MOST_KNOWN = 1000  # addresses that are remembered: whoever sends a lot comes again and again
LOOPBACK: tuple[IPv4Network | IPv6Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1"))


class SMTPFactory(ServerFactory):
    """
    Makes the session of each connection.

    Args:
        deliveries: gives each session its delivery.
        hostname: the name that we go by.
        clock: the reactor.
        limits: the bounds of sessions and messages.
        listeners: who is told of events.
        dialogue: whether they are told each line, too; or who is instead, a list that may change.
        trusted: networks without limits per address, session or error.
        trust_unix: whether peers on unix sockets are trusted.
        admission: counts sessions; shared by the factories of several listeners.
        local: whether the slips of this machine's own programs are forgiven, for a listener that
            only they reach: CR CR LF counts as CRLF, and nobody has to wait for replies.
        tls: makes the encrypted end of a connection after STARTTLS, such as Twisted's
            CertificateOptions; without it TLS is not offered.
        tls_required: whether mail is taken under TLS alone.
    """

    noisy = False

    def __init__(  # noqa: PLR0913 -- each is one sentence of an operator
        self,
        deliveries: IMessageDeliveryFactory,
        hostname: str,
        clock: IReactorTime,
        *,
        limits: Limits = DEFAULT_LIMITS,
        listeners: Listeners = (),
        dialogue: bool | Sequence[Listener] = False,
        trusted: Collection[IPv4Network | IPv6Network] = LOOPBACK,
        trust_unix: bool = True,
        admission: Admission | None = None,
        local: bool = False,
        tls: Creator | None = None,
        tls_required: bool = False,
    ) -> None:
        self._deliveries = deliveries
        self._hostname = hostname
        self._admission = admission or Admission(limits)
        self._calm = House(
            clock,
            Alarms(clock),
            limits,
            introduce(hostname, limits, chunking=not local),
            listeners,
            dialogue=(listeners if dialogue else ()) if isinstance(dialogue, bool) else dialogue,
            local=local,
            tls=tls,
            tls_required=tls_required,
            permit=self._admission.permit if self._admission.shared else None,
        )  # as trusted clients always have it; `_house` is as it is under the load that there is
        self._trusted = trusted
        self._trust_unix = trust_unix
        self._known: dict[str, tuple[str, bool]] = {}  # the addresses of late
        self._admission.gauge.tell(self._hurry)
        self._house = self._under(self._admission.gauge.load)
        self._sessions: set[SMTPProtocol] = set()
        self._leaving = False
        self._drained: list[Deferred[None]] = []  # who waits for the last session to be over

    @property
    def house(self) -> House:
        """What all sessions share, as it holds for the next one."""
        return self._house

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Make the session of who connects from there."""
        return self.admit(self.client_at(addr))

    def admit(self, client: Client) -> Protocol:
        """Let the client in, or turn it away with 421."""
        refusal = SHUTTING_DOWN if self._leaving else self._admission.refusal(client)
        if refusal is not None:
            return self.turn_away(client, Refused(refusal))
        try:
            delivery = self._deliveries.deliveryFor(client)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the client hears something
            return self.turn_away(client, refusal_of(error, "deliveryFor", client.session_id))
        if not hasattr(delivery, "validateFrom"):
            expected = "an IMessageDelivery, at once (it is not awaited),"
            fault = unexpected(self._deliveries, "deliveryFor", expected, delivery)
            return self.turn_away(client, refusal_of(fault, "deliveryFor", client.session_id))
        self._admission.enter(client)
        house = self._calm if client.trusted else self._house
        session = SMTPProtocol(house, client, delivery, self)
        self._sessions.add(session)
        return session

    def turn_away(self, client: Client, refused: Refused) -> "TurnedAway":
        """Answer a client who gets no session."""
        tell(self._house.listeners, Refusal(client, b"", refused.reply, refused.reason))
        return TurnedAway(refused.reply.signed(client.session_id), self._house.clock)

    def client_at(self, addr: IAddress | None) -> Client:
        """Make the client of its address; an IPv4 client on an IPv6 socket is an IPv4 client."""
        session_id = os.urandom(5).hex()
        if not isinstance(addr, (IPv4Address, IPv6Address)):
            return Client(session_id, trusted=self._trust_unix)
        known = self._known.get(addr.host)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[addr.host] = self._look_at(addr.host)
        address, trusted = known
        return Client(session_id, address, addr.port, trusted=trusted)

    def _look_at(self, host: str) -> tuple[str, bool]:
        """Write an address as this house does, and tell whether it is trusted."""
        address = ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return str(address), any(address in network for network in self._trusted)

    def forget(self, session: SMTPProtocol) -> None:
        """Forget a session that is over."""
        self._sessions.discard(session)
        self._admission.leave(session.session.client)
        if self._drained and not self._sessions:
            drained, self._drained = self._drained, []
            for done in drained:
                done.callback(None)

    def change(
        self, limits: Limits, trusted: Collection[IPv4Network | IPv6Network], *, trust_unix: bool
    ) -> None:
        """Let other limits and other trusted networks hold, for the sessions to come."""
        introduction = introduce(self._hostname, limits, chunking=not self._calm.local)
        self._calm = replace(self._calm, limits=limits, introduction=introduction)
        self._house = self._under(self._admission.gauge.load)
        self._trusted = trusted
        self._trust_unix = trust_unix
        self._known = {}

    def _hurry(self, load: Load) -> None:
        """Let less or more patience hold: for the sessions to come, and for those that are open."""
        self._house = self._under(load)
        self._hurry_sessions(load, iter(list(self._sessions)))

    def _under(self, load: Load) -> House:
        """Give the house as it is for strangers under *load*."""
        return replace(self._calm, limits=hurried(self._calm.limits, load))

    def _hurry_sessions(self, load: Load, sessions: Iterator[SMTPProtocol]) -> None:
        """Tell open sessions of *load*, not all of them in one turn of the reactor."""
        if load != self._admission.gauge.load:
            return  # they hear of another by now
        now = list(islice(sessions, SESSIONS_A_TURN))
        for session in now:
            session.hurry(self._house.limits)
        if len(now) == SESSIONS_A_TURN:
            self._house.clock.callLater(0, self._hurry_sessions, load, sessions)

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        return len(self._sessions)

    @property
    def clients(self) -> Iterator[Client]:
        """Who they are with."""
        return (each.session.client for each in self._sessions)

    def leave(self) -> Deferred[None]:
        """
        Ask all sessions to end: idle ones hear 421 now, the others after the message under way.

        Whoever comes later hears 421, too.

        Returns:
            A Deferred that fires when the last one is over.
        """
        self._leaving = True
        done: Deferred[None] = Deferred()
        if not self._sessions:
            done.callback(None)
            return done
        self._drained.append(done)
        self._leave_sessions(iter(list(self._sessions)))
        return done

    def _leave_sessions(self, sessions: Iterator[SMTPProtocol]) -> None:
        """Ask them, not all in one turn of the reactor: those under way have mail to bring."""
        now = list(islice(sessions, SESSIONS_A_TURN))
        for session in now:
            if session in self._sessions:
                session.leave()
        if len(now) == SESSIONS_A_TURN:
            self._house.clock.callLater(0, self._leave_sessions, sessions)

    def abort(self) -> None:
        """Drop the connections that are left; messages past their final dot are still stored."""
        for session in list(self._sessions):
            session.abort()


class TurnedAway(Protocol):
    """A connection that hears one reply and is closed, as cheaply as can be."""

    transport: IConnection

    def __init__(self, reply: Reply, clock: IReactorTime) -> None:
        self._reply = reply
        self._clock = clock
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Say the reply and hang up."""
        self._deadline = self._clock.callLater(CLOSE_TIME, self.transport.abortConnection)
        # At once where that can be: a server that stops has no further turn for it.
        door = outbox(self.transport, self)
        door.send(self._reply.octets)
        door.end()
        self.transport.loseConnection()

    def unsent_changed(self) -> None:
        """Wait for the deadline, if for anything."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Need no deadline any more."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
