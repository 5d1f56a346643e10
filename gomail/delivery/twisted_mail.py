"""
Adapter: any `twisted.mail.smtp.IMessageDelivery` works behind gomail's dialogue.

The only file that imports twisted.mail. It asks as Twisted's own server does, with these
differences: an unknown exception is 451 and never 550; each recipient's outcome counts (they are
folded, see `gomail.interfaces`); and there is no protocol to look at, so that ``user.protocol`` has
a ``host`` and nothing else. What 250 promises is what the delivery behind it does: Twisted's own do
not fsync.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, fail
from twisted.logger import Logger
from twisted.mail import smtp
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.address import Path
from gomail.answers import is_later
from gomail.envelope import Client, Envelope, MailParameters
from gomail.interfaces import IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.limits import MIB
from gomail.reply import CONTENT_LINE_TOO_LONG, LOCAL_ERROR, STORED, UTF8_NOT_TAKEN, Refused, Reply

LONGEST_LINE = MIB  # octets: a line is handed over whole, so it must fit in memory

_STATUS = re.compile(r"([45])\.([0-9]{1,3}\.[0-9]{1,3}) +")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_log = Logger()


@implementer(IMessageDeliveryFactory)
class TwistedDeliveries:
    """
    Puts deliveries of Twisted's kind behind the dialogue.

    Args:
        deliveries: an ``IMessageDelivery`` of twisted.mail's, used for all; or an
            ``IMessageDeliveryFactory`` of twisted.mail's, asked at each MAIL.
        hostname: ours; the domain of ``<postmaster>``.
    """

    def __init__(
        self, deliveries: smtp.IMessageDelivery | smtp.IMessageDeliveryFactory, hostname: str
    ) -> None:
        self._deliveries = deliveries
        self._hostname = hostname.encode("ascii")

    def deliveryFor(self, client: Client) -> "TwistedDelivery":
        """Give the adapter of a new session."""
        return TwistedDelivery(self._next, Seat(self._hostname))

    def _next(self) -> smtp.IMessageDelivery:
        """Give the delivery for the next transaction."""
        deliveries: Any = self._deliveries
        if smtp.IMessageDeliveryFactory.providedBy(deliveries):
            deliveries = deliveries.getMessageDelivery()
        return deliveries  # type: ignore[no-any-return]  # twisted.mail is untyped


@dataclass(frozen=True, slots=True)
class Seat:
    """What stands in for the protocol in `twisted.mail.smtp.User`: our host name, no connection."""

    host: bytes


@implementer(IMessageDelivery)
class TwistedDelivery:
    """
    Asks a delivery of Twisted's for one session.

    Args:
        choose: gives the delivery for a transaction.
        seat: stands in for the protocol.
    """

    def __init__(self, choose: Callable[[], Any], seat: Seat) -> None:
        self._choose = choose
        self._seat = seat
        self._helo = (b"", b"")
        self._delivery: Any = None
        self._origin: smtp.Address | None = None
        self._recipients: list[tuple[smtp.User, Callable[[], Any]]] = []

    def greeted(self, client: Client) -> None:
        """Welcome every client: Twisted's deliveries are not asked."""

    async def validateFrom(
        self, client: Client, reversePath: Path, parameters: MailParameters
    ) -> None:
        """Ask Twisted's validateFrom; the address that it gives is the origin from here on."""
        self._helo = (
            client.helo.encode("ascii", "backslashreplace"),
            (client.address or "unix").encode("ascii"),
        )
        origin = self._address(reversePath)
        self._delivery = self._choose()
        answer = await _asked(lambda: self._delivery.validateFrom(self._helo, origin))
        if answer is not None and not isinstance(answer, smtp.Address):
            raise _unexpected("IMessageDelivery.validateFrom", "the origin", answer)
        self._origin = origin if answer is None else answer

    async def validateTo(self, forwardPath: Path) -> None:
        """Ask Twisted's validateTo; what it gives makes the message later."""
        user = smtp.User(self._address(forwardPath), self._helo, self._seat, self._origin)
        start = await _asked(lambda: self._delivery.validateTo(user))
        if not callable(start):
            raise _unexpected("IMessageDelivery.validateTo", "what makes an IMessage", start)
        self._recipients.append((user, start))

    async def messageStarted(self, envelope: Envelope) -> "TwistedMessage":
        """Start a message for each recipient, with the Received field that the delivery wants."""
        message = TwistedMessage(envelope.id)
        try:
            for user, start in self._recipients:
                message.add(await _asked(start))
                message.begin(self._delivery.receivedHeader(self._helo, self._origin, [user]))
        except BaseException as error:
            message.connectionLost()
            if isinstance(error, smtp.SMTPServerError):
                raise _refused(error) from error
            raise
        return message

    def transactionEnded(self) -> None:
        """Forget who it was for."""
        self._delivery = self._origin = None
        self._recipients = []

    def _address(self, path: Path) -> smtp.Address:
        """
        Make an address of Twisted's; its own parser is passed by, since ours has read the path.

        Raises:
            Refused: 553 5.6.7, Twisted's addresses are ASCII.
        """
        address = smtp.Address(b"")
        if path.address is None:
            return address
        text = str(path.address)
        if not text.isascii():
            raise Refused(UTF8_NOT_TAKEN, "twisted.mail has no place for non-ASCII addresses")
        local_part, _, domain = text.encode("ascii").rpartition(b"@")
        address.local = local_part or domain  # <postmaster> has no @
        address.domain = domain if local_part else self._seat.host
        address.addrstr = str(path).encode("ascii")
        return address


