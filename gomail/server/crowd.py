"""
The sockets of all sessions behind one descriptor of the reactor's.

Twisted's reactor calls each descriptor that is ready by way of the log's context: some 160
bytecodes each time, and four times for a message, of whose 7,600 that would be a twelfth. The
kernel's list of those that are ready (epoll(7)) is a descriptor of its own: the reactor looks at
that, and who is in it is called in a plain loop, for some 30.
"""

import select
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableDescriptor,
    IReactorFDSet,
    IReadDescriptor,
    IWriteDescriptor,
)
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.server.reactor import Reactor

_log = Logger()

_Member: TypeAlias = Any  # an IReadDescriptor, an IWriteDescriptor, or mostly both


def crowd_of(reactor: Reactor) -> Reactor:
    """Give what connections are to have for a reactor: the real one where there is no epoll."""
    return cast("Reactor", Crowd(reactor)) if hasattr(select, "epoll") else reactor


@implementer(IReadDescriptor, IReactorFDSet)
class Crowd:
    """
    Many descriptors as one; to them it is what the reactor is to others.

    It does with them what Twisted's reactors do: an end is told once all that came before it is
    read, and one whose method fails is logged and ended. Beyond that, what waits to be written is
    written before the peer's end is told. There is a list only while there is somebody in it.

    Args:
        reactor: the one that runs.
    """

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._poll: Any = None  # select.epoll, while there are members
        self._members: dict[int, _Member] = {}  # by their number
        self._events: dict[int, int] = {}  # that are waited for

    def callLater(
        self, delay: float, function: Callable[..., object], *arguments: object, **named: object
    ) -> IDelayedCall:
        """Have the reactor do so (IReactorTime): connections are aborted that way."""
        return self._reactor.callLater(delay, function, *arguments, **named)

    def addReader(self, reader: IReadDescriptor) -> None:
        """Call its doRead when there is something to read."""
        self._wait(reader, select.EPOLLIN)

    def addWriter(self, writer: IWriteDescriptor) -> None:
        """Call its doWrite when there is room to write."""
        self._wait(writer, select.EPOLLOUT)

    def removeReader(self, reader: IReadDescriptor) -> None:
        """Call its doRead no more."""
        self._forget(reader, select.EPOLLIN)

    def removeWriter(self, writer: IWriteDescriptor) -> None:
        """Call its doWrite no more."""
        self._forget(writer, select.EPOLLOUT)

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:
        """Call nobody any more, and give those who were called."""
        members = list(self._members.values())
        self._members.clear()
        self._events.clear()
        self._close()
        return members

    def getReaders(self) -> list[IReadDescriptor]:
        """Give those who wait for something to read."""
        return self._waiting(select.EPOLLIN)

    def getWriters(self) -> list[IWriteDescriptor]:
        """Give those who wait for room to write."""
        return self._waiting(select.EPOLLOUT)

    def _waiting(self, event: int) -> list[Any]:
        return [self._members[number] for number, events in self._events.items() if events & event]

    def _wait(self, member: _Member, event: int) -> None:
        """Wait for an *event*, beside what is waited for."""
        number = member.fileno()
        before = self._events.get(number)
        if before is None:
            if self._poll is None:
                self._poll = select.epoll()
                self._reactor.addReader(self)
            self._poll.register(number, event)
            self._members[number] = member
            self._events[number] = event
        elif not before & event:
            self._poll.modify(number, before | event)
            self._events[number] = before | event

    def _forget(self, member: _Member, event: int) -> None:
        """Wait for it no more."""
        number = self._number(member)
        before = self._events.get(number, 0)
        if not before & event:
            return
        is_open = member.fileno() == number  # else the kernel has forgotten it
        if is_open and before != event:
            self._poll.modify(number, before & ~event)
            self._events[number] = before & ~event
            return
        if is_open:
            self._poll.unregister(number)
        del self._events[number], self._members[number]
        if not self._members:
            self._close()

    def _number(self, member: _Member) -> int:
        """Give a member's number, or the one that it had before it was closed."""
        number: int = member.fileno()
        if number < 0:
            return next((at for at, each in self._members.items() if each is member), number)
        return number

    def _close(self) -> None:
        """Have no list."""
        if self._poll is not None:
            self._reactor.removeReader(self)
            self._poll.close()
            self._poll = None

    def doRead(self) -> None:
        """Call everybody who is ready, once."""
        members = self._members
        for number, events in self._poll.poll(0, len(members)):
            member = members.get(number)
            if member is None:  # one before it has ended it
                continue
            if events != select.EPOLLIN:
                self._serve(member, events)
                continue
            try:
                end = member.doRead()
            except BaseException as error:  # noqa: BLE001 -- as in Twisted, it costs one connection
                end = _failed(error)
            if end is not None:
                self._end(member, end, reading=True)

    def _serve(self, member: _Member, events: int) -> None:
        """Call somebody for whom there is more, or something else, than to read."""
        if events & (select.EPOLLHUP | select.EPOLLERR) and not events & select.EPOLLIN:
            reading = bool(self._events[self._number(member)] & select.EPOLLIN)
            self._end(member, CONNECTION_DONE if reading else CONNECTION_LOST, reading=reading)
            return
        end, reading = None, bool(events & select.EPOLLIN)
        try:
            if reading:
                end = member.doRead()
            if events & select.EPOLLOUT:
                if end is None:
                    reading = False
                    end = member.doWrite()
                elif isinstance(end, ConnectionDone):
                    member.doWrite()  # the peer may hear it still: under TLS all replies wait
        except BaseException as error:  # noqa: BLE001 -- as above
            end = _failed(error)
        if end is not None:
            self._end(member, end, reading=reading)

    def _end(self, member: _Member, why: BaseException, *, reading: bool) -> None:
        """Tell somebody of the end, or that the peer sends no more."""
        self.removeReader(member)
        half = reading and isinstance(why, ConnectionDone)
        if half and IHalfCloseableDescriptor.providedBy(member):
            member.readConnectionLost(Failure(why))
            return
        self.removeWriter(member)
        member.connectionLost(Failure(why))

    def connectionLost(self, reason: Failure) -> None:
        """Tell everybody: the reactor ends."""
        for member in self.removeAll():
            member.connectionLost(reason)

    def fileno(self) -> int:
        """Give the list's number."""
        return -1 if self._poll is None else int(self._poll.fileno())

    def logPrefix(self) -> str:
        """Give the name by which the reactor's own troubles are logged."""
        return "sessions"


def _failed(error: BaseException) -> BaseException:
    """Tell of what somebody has raised: it is the end of that connection."""
    _log.failure("a connection is lost", failure=Failure(error))
    return error
