"""
A milter: where it listens, how long it is waited for, and whether it is worth asking just now.

One that can't be connected to, or does not come through the negotiation, is left alone for a while,
so that a dead one costs no time; then a single session tries it, and the others follow if it is
well again. What a message does to a milter is no reason for that: else a sender could send one that
switches a filter off for others.
"""

import errno
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
)
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from gomail.milters.connection import Connection, MilterFailed, MilterRests, NothingLeft
from gomail.milters.options import Options, offer, read_options
from gomail.milters.packets import Nonsense
from gomail.milters.place import Place

REST = 10.0  # seconds for which a milter that can't be reached is left alone
PAUSE = 0.1  # seconds after which one whose queue is full is tried again
_WANT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


@dataclass(frozen=True, slots=True)
class MilterSettings:
    """
    What is set of a milter.

    Attributes:
        place: where it listens; `gomail.milters.place.read_place` reads it.
        connect: seconds in which it has to be connected to, negotiation included.
        command: seconds for a command of the envelope; each progress packet begins them anew.
        content: seconds for the header, for each piece of the body, and for its end, likewise.
        on_failure: what becomes of mail that it should have seen and could not.
    """

    place: Place
    connect: float = 10.0
    command: float = 20.0
    content: float = 100.0
    on_failure: Literal["accept", "defer"] = "accept"


class Milter:
    """
    One milter, as all sessions share it.

    Args:
        settings: of it.
        reactor: with time, and with TCP or unix sockets.
        told: is told, for the log, what went wrong.
    """

    def __init__(
        self,
        settings: MilterSettings,
        reactor: Any,  # noqa: ANN401 -- zope has no type for several interfaces
        told: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.clock: IReactorTime = reactor
        self._endpoint = endpoint_of(settings.place, reactor)
        self._told = told
        self._rests_until = 0.0
        self._ill = False
        self._missed = 0

    def tell(self, what: str) -> None:
        """Tell the log something about this milter."""
        self._told(f"milter {self.settings.place}: {what}")

    def miss(self) -> None:
        """Count a message that is accepted while this milter is left alone."""
        self._missed += 1

    async def connect(self, latest: float) -> tuple[Connection, Options]:
        """
        Connect to it and agree upon the options, until *latest* at the latest.

        Raises:
            MilterFailed: it can't be had, and is left alone for a while.
            NothingLeft: there is no file to connect by; nothing is thought of the milter.
        """
        now = self.clock.seconds()
        if self._ill and now < self._rests_until:
            raise MilterRests("it is left alone, since it could not be reached")
        until = min(latest, now + self.settings.connect)
        self._rests_until = until + REST  # if it is ill, nobody else tries it meanwhile
        try:
            connection = await self._open(until)
            options = await self._agree(connection, until)
        except (CancelledError, ConnectingCancelledError):
            self._rests_until = now  # who waited is gone, which says nothing of the milter
            raise CancelledError from None
        except (ConnectError, OSError, MilterFailed) as error:
            if _number(error) in _WANT:
                self._rests_until = now
                raise NothingLeft(f"there is nothing left to connect by: {_why(error)}") from error
            self._ill = True
            self._rests_until = self.clock.seconds() + REST
            raise MilterFailed(f"it can't be reached: {_why(error)}") from error
        if self._ill:
            self._ill = False
            missed, self._missed = self._missed, 0
            without = f"; {missed} messages were accepted without it meanwhile" if missed else ""
            self.tell(f"it is reached again{without}")
        return connection, options

    async def _open(self, until: float) -> Connection:
        """Connect, as soon as there is room in the queue of a unix socket."""
        while True:
            try:
                return await self._connect(until)
            except ConnectError as error:
                if not _is_full(error):
                    raise
                if self.clock.seconds() + PAUSE >= until:
                    raise MilterFailed("its queue is full") from error
            await deferLater(self.clock, PAUSE)

    async def _connect(self, until: float) -> Connection:
        """Connect, or not."""
        factory = Factory.forProtocol(lambda: Connection(self.clock))
        factory.noisy = False
        connecting: Deferred[Any] = self._endpoint.connect(factory)
        left = max(0.0, until - self.clock.seconds())
        connection: Connection = await connecting.addTimeout(
            left, self.clock, onTimeoutCancel=_too_late
        )
        return connection

    async def _agree(self, connection: Connection, until: float) -> Options:
        """Negotiate."""
        connection.send(offer())
        try:
            return read_options(*await connection.read(until))
        except Nonsense as nonsense:
            connection.fail(str(nonsense))
            raise MilterFailed(f"it sent nonsense: {nonsense}") from nonsense


def _number(error: Exception) -> object:
    """Give the system's number of an error, where Twisted or Python has kept it."""
    return getattr(error, "osError", None) or getattr(error, "errno", None)


def _why(error: Exception) -> str:
    """Say what is wrong: in the system's words where it is its error, without Twisted's."""
    number = _number(error)
    return os.strerror(number) if isinstance(number, int) else str(error)


def _is_full(error: ConnectError) -> bool:
    """
    Tell whether a unix socket's queue is full, as when very many clients come at once.

    The kernel says EAGAIN then; Twisted waits for an end that has come already, and has no number.
    """
    return isinstance(error.args[0], Failure)


def _too_late(_: object, seconds: float) -> NoReturn:
    """Say that it took too long."""
    raise TimeoutError(f"not within {seconds:g} seconds")


def endpoint_of(place: Place, reactor: Any) -> IStreamClientEndpoint:  # noqa: ANN401 -- several
    """Give the endpoint at which a place is reached."""
    if place.path:
        return UNIXClientEndpoint(reactor, place.path)
    try:
        version = ipaddress.ip_address(place.host).version
    except ValueError:
        return HostnameEndpoint(reactor, place.host, place.port)
    kind = TCP6ClientEndpoint if version == 6 else TCP4ClientEndpoint
    return kind(reactor, place.host, place.port)
