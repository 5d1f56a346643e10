"""
The seam between the dialogue and everything behind it: what a delivery of one's own provides.

In the style of ``twisted.mail.smtp.IMessageDelivery``, with octets instead of lines. What is an
`Answer` here may be a value, a Deferred or a coroutine, and `gomail.reply.Refused` may be raised to
refuse. Any other exception is a fault, and so is an answer that the method doesn't have, such as a
refusal that is given instead of raised: it is answered 451 and logged, with the method and what was
expected of it, and never told to the peer.

`gomail.reception.Reception` is the one that ships, `gomail.delivery.twisted_mail` adapts Twisted's
own interface, and `gomail.testing` has a conformance kit.
"""

from collections.abc import Sequence

from zope.interface import Interface

from gomail.address import Path
from gomail.answers import Answer
from gomail.envelope import Client, Envelope, MailParameters
from gomail.reply import Reply


class IMessageDeliveryFactory(Interface):
    """Gives each session a delivery of its own."""

    def deliveryFor(client: Client) -> "IMessageDelivery":  # noqa: N805
        """
        Give the delivery for the session of *client*, who has said nothing yet; it is not awaited.

        Raises:
            Refused: the client hears that instead of a banner, and the connection is closed.
        """


class IMessageDelivery(Interface):
    """Decides, for one session, what mail is welcome, and takes it."""

    def greeted(client: Client) -> Answer[None]:  # noqa: N805
        """
        Learn more of the client.

        Called after connecting (*client* has no name yet), after each HELO and EHLO, and after
        STARTTLS, when the client has no name any more: nothing that it said in plaintext counts
        (RFC 3207 §4.2).

        Raises:
            Refused: the greeting, or HELO or EHLO, is answered so; after connecting, and after
                STARTTLS, the session ends.
        """

    def validateFrom(
        client: Client,  # noqa: N805
        reversePath: Path,
        parameters: MailParameters,
    ) -> Answer[None]:
        """Welcome a reverse-path (it may be the null one), or raise Refused."""

    def validateTo(
        forwardPath: Path,  # noqa: N805
    ) -> Answer[None]:
        """Welcome a forward-path, or raise Refused for this recipient alone."""

    def messageStarted(envelope: Envelope) -> "Answer[IMessage]":  # noqa: N805
        """
        Get ready for the content for *envelope*, whose forward-paths were all welcomed.

        Raises:
            Refused: DATA is answered so, and no content follows.
        """

    def transactionEnded() -> None:
        """Forget the transaction: called once for each welcomed reverse-path, however it ended."""


class IFarewell(Interface):
    """What a delivery provides besides that wants to hear when its session is over."""

    def sessionEnded() -> None:
        """Let go of what was kept for the session: called once, behind everything else."""


class IMessage(Interface):
    """Takes the content of one message."""

    def octetsReceived(octets: bytes) -> Answer[None]:  # noqa: N805
        """
        Take the next octets of the content: dots unstuffed, line ends CRLF, else as they were sent.

        While an answer is awaited nothing more is read. Refused fixes the verdict: the rest of the
        content is swallowed and the refusal is the reply after its true end.
        """

    def eomReceived() -> Answer[Reply | Sequence[Reply]]:
        """
        Take the message as a whole; give the reply, or one for each forward-path in their order.

        What is raised ends the message, too: no connectionLost follows.

        250 means stored for good, 4yz and 5yz that nothing is; there are no others (RFC 5321
        §4.3.2). Several are folded into the one that SMTP has room for: all 250, the first; nothing
        stored, the first 4xx, else the first 5xx; some stored and some not, 451.
        """

    def connectionLost() -> None:
        """
        Throw away what came: the end of the message won't come.

        Called once, perhaps while an answer of octetsReceived is awaited, and never after
        eomReceived. It is not awaited.
        """
