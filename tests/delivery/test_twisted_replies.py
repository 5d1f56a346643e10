"""What deliveries of Twisted's kind are asked with, and what of their words is told."""

import gc
from collections.abc import Iterator
from typing import Any, cast

import pytest
from twisted.internet.defer import fail, succeed
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.mail import smtp

from gomail.delivery.twisted_mail import LONGEST_LINE, TwistedDeliveries, TwistedMessage
from gomail.limits import MIB
from gomail.reply import CONTENT_LINE_TOO_LONG, LOCAL_ERROR, STORED, Refused, Reply
from gomail.testing.wire import MemoryServer, Wire
from tests.delivery.twisteds import LETTER, SENDER, Delivery, Lines, mail, now


@pytest.fixture
def delivery() -> Delivery:
    """Give a delivery of Twisted's kind."""
    return Delivery()


@pytest.fixture
def wire(delivery: Delivery) -> Wire:
    """Give a client of a server with it."""
    return MemoryServer(TwistedDeliveries(delivery, "mx.here.example")).connect()


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """What is logged meanwhile."""
    events: list[dict[str, Any]] = []
    observer = cast("ILogObserver", events.append)
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


class Verdict(Lines):
    """A message whose end comes to whatever a test wants."""

    def __init__(self, verdict: object) -> None:
        super().__init__("bob", [])
        self.verdict = verdict

    def eomReceived(self) -> Any:  # noqa: ANN401 -- as Twisted's, which is untyped
        """Give it."""
        return fail(self.verdict) if isinstance(self.verdict, Exception) else self.verdict


class Picky(Lines):
    """A message that takes no line."""

    def __init__(self, error: Exception) -> None:
        super().__init__("bob", [])
        self.error = error

    def lineReceived(self, line: bytes) -> None:
        """Refuse it."""
        raise self.error


def replied(verdict: object) -> Reply:
    """Give the reply to a message whose end comes to *verdict*."""
    message = TwistedMessage("5e55.1")
    message.add(Verdict(verdict))
    [reply] = now(message.eomReceived())
    return cast("Reply", reply)


@pytest.mark.parametrize(
    ("code", "resp", "reply"),
    [
        (450, b"4.7.1 Later", Reply(450, "7.1", "Later")),
        (554, "5.7.1  Not today", Reply(554, "7.1", "Not today")),
        (554, b"5.123.456 Odd", Reply(554, "123.456", "Odd")),
        (554, b"5.1234.0 Odd", Reply(554, "0.0", "5.1234.0 Odd")),
        (554, b"5.7 Not today", Reply(554, "0.0", "5.7 Not today")),
        (554, b"5.7.1", Reply(554, "0.0", "5.7.1")),
        (554, b"4.7.1 Later", Reply(554, "0.0", "4.7.1 Later")),
        (450, b"5.7.1 Never", Reply(450, "0.0", "5.7.1 Never")),
        (554, b"See 5.7.1 there", Reply(554, "0.0", "See 5.7.1 there")),
        (554, b"\r\nNot\r\n\ttoday\r\n", Reply(554, "0.0", "Not today")),
        (554, "gar\u00e7on".encode(), Reply(554, "0.0", "gar on")),
        (554, b"gar\xe7on", Reply(554, "0.0", "gar on")),
        (500, b"5.5.1 What?", Reply(500, "5.1", "What?")),
        (400, b"Later", Reply(400, "0.0", "Later")),
        (599, b"Never", Reply(599, "0.0", "Never")),
        (399, b"Well", LOCAL_ERROR),
        (600, b"Well", LOCAL_ERROR),
    ],
)
def test_words_of_a_refusal_are_told(code: int, resp: bytes | str, reply: Reply) -> None:
    """An enhanced code in front is the reply's, where it fits; what can't be printed is a blank."""
    assert replied(smtp.SMTPServerError(code, resp)) == reply


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (smtp.SMTPBadRcpt("bob@here.example"), "1.1"),
        (smtp.SMTPBadRcpt("bob@here.example", 551, "no"), "0.0"),
        (smtp.SMTPBadSender("bob@here.example"), "7.1"),
        (smtp.SMTPBadSender("bob@here.example", 551, "no"), "0.0"),
        (smtp.SMTPServerError(550, "no"), "0.0"),
    ],
)
def test_bad_addresses_have_enhanced_codes(error: Exception, detail: str) -> None:
    """Where Twisted's exception says which address it is, and that it is for good."""
    assert replied(error).detail == detail


