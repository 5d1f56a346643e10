"""
The server as a Twisted service: it listens while it runs, and leaves without losing anything.

Stopping takes at most `STOP_TIME`: the ports are closed, idle sessions hear 421, content under way
may come to its end, and what is past its final dot is stored in any case but one: a hanging disk.
"""

import socket
from collections.abc import Callable, Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import deferLater

from gomail.server.accepting import AcceptingPort
from gomail.server.ports import Port
from gomail.server.proxy.factory import ProxiedFactory
from gomail.server.reactor import Reactor
from gomail.server.sockets import PortError
from gomail.server.tcp import TCPPort
from gomail.server.unix import UnixPort
from gomail.smtp.factory import SMTPFactory

Door = SMTPFactory | ProxiedFactory

RETIRE_TIME = 30.0  # seconds for sessions to end by themselves, where somebody else has the ports
RETIRE_LOOK = 0.1  # seconds from one look at whether they have to the next
DRAIN_TIME = 30.0  # seconds for content that is under way
STOP_TIME = 34.0  # seconds until the service counts as stopped, come what may


class Listening(Service):
    """
    Listens on ports, each with its factory.

    Args:
        reactor: the one that runs; it listens and keeps the time.
        ports: bound where they could be, with what makes the sessions of each.
        finish: called when the last session has ended; its Deferred says that all is on disk.
        abandon: called when that takes too long.
    """

    def __init__(
        self,
        reactor: Reactor,
        ports: Sequence[tuple[Port, Door]],
        finish: Callable[[], Deferred[None]],
        abandon: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._ports = ports
        self._finish = finish
        self._abandon = abandon
        self._listening: list[IListeningPort] = []
        self._taking: list[tuple[str, AcceptingPort]] = []
        self._begun = False

    def privilegedStartService(self) -> None:
        """
        Begin to listen, before the rights are dropped.

        Raises:
            PortError: Twisted can't listen on an endpoint; nothing else can go wrong by now.
        """
        super().privilegedStartService()
        self._begun = True
        for port, factory in self._ports:
            self._listen(port, factory)

    def startService(self) -> None:
        """Begin to listen, unless that was begun while there were rights to be dropped."""
        super().startService()
        if not self._begun:
            self.privilegedStartService()

    def _listen(self, port: Port, factory: Door) -> None:
        """Listen on one port: on the socket that was bound, or as Twisted's endpoint does it."""
        taking = take_from(port, self._reactor, factory, shared=port.shared)
        if taking is not None:
            taking.startListening()
            self._listening.append(taking)
            self._taking.append((port.endpoint, taking))
        elif port.twisted is not None:
            failures: list[BaseException] = []
            port.twisted.listen(factory).addCallbacks(
                self._listening.append, lambda failure: failures.append(failure.value)
            )
            if failures:
                msg = f"{port.endpoint}: {failures[0]}"
                raise PortError(msg)

    @property
    def connections(self) -> dict[str, int]:
        """How many connections were taken, by the endpoint; of those that Twisted takes, none."""
        counts: dict[str, int] = {}
        for endpoint, taking in self._taking:
            counts[endpoint] = counts.get(endpoint, 0) + taking.taken
        return counts

    async def retire(self) -> None:
        """
        Close the ports, and wait until the sessions have ended by themselves, or `RETIRE_TIME`.

        Somebody else has the ports by now, so there is no hurry. The service is stopped afterwards.
        """
        await self._close()
        end = self._reactor.seconds() + RETIRE_TIME
        while any(door.sessions for _, door in self._ports) and self._reactor.seconds() < end:
            await deferLater(self._reactor, RETIRE_LOOK)

    async def _close(self) -> None:
        """Close the ports."""
        ports, self._listening = self._listening, []
        await DeferredList([_closed(port) for port in ports])

    async def _leave(self) -> None:
        """Close the ports, let the sessions end, and wait for the disk."""
        await self._close()
        factories = [factory for _, factory in self._ports]
        left = DeferredList([factory.leave() for factory in factories])
        patience = self._reactor.callLater(DRAIN_TIME, _abort, factories)
        await left
        if patience.active():
            patience.cancel()
        await self._finish()

    def stopService(self) -> Deferred[None]:
        """Leave; after `STOP_TIME` whatever still hangs is left behind."""
        super().stopService()
        done: Deferred[None] = Deferred()
        limit = self._reactor.callLater(STOP_TIME, self._give_up, done)

        def left(_: object) -> None:
            if limit.active():
                limit.cancel()
                done.callback(None)

        Deferred.fromCoroutine(self._leave()).addBoth(left)
        return done

    def _give_up(self, done: Deferred[None]) -> None:
        """Wait no longer."""
        self._abandon()
        done.callback(None)


def take_from(
    port: Port, reactor: Reactor, factory: ServerFactory, *, shared: bool
) -> AcceptingPort | None:
    """
    Make what takes the connections of a socket that is bound; None where Twisted is to bind it.

    The other arguments are those of `AcceptingPort`.
    """
    if port.socket is None:
        return None
    if port.socket.family == socket.AF_UNIX:
        return UnixPort(reactor, port.socket, factory, remove=not port.passed, shared=shared)
    return TCPPort(reactor, port.socket, factory, shared=shared)


def _abort(factories: Sequence[Door]) -> None:
    """Drop the connections that are left."""
    for factory in factories:
        factory.abort()


def _closed(port: IListeningPort) -> Deferred[None]:
    """Stop listening on a port."""
    done: Deferred[None] = Deferred()
    stopped = port.stopListening()
    if stopped is None:
        done.callback(None)
        return done
    return stopped
