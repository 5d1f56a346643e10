"""A delivery for tests: it remembers what it was asked, and answers as planned, now or later."""

# ruff: noqa: ANN401 -- an answer may be anything, and so may a plan

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from zope.interface import implementer

from gomail.address import Path
from gomail.envelope import Client, Envelope, MailParameters
from gomail.interfaces import IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import STORED, Refused, Reply

MANNERS = ("now", "ready", "deferred", "coroutine")


@implementer(IMessageDelivery, IMessageDeliveryFactory)
class Desk:
    """
    Takes every message, unless a plan says otherwise.

    Args:
        clock: by which late answers come.
        manner: how it answers: a value ``now``, a coroutine that is ``ready``, a ``deferred`` that
            fires in the next turn, or a ``coroutine`` that ends in the next turn.

    Attributes:
        plans: what is done instead of the usual, by the name of the question: ``greeted``,
            ``mail``, ``rcpt``, ``rcpt <bob@here.example>``, ``data``, ``octets``, ``eom``,
            ``lost``, ``ended``.
        told: the names of the questions, as they came.
        stored: the messages that were taken.
        messages: all that were begun.
        clients: what was known of the client at each greeting.
    """

    def __init__(self, clock: Clock, manner: str = "now") -> None:
        self.clock = clock
        self.manner = manner
        self.plans: dict[str, Callable[..., Any]] = {}
        self.told: list[str] = []
        self.stored: list[tuple[Envelope, bytes]] = []
        self.messages: list[Parcel] = []
        self.clients: list[Client] = []
        self.parameters: list[MailParameters] = []

    def ask(self, name: str, *arguments: object, otherwise: Callable[[], Any]) -> Any:
        """Do as planned for the question *name*, or *otherwise*, in the manner that is set."""
        self.told.append(name.partition(" ")[0])
        plan = self.plans.get(name) or self.plans.get(name.partition(" ")[0])
        if plan is None:
            answer = otherwise
        else:

            def answer() -> Any:
                return plan(*arguments)

        if self.manner == "now":
            return answer()
        if self.manner == "deferred":
            return deferLater(self.clock, 0, answer)
        return self._later(answer)

    async def _later(self, answer: Callable[[], Any]) -> Any:
        if self.manner == "coroutine":
            await deferLater(self.clock, 0, lambda: None)
        return answer()

    def deliveryFor(self, client: Client) -> "Desk":
        """Serve all sessions."""
        return self

    def greeted(self, client: Client) -> Any:
        """Remember the client."""
        self.clients.append(client)
        return self.ask("greeted", client, otherwise=lambda: None)

    def validateFrom(self, client: Client, reversePath: Path, parameters: MailParameters) -> Any:
        """Welcome everybody."""
        self.parameters.append(parameters)
        return self.ask("mail", reversePath, otherwise=lambda: None)

    def validateTo(self, forwardPath: Path) -> Any:
        """Know everybody."""
        return self.ask(f"rcpt {forwardPath}", forwardPath, otherwise=lambda: None)

    def messageStarted(self, envelope: Envelope) -> Any:
        """Begin a message."""
        return self.ask("data", envelope, otherwise=lambda: Parcel(self, envelope))

    def transactionEnded(self) -> None:
        """Remember that it ended."""
        self.told.append("ended")
        self.plans.get("ended", lambda: None)()


@implementer(IMessage)
class Parcel:
    """One message at the desk."""

    def __init__(self, desk: Desk, envelope: Envelope) -> None:
        self.desk = desk
        self.envelope = envelope
        self.content = b""
        self.end = ""
        desk.messages.append(self)

    def octetsReceived(self, octets: bytes) -> Any:
        """Keep the octets."""
        assert octets
        assert not self.end

        def keep() -> None:
            self.content += octets

        return self.desk.ask("octets", octets, otherwise=keep)

    def eomReceived(self) -> Any:
        """Store the message."""
        assert not self.end
        self.end = "eom"
        return self.desk.ask("eom", otherwise=self.store)

    def store(self) -> Reply:
        """Store the message, whatever the plans say."""
        self.desk.stored.append((self.envelope, self.content))
        return STORED

    def connectionLost(self) -> None:
        """Throw the message away: once, and never when it was whole."""
        assert not self.end
        self.end = "lost"
        self.desk.told.append("lost")
        self.desk.plans.get("lost", lambda: None)()


def late(desk: Desk, name: str) -> list[Deferred[Any]]:
    """Let the question *name* be answered by the Deferreds that this list gets."""
    asked: list[Deferred[Any]] = []

    def plan(*_: object) -> Deferred[Any]:
        asked.append(Deferred())
        return asked[-1]

    desk.plans[name] = plan
    return asked


def raising(error: Exception) -> Callable[..., None]:
    """Give a plan that raises *error*."""

    def plan(*_: object) -> None:
        raise error

    return plan


def refuse(reply: Reply) -> Callable[..., None]:
    """Give a plan that refuses."""
    return raising(Refused(reply))