@pytest.mark.parametrize(
    ("outcome", "reply"),
    [
        (succeed(None), STORED),
        (succeed([(True, None), (True, None)]), STORED),
        (succeed([(True, [(False, RuntimeError("secret"))])]), LOCAL_ERROR),
        (succeed([(False, "odd")]), LOCAL_ERROR),
        (succeed([["a", "list"], (False, "of", "three"), "ab"]), STORED),
    ],
)
def test_parts_of_an_outcome_count(outcome: object, reply: Reply) -> None:
    """Where a list is what a DeferredList gives; another one is a value like any."""
    assert replied(outcome) == reply


@pytest.mark.parametrize("verdict", [None, True, False, "ok", STORED, [(True, None)]], ids=repr)
def test_end_that_gives_no_deferred_stores_nothing(
    verdict: object, logged: list[dict[str, Any]]
) -> None:
    """Twisted's server fails there: nobody has said when the message is stored, or whether."""
    assert replied(verdict) == LOCAL_ERROR
    [event] = logged
    assert formatEvent(event) == "eomReceived failed [5e55.1]"
    assert event["log_failure"].getErrorMessage() == (
        f"twisted.mail's IMessage.eomReceived: a Deferred was expected, not {verdict!r}"
    )


@pytest.mark.parametrize("value", [None, False, "what it likes", STORED], ids=repr)
def test_what_the_end_fires_with_is_free(value: object) -> None:
    """As it is to Twisted's own server; a coroutine's end counts for a Deferred's."""

    async def end() -> object:
        return value

    assert replied(succeed(value)) == STORED
    assert replied(end()) == STORED


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (succeed("bob"), "validateTo: what makes an IMessage was expected, not 'bob'"),
        (succeed(False), "validateTo: what makes an IMessage was expected, not False"),
        (smtp.SMTPBadRcpt("bob"), "validateTo: what makes an IMessage was expected, not SMTPBad"),
        (lambda: None, "validateTo: what makes an IMessage was expected, not None"),
    ],
)
def test_recipient_whom_nothing_is_made_for_gets_nothing(
    made: object, expected: str, wire: Wire, delivery: Delivery, logged: list[dict[str, Any]]
) -> None:
    """A refusal is raised: one that is given has welcomed nobody, and the log says so."""
    delivery.start = made
    assert mail(wire, "bob") == LOCAL_ERROR
    [event] = logged
    assert expected in event["log_failure"].getErrorMessage()


@pytest.mark.parametrize("given", [False, "no", smtp.SMTPBadSender("a@client.example")], ids=repr)
def test_sender_is_not_welcomed_by_an_exception_that_is_given(
    given: object, wire: Wire, delivery: Delivery, logged: list[dict[str, Any]]
) -> None:
    """ValidateFrom gives the origin, or raises."""
    delivery.answer = succeed(given)
    assert mail(wire, "bob") == LOCAL_ERROR
    [event] = logged
    assert "validateFrom: the origin was expected, not" in event["log_failure"].getErrorMessage()


def test_what_is_no_exception_is_logged(logged: list[dict[str, Any]]) -> None:
    """For whoever has written the delivery; the peer hears nothing of it."""
    assert replied(succeed([(False, "the odd outcome")])) == LOCAL_ERROR
    [event] = logged
    assert event["log_failure"].getErrorMessage() == "'the odd outcome'"


