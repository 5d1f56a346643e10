"""
twistd with gomail: as it is, without storage, or without fsync.

``python -m bench.serving.gomail_server plain|null|unsynced [twistd's options] gomail [options]``.
What is replaced is replaced before anything starts, and only for a measurement: nothing that is
installed has a switch for it.
"""

import sys

from twisted.scripts.twistd import run
from zope.interface import implementer

import gomail.delivery.maildir
import gomail.furnishing
from gomail.interfaces import IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import STORED, Reply


@implementer(IMessageDeliveryFactory, IMessageDelivery, IMessage)
class Nothing:
    """A delivery that welcomes everybody, and keeps nothing of what they bring."""

    def __init__(self, office: object, *, refuse_bare_newlines: bool = False) -> None:
        """Need none of that."""

    def deliveryFor(self, client: object) -> "Nothing":
        return self

    def greeted(self, client: object) -> None:
        pass

    def validateFrom(self, client: object, reversePath: object, parameters: object) -> None:
        pass

    def validateTo(self, forwardPath: object) -> None:
        pass

    def messageStarted(self, envelope: object) -> "Nothing":
        return self

    def transactionEnded(self) -> None:
        pass

    def octetsReceived(self, octets: bytes) -> None:
        pass

    def eomReceived(self) -> Reply:
        return STORED

    def connectionLost(self) -> None:
        pass


def keep_nothing() -> None:
    """Have every server of this process drop content."""
    if not callable(getattr(gomail.furnishing, "Receptions", None)):
        raise SystemExit("gomail.furnishing.Receptions is not what sessions ask any more")
    setattr(gomail.furnishing, "Receptions", Nothing)  # noqa: B010 -- to mypy it is a type


def sync_nothing() -> None:
    """Have fsync succeed at once; write-back is still started, as it is with Debian's eatmydata."""
    if not callable(gomail.delivery.maildir.flush):
        raise SystemExit("gomail.delivery.maildir.flush is not what makes files durable any more")
    gomail.delivery.maildir.flush = _swallow


def _swallow(fd: int) -> None:
    """Sync nothing."""
    del fd


WAYS = {"plain": lambda: None, "null": keep_nothing, "unsynced": sync_nothing}


if __name__ == "__main__":
    WAYS[sys.argv.pop(1)]()
    sys.argv[0] = "twistd"
    run()
