"""
The shortest way to a delivery of one's own: a function that is given each message as a whole.

Content is kept in memory until its end, at most the size limit for each client that is sending. Who
wants less than that, or to know of transactions, implements `gomail.interfaces` instead.
"""

from collections.abc import Callable, Sequence

from zope.interface import implementer

from gomail.address import Path
from gomail.answers import Answer
from gomail.envelope import Client, Envelope, MailParameters
from gomail.interfaces import IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import Reply

Store = Callable[[Envelope, bytes], Answer[Reply | Sequence[Reply]]]
Welcome = Callable[[Path], Answer[None]]


def everybody(_: Path) -> None:
    """Welcome every recipient."""


@implementer(IMessageDeliveryFactory, IMessageDelivery)
class WholeMessages:
    """
    Gives each message to a function.

    Args:
        store: is given the envelope and the content, with CRLF; answers with a reply, 250 only when
            the message is stored for good, or with one for each forward-path. It may be async. The
            log knows it as ``eomReceived``.
        welcome: is given each forward-path, and raises Refused for those it doesn't want; it may be
            async, and gives None. The log knows it as ``validateTo``.
    """

    def __init__(self, store: Store, welcome: Welcome = everybody) -> None:
        self._store = store
        self._welcome = welcome

    def deliveryFor(self, client: Client) -> "WholeMessages":
        """Serve all sessions: there is nothing to remember of any."""
        return self

    def greeted(self, client: Client) -> None:
        """Welcome every client."""

    def validateFrom(self, client: Client, reversePath: Path, parameters: MailParameters) -> None:
        """Welcome every sender."""

    def validateTo(self, forwardPath: Path) -> Answer[None]:
        """Ask the function that was given."""
        return self._welcome(forwardPath)

    def messageStarted(self, envelope: Envelope) -> "WholeMessage":
        """Begin to collect content."""
        return WholeMessage(self._store, envelope)

    def transactionEnded(self) -> None:
        """Need nothing."""


@implementer(IMessage)
class WholeMessage:
    """Collects the content of one message."""

    def __init__(self, store: Store, envelope: Envelope) -> None:
        self._store = store
        self._envelope = envelope
        self._content = bytearray()

    def octetsReceived(self, octets: bytes) -> None:
        """Keep the octets."""
        self._content += octets

    def eomReceived(self) -> Answer[Reply | Sequence[Reply]]:
        """Give the message away."""
        return self._store(self._envelope, bytes(self._content))

    def connectionLost(self) -> None:
        """Drop the octets."""
        self._content.clear()
