"""
Whose context a handshake gets, and how that changes while the server runs.

The files are read every `LOOK_TIME` seconds, off the reactor. What is new is put in force as a
whole, by one attribute; sessions under way keep what they began with. What does not fit together is
told once it has stood there for two looks, since a renewal writes two files.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import ParamSpec, Protocol, TypeVar

from OpenSSL import SSL
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import (
    IDelayedCall,
    IOpenSSLServerConnectionCreator,
    IReactorTime,
)
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from gomail.certificates.expiry import Expiry
from gomail.certificates.own import is_due
from gomail.certificates.served import Doubt, Served, newer, serve
from gomail.certificates.wanted import Files, Wanted
from gomail.events import CertificateChanged, Event, Listeners, Trouble, tell

LOOK_TIME = 2.0  # seconds between two looks
STOP_TIME = 5.0  # seconds for the last one
CHANGE_TIME = 30.0  # seconds for which a reload waits; the next one stands behind it

P = ParamSpec("P")
T = TypeVar("T")
_log = Logger()


class OffReactor(Protocol):
    """Runs a function that blocks where it holds up nobody, and gives what it returns."""

    def __call__(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Run it."""


def world_time() -> datetime:
    """Give the time that certificates go by."""
    return datetime.now(UTC)


@implementer(IOpenSSLServerConnectionCreator)
class Keeper(Service):
    """
    Gives each handshake a connection of the context in force, and puts newer ones in force.

    Args:
        served: what is in force at first.
        wanted: where it came from.
        clock: the reactor.
        off_reactor: runs what blocks.
        listeners: who is told of changes and troubles.
        doubt: what is known, and was said, to be wrong with the files from now on.
        now: gives the time of the world.

    Attributes:
        changed: called with what is put in force.
    """

    changed: Callable[[Served], None]

    def __init__(  # noqa: PLR0913 -- the parts of it
        self,
        served: Served,
        wanted: Wanted,
        clock: IReactorTime,
        off_reactor: OffReactor,
        *,
        listeners: Listeners = (),
        doubt: Doubt | None = None,
        now: Callable[[], datetime] = world_time,
    ) -> None:
        self.served = served
        self._wanted = wanted
        self._clock = clock
        self._off_reactor = off_reactor
        self._listeners = listeners
        self._seen = self._told = doubt
        self._now = now
        self._expiry = Expiry()
        self._next: IDelayedCall | None = None
        self._turn = DeferredLock()
        self.changed = lambda _: None

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Begin a handshake by what is in force at this moment."""
        return SSL.Connection(self.served.context, None)

    def startService(self) -> None:
        """Look from now on."""
        super().startService()
        self._next = self._clock.callLater(0, self._look_on)

    def stopService(self) -> Deferred[None]:
        """Look no more; a look that is under way comes to its end, unless the disk hangs."""
        super().stopService()
        if self._next is not None and self._next.active():
            self._next.cancel()
        over = self._turn.run(lambda: None)
        return over.addTimeout(STOP_TIME, self._clock, lambda _, __: None)

    def change(self, files: tuple[Files, ...], *, session_tickets: bool) -> Deferred[None]:
        """
        Read again, or other files from now on; what can't be is told, and changes nothing.

        So is a disk that does not answer in time: the files are read when it does.
        """

        def change() -> Deferred[None]:
            wanted = replace(self._wanted, files=files, session_tickets=session_tickets)
            return Deferred.fromCoroutine(self._change(wanted))

        done: Deferred[None] = Deferred()
        self._turn.run(change).addCallbacks(done.callback, done.errback)
        return done.addTimeout(CHANGE_TIME, self._clock, self._tell_silence)

    def _tell_silence(self, *_: object) -> None:
        """Tell that nothing could be read yet."""
        names = ", ".join(self.served.pairs[0].names)
        why = f"nothing could be read within {CHANGE_TIME:.0f} s; it will be, as soon as it can"
        self._tell(Trouble(f"the certificate of {names} stays in force: {why}"))

    def _look_on(self) -> None:
        """Look, and look again later."""
        looked = self._turn.run(lambda: Deferred.fromCoroutine(self._look()))
        looked.addBoth(lambda _: self._look_later())

    def _look_later(self) -> None:
        """Look again, unless all is over."""
        if self.running:
            self._next = self._clock.callLater(LOOK_TIME, self._look_on)

    async def _look(self) -> None:
        """See what is new, and what comes to its end."""
        try:
            doubt = await self._put_newer_in_force()
            # A renewal writes two files, and we may have come in between.
            if doubt is not None and doubt == self._seen != self._told:
                self._tell_doubt(doubt)
            self._seen = doubt
            self._tell_ends()
        except Exception:  # noqa: BLE001 -- it is logged, and what is in force stays
            _log.failure("the certificates can't be looked at")

    async def _put_newer_in_force(self, *, anything: bool = False) -> Doubt | None:
        """Look at the files, or whether the self-signed pair is due; give what can't be."""
        wanted = self._wanted
        if wanted.files:
            known = b"" if anything else self.served.digest
            found = await self._off_reactor(newer, wanted, known)
            if isinstance(found, Doubt):
                return found
            if found is not None:
                self._put_in_force(found)
        elif anything or is_due(self.served.pairs[0], wanted.hostname, self._now()):
            self._put_in_force(await self._off_reactor(serve, wanted, self._now()))
        self._told = None
        return None

    async def _change(self, wanted: Wanted) -> None:
        """Do so; whoever asked for it hears of what can't be at once."""
        other, self._wanted = wanted != self._wanted, wanted
        self._seen = await self._put_newer_in_force(anything=other)
        if self._seen is not None:
            self._tell_doubt(self._seen)

    def _put_in_force(self, served: Served) -> None:
        """Let new handshakes have it, and tell so."""
        self.served = served
        self.changed(served)
        for pair in served.pairs:
            self._tell(CertificateChanged(pair.names, pair.ends, pair.serial))
        if served.note:
            self._tell(Trouble(served.note))

    def _tell_doubt(self, doubt: Doubt) -> None:
        """Tell why what is in force stays."""
        self._told = doubt
        names = ", ".join(self.served.pairs[0].names)
        self._tell(Trouble(f"the certificate of {names} stays in force: {doubt.why}"))

    def _tell_ends(self) -> None:
        """Tell which certificates end soon; where no newer one can be had, why."""
        also = f"; {self._told.why}" if self._told else ""
        for pair in self.served.pairs:
            for warning in self._expiry.due(pair, self._now()):
                self._tell(Trouble(warning + also))

    def _tell(self, event: Event) -> None:
        """Tell the listeners."""
        tell(self._listeners, event)