def test_failure_is_logged_once(logged: list[dict[str, Any]]) -> None:
    """And not once more as one that nobody has seen."""
    assert replied(RuntimeError("secret")) == LOCAL_ERROR
    gc.collect()
    [event] = logged
    assert event["log_failure"].getErrorMessage() == "secret"


@pytest.mark.parametrize(
    ("code", "words"), [(554, "5.7.1 Not you"), (250, "5.7.1 Not you"), (551, "Not you")]
)
def test_reason_has_twisteds_words(code: int, words: str) -> None:
    """The log tells what the delivery said, also where the peer hears something else."""
    message, lines = TwistedMessage("5e55.1"), Picky(smtp.SMTPServerError(code, words))
    message.add(lines)
    with pytest.raises(Refused) as caught:
        message.octetsReceived(b"Subject: x\r\n")
    assert caught.value.reason == f"SMTPServerError: {code} {words}"


def test_delivery_is_asked_with_what_the_client_said(wire: Wire, delivery: Delivery) -> None:
    """Its name in ASCII, whatever it says; who sends, and who is to get it."""
    helos: list[Any] = []
    origins: list[Any] = []
    real = delivery.receivedHeader

    def header(helo: Any, origin: Any, recipients: Any) -> bytes | None:  # noqa: ANN401
        helos.append(helo)
        origins.append(origin)
        return real(helo, origin, recipients)

    delivery.receivedHeader = header  # type: ignore[method-assign]
    wire.say("EHLO h\u00e9lo.example")
    helo = (b"h\\xe9lo.example", b"192.0.2.1")
    for line in (f"MAIL FROM:<{SENDER}>", "RCPT TO:<bob@here.example>"):
        assert wire.say(line).code == 250
    assert wire.say("DATA").code == 354
    [user] = delivery.users
    [origin] = delivery.origins
    assert helos == [user.helo] == [helo]
    assert origins == [origin]
    assert user.orig is origin
    assert (origin.addrstr, user.dest.addrstr) == (b"<a@client.example>", b"<bob@here.example>")


def test_origin_is_the_reverse_path_where_no_other_is_given(wire: Wire, delivery: Delivery) -> None:
    """A delivery that gives nothing has nothing against it."""
    delivery.answer = succeed(None)
    assert mail(wire, "bob") == STORED
    assert delivery.users[0].orig is delivery.origins[0]


def test_next_transaction_is_for_others(wire: Wire, delivery: Delivery) -> None:
    """Nobody gets what was for somebody in the one before."""
    assert mail(wire, "bob") == mail(wire, "carol") == STORED
    assert [name for name, _ in delivery.log] == ["bob", "carol"]


def test_lines_are_handed_over_as_soon_as_they_end() -> None:
    """Nothing waits for what follows; a line end may be a packet of its own."""
    lines, message = Lines("bob", []), TwistedMessage("5e55.1")
    message.add(lines)
    for octets, seen in (
        (b"\r\n", [b""]),
        (b"a", [b""]),
        (b"b\r", [b""]),
        (b"\n", [b"", b"ab"]),
        (b"\r\nc\r\nd", [b"", b"ab", b"", b"c"]),
    ):
        message.octetsReceived(octets)
        assert lines.lines == seen


def test_longest_line_is_taken() -> None:
    """To the octet."""
    message = TwistedMessage("5e55.1")
    message.octetsReceived(bytes(LONGEST_LINE))
    with pytest.raises(Refused) as caught:
        message.octetsReceived(b"x")
    assert caught.value.reply == CONTENT_LINE_TOO_LONG
    assert LONGEST_LINE == MIB


def test_message_without_content_is_one(wire: Wire, delivery: Delivery) -> None:
    """As Twisted's own server has it."""
    assert mail(wire, "bare", content=b"") == STORED
    assert mail(wire, "bare", content=LETTER) == STORED
    assert delivery.log[0] == ("bare", [])
