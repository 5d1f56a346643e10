"""A worker's line to its parent: strangers are asked about, and its end is the worker's."""

import os
from collections.abc import Callable
from typing import Any, cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IDelayedCall, IPushProducer, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.logger import Logger
from twisted.python.failure import Failure

from gomail.answers import Answer
from gomail.envelope import Client
from gomail.frames import Frames, framed
from gomail.limits import Limits
from gomail.reply import TOO_BUSY, TOO_MANY_FROM_ADDRESS, TOO_MANY_FROM_NETWORK, Refused
from gomail.server.reactor import Reactor
from gomail.server.workers import words
from gomail.server.workers.census import ADDRESS, NETWORK
from gomail.smtp.admission import Admission

LOOK = 0.5  # seconds from one look at whether an heir is there to the next
_REPLIES = {ADDRESS: TOO_MANY_FROM_ADDRESS, NETWORK: TOO_MANY_FROM_NETWORK}
_log = Logger()


class Parent(Service):
    """
    The parent, as its worker sees it; it comes after all other services.

    Attributes:
        report: gives the sessions that are open, the health and the counts, as plain values.
        change: has other settings be in force; its Deferred gives None, or why they are not.
        orphaned: called when the parent is no more.
        others: what is done at other words, and with what is said behind them.
        begun: called when it can be told something.
    """

    report: Callable[[], tuple[int, object, object]]
    change: Callable[[str], Deferred[str | None]]
    orphaned: Callable[[], None]
    begun: Callable[[], None]

    def __init__(self, reactor: Reactor) -> None:
        """Say nothing yet."""
        self._reactor = reactor
        self._line: _Line | None = None
        self._number = 0
        self._orphaned: IDelayedCall | None = None
        self._heir = False  # whether another parent comes
        self._process = os.getppid()  # which stays the same, whatever program it becomes
        self._asked: dict[int, Deferred[None]] = {}
        self.admission: SharedAdmission | None = None
        self.others: dict[str, Callable[..., None]] = {}
        self.begun = lambda: None

    def shared_admission(self, limits: Limits) -> "SharedAdmission":
        """Make the admission of this worker."""
        self.admission = SharedAdmission(limits, self)
        return self.admission

    def startService(self) -> None:
        """Say that we serve, once the reactor runs: all ports are listened on by then."""
        super().startService()
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        """Take up the line."""
        self._line = _Line(self)
        open_line: Any = StandardIO  # to mypy it is the one of Windows
        open_line(self._line, stdin=words.ORDERS, stdout=words.ANSWERS, reactor=self._reactor)
        self.say(words.READY)
        self.begun()

    def say(self, *said: Any) -> None:  # noqa: ANN401 -- whatever can be marshalled
        """Say something, unless the parent is no more."""
        if self._line is not None:
            self._line.say(said)

    def produce(self, producer: IPushProducer) -> None:
        """Have a producer know when the parent does not listen as fast as we say."""
        if self._line is not None:
            cast("IConsumer", self._line.transport).registerProducer(producer, True)

    def release(self) -> None:
        """Have no producer any more."""
        if self._line is not None:
            cast("IConsumer", self._line.transport).unregisterProducer()

    def ask(self, address: str) -> Deferred[None]:
        """
        Ask whether a stranger may stay; the Deferred fails with Refused where not.

        Where nobody waits for the answer any more, and it is yes, the stranger counts as gone.
        """
        self._number += 1
        done: Deferred[None] = Deferred()
        if self._line is None and self._heir:
            done.callback(None)  # for a moment nobody counts
        elif self._line is None:
            done.errback(Failure(Refused(TOO_BUSY, "the parent is no more")))
        else:
            self._asked[self._number] = done
            self.say(words.ASK, self._number, address)
        return done

    def heard(self, word: str, *about: Any) -> None:  # noqa: ANN401 -- as it was said
        """Do what the parent says."""
        if word == words.PERMIT:
            self._permit(*about)
        elif word == words.PULSE:
            self._heir = False  # it has stayed
            if self.admission is not None:
                self.admission.count_elsewhere(*about)
            self.say(words.PULSE, *self.report())
        elif word == words.HEIR:
            self._heir = True
            self.say(words.HEIR)
        elif word == words.CHANGE:
            self.change(*about).addCallback(lambda error: self.say(words.CHANGED, error))
        elif word in self.others:
            self.others[word](*about)
        else:
            _log.error("the parent says {word}, which no worker knows", word=word)

    def _permit(self, number: int, too_much: str | None) -> None:
        """Tell who has asked."""
        done = self._asked.pop(number)
        if too_much is None:
            done.callback(None)
        else:
            done.errback(Failure(Refused(_REPLIES[too_much], "counted over all workers")))

    def lost(self) -> None:
        """Learn that the parent is no more; whoever is inside may end what is under way."""
        self._line = None
        asked, self._asked = self._asked, {}
        for done in asked.values():
            if self._heir:
                done.callback(None)
            else:
                done.errback(Failure(Refused(TOO_BUSY, "the parent is no more")))
        self._look()

    def _look(self) -> None:
        """See that an heir is there, who will end us; where there is none, leave."""
        if not self.running:
            return
        there = self._heir and os.getppid() == self._process
        wait, work = (LOOK, self._look) if there else (0, self.orphaned)
        self._orphaned = self._reactor.callLater(wait, work)

    def stopService(self) -> None:
        """Stop, for whatever reason."""
        super().stopService()
        if self._orphaned is not None and self._orphaned.active():
            self._orphaned.cancel()


class _Line(Protocol):
    """The pipes to the parent."""

    def __init__(self, parent: Parent) -> None:
        self._parent = parent
        self._frames = Frames()

    def say(self, value: object) -> None:
        """Send a value."""
        cast("ITransport", self.transport).write(framed(value))

    def dataReceived(self, data: bytes) -> None:
        """Hear what is complete."""
        for value in self._frames.feed(data):
            self._parent.heard(*cast("tuple[Any, ...]", value))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Learn that the parent is no more."""
        self._parent.lost()


class SharedAdmission(Admission):
    """An admission that asks the parent about strangers, before they are greeted."""

    shared = True

    def __init__(self, limits: Limits, parent: Parent) -> None:
        """Begin with nobody inside."""
        super().__init__(limits)
        self._parent = parent
        self._inside: dict[str, bool] = {}  # strangers by session: whether the parent counts them

    def permit(self, client: Client) -> Answer[None]:
        """
        Ask the parent, once *client* is inside and before the banner.

        Raises:
            Refused: there are too many of its address or network, over all workers.
        """
        if client.trusted or client.address is None:
            return None
        self._inside[client.session_id] = False
        return self._ask(client.session_id, client.address)

    async def _ask(self, session_id: str, address: str) -> None:
        """Ask, and remember; one who has gone meanwhile is gone for the parent, too."""
        done = self._parent.ask(address)
        counted: Deferred[None] = Deferred()

        def permitted(_: None) -> None:
            if session_id in self._inside:
                self._inside[session_id] = True
                counted.callback(None)
            else:
                self._parent.say(words.LEFT, address)

        done.addCallbacks(permitted, counted.errback)
        await counted

    def leave(self, client: Client) -> None:
        """Count *client* as gone."""
        super().leave(client)
        if self._inside.pop(client.session_id, False):
            self._parent.say(words.LEFT, client.address)
