"""
A witness between the dialogue and a delivery: it passes questions on, and looks at the answers.

What does not keep to `gomail.interfaces` becomes a complaint. Faults are injected here, too: a
fault is called before the question is passed on, and may raise, or give something to await before
the answer is.
"""

from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import Interface, implementer
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from gomail.address import Path
from gomail.answers import Answer, after
from gomail.envelope import Client, Envelope, MailParameters
from gomail.interfaces import IFarewell, IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import Reply

Fault = Callable[[], Any]


@implementer(IMessageDeliveryFactory)
class Witness:
    """
    Stands before the deliveries under test.

    Args:
        deliveries: what is under test.
        verdict: called whenever a message was answered with 2xx, at that moment.

    Attributes:
        faults: what is called before a question, by the name of its method.
        complaints: what was wrong.
        welcomed: how many reverse-paths were.
        ended: how many transactions have ended.
        lost: how many messages were given up.
    """

    def __init__(self, deliveries: IMessageDeliveryFactory, verdict: Callable[[], None]) -> None:
        self._deliveries = deliveries
        self.verdict = verdict
        self.faults: dict[str, Fault] = {}
        self.complaints: list[str] = []
        self.welcomed = 0
        self.ended = 0
        self.lost = 0
        self.verify(IMessageDeliveryFactory, deliveries)

    def deliveryFor(self, client: Client) -> "WitnessedDelivery":
        """Give the delivery of a new session, witnessed."""
        delivery = self._deliveries.deliveryFor(client)
        self.verify(IMessageDelivery, delivery)
        return WitnessedDelivery(self, delivery)

    def verify(self, interface: type[Interface], candidate: object) -> None:
        """Complain if *candidate* does not provide *interface*."""
        try:
            verifyObject(interface, candidate)
        except Invalid as error:
            self.complaints.append(str(error))

    def ask(self, name: str, question: Callable[[], Answer[Any]]) -> Answer[Any]:
        """Pass a question on, after the fault injected for it; what that gives is awaited then."""
        fault = self.faults.get(name)
        if fault is None:
            return question()
        awaited = fault()
        return after(question(), lambda answer: after(awaited, lambda _: answer))

    def expect_none(self, name: str) -> Callable[[object], None]:
        """Give what complains about an answer that is not None."""

        def look(answer: object) -> None:
            if answer is not None:
                self.complaints.append(f"{name} answers None or raises Refused, not {answer!r}")

        return look


@implementer(IMessageDelivery, IFarewell)
class WitnessedDelivery:
    """One session's delivery, with a witness."""

    def __init__(self, witness: Witness, delivery: IMessageDelivery) -> None:
        self._witness = witness
        self._delivery = delivery

    def _ask(self, name: str, *arguments: object) -> Answer[None]:
        """Ask what is answered with None."""
        question = getattr(self._delivery, name)
        answer = self._witness.ask(name, lambda: question(*arguments))
        return after(answer, self._witness.expect_none(name))

    def greeted(self, client: Client) -> Answer[None]:
        """Pass it on."""
        return self._ask("greeted", client)

    def validateFrom(
        self, client: Client, reversePath: Path, parameters: MailParameters
    ) -> Answer[None]:
        """Pass it on, and count who is welcome."""

        def welcomed(_: None) -> None:
            self._witness.welcomed += 1

        return after(self._ask("validateFrom", client, reversePath, parameters), welcomed)

    def validateTo(self, forwardPath: Path) -> Answer[None]:
        """Pass it on."""
        return self._ask("validateTo", forwardPath)

    def messageStarted(self, envelope: Envelope) -> Answer[IMessage]:
        """Pass it on, and witness the message."""
        witness, delivery = self._witness, self._delivery

        def started(message: IMessage) -> WitnessedMessage:
            witness.verify(IMessage, message)
            return WitnessedMessage(witness, message, len(envelope.forward_paths))

        return after(
            witness.ask("messageStarted", lambda: delivery.messageStarted(envelope)), started
        )

    def transactionEnded(self) -> None:
        """Pass it on, and count it."""
        self._witness.ended += 1
        try:
            answer = self._delivery.transactionEnded()  # type: ignore[func-returns-value]
        except Exception as error:  # noqa: BLE001 -- the dialogue goes on, and so does the check
            self._witness.complaints.append(f"transactionEnded raised {error!r}")
        else:
            self._witness.expect_none("transactionEnded")(answer)

    def sessionEnded(self) -> None:
        """Pass it on to a delivery that wants to hear it."""
        if not IFarewell.providedBy(self._delivery):
            return
        try:
            answer = self._delivery.sessionEnded()  # type: ignore[func-returns-value]
        except Exception as error:  # noqa: BLE001 -- as in transactionEnded
            self._witness.complaints.append(f"sessionEnded raised {error!r}")
        else:
            self._witness.expect_none("sessionEnded")(answer)


@implementer(IMessage)
class WitnessedMessage:
    """One message, with a witness."""

    def __init__(self, witness: Witness, message: IMessage, recipients: int) -> None:
        self._witness = witness
        self._message = message
        self._recipients = recipients

    def octetsReceived(self, octets: bytes) -> Answer[None]:
        """Pass it on."""
        message, witness = self._message, self._witness
        answer = witness.ask("octetsReceived", lambda: message.octetsReceived(octets))
        return after(answer, witness.expect_none("octetsReceived"))

    def eomReceived(self) -> Answer[Reply | Sequence[Reply]]:
        """Pass it on, and look at the verdict."""
        return self._witness.ask("eomReceived", self._verdict)

    def _verdict(self) -> Answer[Reply | Sequence[Reply]]:
        """Ask for the verdict, and look at it as soon as it falls."""
        judge: Callable[[Any], Any] = self._judge
        return after(self._message.eomReceived(), judge)

    def connectionLost(self) -> None:
        """Pass it on."""
        self._witness.lost += 1
        try:
            self._message.connectionLost()
        except Exception as error:  # noqa: BLE001 -- as in transactionEnded
            self._witness.complaints.append(f"connectionLost raised {error!r}")

    def _judge(self, verdict: Reply | Sequence[Reply]) -> Reply | Sequence[Reply]:
        """Complain about a verdict that is none; see what is stored where it is 2xx."""
        complaints = self._witness.complaints
        replies: Any = [verdict] if isinstance(verdict, Reply) else verdict
        if not isinstance(replies, Sequence) or not all(
            isinstance(each, Reply) for each in replies
        ):
            complaints.append(f"eomReceived answers a Reply, or one for each path, not {verdict!r}")
            return verdict
        if replies is verdict and len(replies) != self._recipients:
            complaints.append(f"{len(replies)} replies for {self._recipients} forward-paths")
        for reply in replies:
            if reply.code // 100 not in {2, 4, 5} or reply.code == 421:
                complaints.append(f"{reply.code} is no reply to a message")
        if replies and all(reply.positive for reply in replies):
            self._witness.verdict()
        return verdict
