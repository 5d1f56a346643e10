"""
twistd with gomail: as it is, without storage, or without fsync.

``python -m bench.serving.gomail_server plain|null|unsynced [twistd's options] gomail [options]``.
What is replaced is replaced before anything starts, and only for a measurement: nothing that is
installed has a switch for it.
"""

import sys
import time

from twisted.scripts.twistd import run
from zope.interface import implementer

import gomail.compose
import gomail.delivery.maildir
from gomail.envelope import Envelope
from gomail.events import Copy, MessageStored, tell
from gomail.interfaces import IMessage, IMessageDeliveryFactory
from gomail.message import trace
from gomail.message.headers import HeaderBlock
from gomail.message.lines import LineEnds
from gomail.reception import Office, Reception
from gomail.reply import Reply

_NOBODY = (Copy("nobody", "/dev/null"),)


@implementer(IMessage)
class Dropped:
    """A message that is read, checked and logged as any other, and not kept."""

    def __init__(self, office: Office, envelope: Envelope) -> None:
        self._office = office
        self._envelope = envelope
        self._header = HeaderBlock(office.limits)
        self._lines = LineEnds()
        self._size = 0

    def octetsReceived(self, octets: bytes) -> None:
        self._take(self._lines.convert(octets))

    def connectionLost(self) -> None:
        pass

    def eomReceived(self) -> Reply:
        self._take(self._lines.end())
        self._header.end()
        above = trace.return_path(self._envelope.reverse_path)
        below = trace.received(self._envelope, self._office.hostname, time.time())
        size = self._size + len(above) + len(below)
        tell(self._office.listeners, MessageStored(self._envelope, _NOBODY, size, 0.0))
        return Reply(250, "0.0", "stored as nothing")

    def _take(self, octets: bytes) -> None:
        self._header.take(octets)
        self._size += len(octets)


class NullReception(Reception):
    """A reception that asks about sender and recipients what the real one asks."""

    __slots__ = ("_for_dropped",)

    def __init__(self, office: Office, *, refuse_bare_newlines: bool) -> None:
        super().__init__(office, refuse_bare_newlines=refuse_bare_newlines)
        self._for_dropped = office

    def messageStarted(self, envelope: Envelope) -> Dropped:  # type: ignore[override]  # none is kept
        return Dropped(self._for_dropped, envelope)


@implementer(IMessageDeliveryFactory)
class NullReceptions:
    """Gives each session one that keeps nothing."""

    def __init__(self, office: Office, *, refuse_bare_newlines: bool = False) -> None:
        self._office = office
        self._refuse_bare_newlines = refuse_bare_newlines

    def deliveryFor(self, client: object) -> NullReception:
        return NullReception(self._office, refuse_bare_newlines=self._refuse_bare_newlines)


def keep_nothing() -> None:
    """Have every server of this process drop content."""
    setattr(gomail.compose, "Receptions", NullReceptions)  # noqa: B010 -- to mypy it is a type


def sync_nothing() -> None:
    """Have fsync succeed at once; write-back is still started, as it is with Debian's eatmydata."""
    if not callable(gomail.delivery.maildir.flush):
        raise SystemExit("gomail.delivery.maildir.flush is not what makes files durable any more")
    gomail.delivery.maildir.flush = lambda fd: None  # noqa: ARG005


WAYS = {"plain": lambda: None, "null": keep_nothing, "unsynced": sync_nothing}


if __name__ == "__main__":
    WAYS[sys.argv.pop(1)]()
    sys.argv[0] = "twistd"
    run()
