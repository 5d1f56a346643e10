"""
A delivery that keeps every message in memory.

It is for tests of what sends mail, and the plainest example of an `IMessageDelivery`. A message is
recorded when its end has come, never before; one whose client leaves is forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from zope.interface import implementer

from gomail.address import Path
from gomail.envelope import Client, Envelope, MailParameters
from gomail.interfaces import IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import STORED, Refused, Reply


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message that came: its envelope, and its content as the client sent it."""

    envelope: Envelope
    content: bytes


@implementer(IMessageDeliveryFactory)
class Recorder:
    """
    Gives every session a delivery that records.

    Args:
        refusals: the reply for a forward-path that is not welcome, by its address.

    Attributes:
        messages: what came, the oldest first.
    """

    def __init__(self, refusals: Mapping[str, Reply] | None = None) -> None:
        self.messages: list[Recorded] = []
        self.refusals = dict(refusals or {})

    def deliveryFor(self, client: Client) -> "RecordingDelivery":
        """Give the delivery of a new session."""
        return RecordingDelivery(self)


@implementer(IMessageDelivery)
class RecordingDelivery:
    """Welcomes everybody, but for the refused recipients."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def greeted(self, client: Client) -> None:
        """Welcome every client."""

    def validateFrom(self, client: Client, reversePath: Path, parameters: MailParameters) -> None:
        """Welcome every sender."""

    def validateTo(self, forwardPath: Path) -> None:
        """Welcome every recipient that the recorder does not refuse."""
        reply = self._recorder.refusals.get(str(forwardPath.address))
        if reply is not None:
            raise Refused(reply)

    def messageStarted(self, envelope: Envelope) -> "Recording":
        """Begin to record."""
        return Recording(self._recorder, envelope)

    def transactionEnded(self) -> None:
        """Have nothing to forget."""


@implementer(IMessage)
class Recording:
    """One message that is coming."""

    def __init__(self, recorder: Recorder, envelope: Envelope) -> None:
        self._recorder = recorder
        self._envelope = envelope
        self._pieces: list[bytes] = []

    def octetsReceived(self, octets: bytes) -> None:
        """Keep the octets."""
        self._pieces.append(octets)

    def eomReceived(self) -> Reply:
        """Record the message."""
        content = b"".join(self._pieces)
        self._recorder.messages.append(Recorded(self._envelope, content))
        return STORED

    def connectionLost(self) -> None:
        """Forget the octets."""
        self._pieces.clear()