@implementer(IMessage)
class TwistedMessage:
    """
    The messages of Twisted's kind that one content goes to: one for each recipient.

    Args:
        envelope_id: names them in the log; it begins with the session's.
    """

    def __init__(self, envelope_id: str) -> None:
        self._id = envelope_id
        self._messages: list[Any] = []
        self._line = bytearray()  # the one whose end has not come
        self._begun = False

    def add(self, message: Any) -> None:  # noqa: ANN401 -- twisted.mail is untyped
        """Add one recipient's message, which is what validateTo gave makes."""
        if not hasattr(message, "eomReceived"):
            raise _unexpected("IMessageDelivery.validateTo", "what makes an IMessage", message)
        self._messages.append(message)

    def begin(self, received: bytes | None) -> None:
        """Put a Received field on top of the message that was added last."""
        for line in (received or b"").splitlines():
            self._messages[-1].lineReceived(line)

    def octetsReceived(self, octets: bytes) -> None:
        """Hand over all lines that are complete, without their CRLF."""
        line = self._line
        searched = max(0, len(line) - 1)
        line += octets
        end = line.rfind(b"\r\n", searched)
        if end >= 0:
            lines = bytes(line[:end]).split(b"\r\n")
            del line[: end + 2]
            self._hand_over(lines)
        if len(line) > LONGEST_LINE:
            raise Refused(CONTENT_LINE_TOO_LONG)

    async def eomReceived(self) -> Sequence[Reply]:
        """Hand over the end; give one reply for each recipient, when all are known."""
        if self._line:
            try:
                self._hand_over([bytes(self._line)])
            except BaseException:
                self.connectionLost()
                raise
        outcomes = await DeferredList(
            [_ended(message) for message in self._messages], consumeErrors=True
        )
        return [_reply(self._id, success, outcome) for success, outcome in outcomes]

    def connectionLost(self) -> None:
        """Have each message thrown away."""
        for message in self._messages:
            try:
                message.connectionLost()
            except Exception:  # noqa: BLE001 -- the others are thrown away all the same
                _log.failure("a message could not be thrown away [{id}]", id=self._id)

    def _hand_over(self, lines: Sequence[bytes]) -> None:
        """Hand lines to each message; what refuses one refuses the whole content."""
        if not self._begun:
            self._begun = True
            if lines[0] and b":" not in lines[0]:
                lines = [b"", *lines]  # content without a header, as Twisted's own server does it
        try:
            for message in self._messages:
                for line in lines:
                    message.lineReceived(line)
        except smtp.SMTPServerError as error:
            raise _refused(error) from error


async def _asked(question: Callable[[], Any]) -> Any:  # noqa: ANN401 -- twisted.mail is untyped
    """Ask a delivery of Twisted's; what it refuses is refused."""
    try:
        answer = question()
        return await answer if is_later(answer) else answer
    except smtp.SMTPServerError as error:
        raise _refused(error) from error


def _unexpected(whose: str, expected: str, answer: object) -> TypeError:
    """Make the fault that an answer is which Twisted's interface does not have."""
    return TypeError(f"twisted.mail's {whose}: {expected} was expected, not {answer!r:.100}")


def _ended(message: Any) -> Deferred[Any]:  # noqa: ANN401 -- twisted.mail is untyped
    """
    Tell a message of Twisted's that its end has come.

    Whatever the Deferred fires with is 250, as in Twisted's own server, or a coroutine's end; what
    is neither says nothing of when the message is stored.
    """
    try:
        answer = message.eomReceived()
    except Exception:  # noqa: BLE001 -- as if it had come of the Deferred
        return fail(Failure())
    if isinstance(answer, Deferred):
        return answer
    if iscoroutine(answer):
        return Deferred.fromCoroutine(answer)
    return fail(_unexpected("IMessage.eomReceived", "a Deferred", answer))


def _reply(envelope_id: str, success: object, outcome: object) -> Reply:
    """Tell what became of one recipient's message."""
    if success:
        # A DeferredList, as twisted.mail.alias.MultiWrapper gives it, succeeds whatever happened.
        parts = outcome if isinstance(outcome, list) else []
        parts = [part for part in parts if isinstance(part, tuple) and len(part) == 2]
        replies = [_reply(envelope_id, *part) for part in parts]
        return next((reply for reply in replies if not reply.positive), STORED)
    failure = outcome if isinstance(outcome, Failure) else Failure(RuntimeError(repr(outcome)))
    if failure.check(smtp.SMTPServerError):
        return _refused(failure.value).reply
    _log.failure("eomReceived failed [{id}]", failure=failure, id=envelope_id)
    return LOCAL_ERROR


def _refused(error: Any) -> Refused:  # noqa: ANN401 -- an SMTPServerError, which is untyped
    """Say with our words what Twisted's exception says; a code that refuses nothing is a fault."""
    resp = error.resp.decode("utf-8", "replace") if isinstance(error.resp, bytes) else error.resp
    text = _UNPRINTABLE.sub(" ", str(resp)).strip()
    reason = f"{type(error).__name__}: {error.code} {text}"
    if not 400 <= error.code <= 599:
        return Refused(LOCAL_ERROR, reason)
    status = _STATUS.match(text)
    if status is not None and int(status[1]) == error.code // 100:
        return Refused(Reply(error.code, status[2], text[status.end() :]), reason)
    return Refused(Reply(error.code, _detail(error), text), reason)


def _detail(error: smtp.SMTPServerError) -> str:
    """Choose the enhanced code (RFC 3463) for an exception that has none."""
    if error.code == 550 and isinstance(error, smtp.SMTPBadRcpt):
        return "1.1"
    if error.code == 550 and isinstance(error, smtp.SMTPBadSender):
        return "7.1"
    return "0.0"
