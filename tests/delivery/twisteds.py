"""A delivery of Twisted's kind that keeps lines, and fails where a user's name says so."""

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.mail import smtp
from zope.interface import implementer

from gomail.reply import Reply
from gomail.testing.wire import Wire

SENDER = "a@client.example"
LETTER = b"Subject: hello\r\n\r\n.dot\r\n"
RECEIVED = [b"Received: from client.example ([192.0.2.1])", b"\tby mx.here.example"]


@implementer(smtp.IMessage)
class Lines:
    """A message of Twisted's kind that keeps its lines, and fails where its user's name says so."""

    def __init__(self, user: str, log: list[Any]) -> None:
        self.user = user
        self.log = log
        self.lines: list[bytes] = []

    def lineReceived(self, line: bytes) -> None:
        """Keep a line."""
        if self.user == "full" and len(self.lines) > 3:
            raise smtp.SMTPServerError(452, "Mailbox full")
        self.lines.append(line)

    def eomReceived(self) -> Any:  # noqa: ANN401 -- as Twisted's, which is untyped
        """Store, or not."""
        if self.user == "broken":
            return fail(RuntimeError("secret"))
        if self.user == "raising":
            raise RuntimeError("secret")
        if self.user == "policy":
            return fail(smtp.SMTPServerError(554, b"5.7.1 Not today"))
        if self.user == "odd":
            return fail(smtp.SMTPServerError(250, "fine"))
        self.log.append((self.user, self.lines))
        return succeed("stored")

    def connectionLost(self) -> None:
        """Throw the lines away."""
        self.log.append((self.user, "lost"))
        if self.user == "clumsy":
            raise RuntimeError("secret")


@implementer(smtp.IMessageDelivery)
class Delivery:
    """A delivery of Twisted's kind."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.origins: list[smtp.Address] = []
        self.helos: list[tuple[bytes, bytes]] = []
        self.answer: Any = None
        self.users: list[smtp.User] = []
        self.start: Any = None

    def receivedHeader(
        self, helo: tuple[bytes, bytes], origin: smtp.Address, recipients: list[smtp.User]
    ) -> bytes | None:
        """Give a field of two lines."""
        if recipients[0].dest.local == b"headless":
            raise RuntimeError("secret")
        if recipients[0].dest.local == b"looping":
            raise smtp.SMTPServerError(554, "Seen before")
        self.helos.append(helo)
        return b"\n".join(RECEIVED) if recipients[0].dest.local != b"bare" else None

    def validateFrom(self, helo: tuple[bytes, bytes], origin: smtp.Address) -> Any:  # noqa: ANN401
        """Refuse spammers."""
        if origin.local == b"spammer":
            raise smtp.SMTPBadSender(origin, resp="Not you")
        self.origins.append(origin)
        return self.answer or origin

    def validateTo(self, user: smtp.User) -> Any:  # noqa: ANN401
        """Welcome everybody but nobody, sooner or later."""
        self.users.append(user)
        name = user.dest.local.decode()
        if name == "nobody":
            raise smtp.SMTPBadRcpt(user)
        if name == "greylisted":
            return fail(smtp.SMTPBadRcpt(user, 450, "Try later"))
        if name == "oops":
            raise RuntimeError("secret")
        if name == "later":
            return succeed(lambda: Lines(str(user), self.log))
        if name == "unready":
            return lambda: (_ for _ in ()).throw(smtp.SMTPServerError(451, "Not ready"))
        return self.start or (lambda: Lines(name, self.log))


def mail(wire: Wire, *names: str, content: bytes = LETTER) -> Reply:
    """Give a message for *names*."""
    return wire.mail(SENDER, [f"{name}@here.example" for name in names], content)


def now(coroutine: Any) -> Any:  # noqa: ANN401
    """Give what a coroutine comes to at once."""
    results: list[Any] = []
    Deferred.fromCoroutine(coroutine).addBoth(results.append)
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0]
