"""Deliveries of Twisted's kind behind gomail's dialogue."""

import pytest
from twisted.internet.defer import succeed
from twisted.mail import smtp
from twisted.mail.alias import MultiWrapper
from twisted.mail.mail import MailService
from twisted.mail.protocols import ESMTPDomainDelivery
from twisted.mail.relay import DomainQueuer
from zope.interface import implementer

from gomail.delivery.twisted_mail import LONGEST_LINE, TwistedDeliveries, TwistedMessage
from gomail.reply import LOCAL_ERROR, STORED, Refused, Reply
from gomail.testing.bench import Subject
from gomail.testing.conformance import CHECKS, Check
from gomail.testing.wire import MemoryServer, Wire
from tests.delivery.twisteds import LETTER, RECEIVED, SENDER, Delivery, Lines, mail, now


@pytest.fixture
def delivery() -> Delivery:
    """Give a delivery of Twisted's kind."""
    return Delivery()


@pytest.fixture
def wire(delivery: Delivery) -> Wire:
    """Give a client of a server with it."""
    return MemoryServer(TwistedDeliveries(delivery, "mx.here.example")).connect()


def test_lines_come_without_their_ends(wire: Wire, delivery: Delivery) -> None:
    """Below the Received field, each line once, dots unstuffed."""
    assert mail(wire, "bob") == STORED
    assert delivery.log == [("bob", [*RECEIVED, b"Subject: hello", b"", b".dot"])]
    assert delivery.helos == [(b"client.example", b"192.0.2.1")]


def test_each_recipient_gets_a_message(wire: Wire, delivery: Delivery) -> None:
    """As in Twisted, where validateTo gives what makes it; a Received field is not needed."""
    assert mail(wire, "bob", "later", "bare") == STORED
    assert [user for user, _ in delivery.log] == ["bob", "later@here.example", "bare"]
    assert delivery.log[2][1] == [b"Subject: hello", b"", b".dot"]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_packets_make_no_difference(wire: Wire, delivery: Delivery, size: int) -> None:
    """A line end may be cut in two."""
    content = b"Subject: x\r\n\r\nbare\rCR and\nLF\r\r\n\r\nend\r\n.\r\n"
    wire.say("EHLO client.example")
    wire.send(b"MAIL FROM:<>\r\nRCPT TO:<bare@here.example>\r\nDATA\r\n")
    for start in range(0, len(content), size):
        wire.send(content[start : start + size])
    assert delivery.log == [
        ("bare", [b"Subject: x", b"", b"bare\rCR and\nLF\r", b"", b"end"]),
    ]
    assert delivery.origins[0].local == b""


def test_last_line_needs_no_end(delivery: Delivery) -> None:
    """A last line without CRLF is a line."""
    lines, message = Lines("bob", delivery.log), TwistedMessage("5e55.1")
    message.add(lines)
    message.octetsReceived(b"Subject: x\r\n\r\nend")
    assert now(message.eomReceived()) == [STORED]
    assert lines.lines == [b"Subject: x", b"", b"end"]


def test_last_line_may_be_refused(delivery: Delivery) -> None:
    """Then everything is thrown away: nobody else would do it after the end."""
    message = TwistedMessage("5e55.1")
    message.add(Lines("full", delivery.log))
    message.octetsReceived(b"Subject: x\r\n\r\n1\r\n2\r\nend")
    with pytest.raises(Refused) as caught:
        now(message.eomReceived())
    assert caught.value.reply.text == "Mailbox full"
    assert delivery.log == [("full", "lost")]


def test_headerless_content_begins_with_a_blank_line(wire: Wire, delivery: Delivery) -> None:
    """As Twisted's own server has it: it is no part of the Received field."""
    mail(wire, "bare", content=b"Hello.\r\n")
    mail(wire, "bare", content=b"\r\nHello.\r\n")
    assert delivery.log == [("bare", [b"", b"Hello."]), ("bare", [b"", b"Hello."])]


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("nobody", Reply(550, "1.1", "Cannot receive for specified address")),
        ("greylisted", Reply(450, "0.0", "Try later")),
        ("oops", LOCAL_ERROR),
        ("unready", Reply(451, "0.0", "Not ready")),
        ("headless", LOCAL_ERROR),
        ("looping", Reply(554, "0.0", "Seen before")),
        ("full", Reply(452, "0.0", "Mailbox full")),
        ("policy", Reply(554, "7.1", "Not today")),
        ("broken", LOCAL_ERROR),
        ("raising", LOCAL_ERROR),
        ("odd", LOCAL_ERROR),
    ],
)
def test_refusals_are_told_with_their_code(wire: Wire, name: str, reply: Reply) -> None:
    """Twisted's exceptions keep their code, 4xx too; of others nothing is told but 451."""
    assert mail(wire, name, content=b"Subject: x\r\n\r\n1\r\n2\r\n") == reply
    assert "secret" not in wire.transcript
    assert mail(wire, "bob") == STORED


def test_sender_is_refused(wire: Wire) -> None:
    """SMTPBadSender is the reply to MAIL."""
    reply = wire.mail("spammer@client.example", ["bob@here.example"], LETTER)
    assert reply == Reply(550, "7.1", "Not you")


def test_other_origin_is_used(wire: Wire, delivery: Delivery) -> None:
    """The address that validateFrom gives, at once or later, is the origin from there on."""
    other = smtp.Address(b"other@client.example")
    delivery.answer = succeed(other)
    assert mail(wire, "bob") == STORED
    assert delivery.users[0].orig is other


def test_one_failure_defers_the_message(wire: Wire, delivery: Delivery) -> None:
    """Stored for one and not for another is 451: the sender tries again."""
    assert mail(wire, "bob", "broken") == LOCAL_ERROR
    assert [user for user, _ in delivery.log] == ["bob"]


def test_message_that_cannot_start_stops_the_others(wire: Wire, delivery: Delivery) -> None:
    """Those that had been started are thrown away."""
    assert mail(wire, "bob", "headless").code == 451
    assert delivery.log == [("bob", "lost"), ("headless", "lost")]


def test_given_up_messages_are_all_thrown_away(wire: Wire, delivery: Delivery) -> None:
    """One that fails to be thrown away does not keep the others."""
    wire.say("EHLO client.example")
    wire.send(b"MAIL FROM:<>\r\nRCPT TO:<clumsy@here.example>\r\nRCPT TO:<bob@here.example>\r\n")
    wire.send(b"DATA\r\n")
    wire.send(b"Subject: half\r\n")
    wire.drop()
    assert delivery.log == [("clumsy", "lost"), ("bob", "lost")]


def test_endless_line_is_refused(wire: Wire, delivery: Delivery) -> None:
    """A line is held in memory as a whole, so there is an end to it."""
    content = b"Subject: x\r\n\r\n" + b"x" * (LONGEST_LINE + 200_000)
    assert mail(wire, "bob", content=content).code == 554
    assert delivery.log == [("bob", "lost")]


def test_group_that_fails_in_part_is_not_stored(wire: Wire, delivery: Delivery) -> None:
    """An alias of Twisted's succeeds whatever became of its members; here they count."""
    delivery.start = lambda: MultiWrapper(
        [Lines("bob", delivery.log), Lines("broken", delivery.log)]
    )
    assert mail(wire, "group") == LOCAL_ERROR


def test_factory_is_asked_for_each_message(delivery: Delivery) -> None:
    """A factory of Twisted's kind gives a delivery at each MAIL."""
    asked: list[str] = []

    @implementer(smtp.IMessageDeliveryFactory)
    class Factory:
        def getMessageDelivery(self) -> Delivery:
            asked.append("delivery")
            return delivery

    wire = MemoryServer(TwistedDeliveries(Factory(), "mx.here.example")).connect(None)
    assert mail(wire, "bob") == mail(wire, "bob") == STORED
    assert len(asked) == 2
    assert delivery.helos[0] == (b"client.example", b"unix")


@pytest.mark.parametrize(
    ("path", "local", "domain"),
    [
        ("postmaster", b"postmaster", b"mx.here.example"),
        ('"a@b"@here.example', b'"a@b"', b"here.example"),
        ("bob@[192.0.2.1]", b"bob", b"[192.0.2.1]"),
    ],
)
def test_addresses_are_twisteds(
    wire: Wire, delivery: Delivery, path: str, local: bytes, domain: bytes
) -> None:
    """Whatever gomail's grammar takes is an address of Twisted's, too."""
    delivery.start = lambda: Lines("bob", delivery.log)
    assert wire.mail(SENDER, [path], LETTER) == STORED
    [user] = delivery.users
    assert (user.dest.local, user.dest.domain) == (local, domain)
    assert (user.orig.local, user.protocol.host) == (b"a", b"mx.here.example")


def test_utf8_addresses_are_refused(wire: Wire) -> None:
    """Twisted's addresses are ASCII."""
    wire.say("EHLO client.example")
    assert wire.say("MAIL FROM:<é@client.example> SMTPUTF8").code == 553
    assert wire.say("MAIL FROM:<a@client.example> SMTPUTF8").code == 250
    assert wire.say("RCPT TO:<é@here.example>").code == 553


def test_twisteds_relay_relays_nothing() -> None:
    """Its domain for relaying looks at the connection; there is none, and the reply is 451."""
    service = MailService()
    service.domains.setDefaultDomain(DomainQueuer(service))
    delivery = ESMTPDomainDelivery(service, None, b"mx.here.example")
    wire = MemoryServer(TwistedDeliveries(delivery, "mx.here.example")).connect("127.0.0.1")
    assert wire.mail(SENDER, ["bob@elsewhere.example"], LETTER) == LOCAL_ERROR


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if str(check) not in {
        "broken_storage_defers", "huge_message_takes_little_memory"
    }], ids=str
)  # fmt: skip
def test_adapter_conforms(check: Check) -> None:
    """With a delivery of Twisted's kind behind it, the adapter stands the kit."""
    delivery = Delivery()
    check.now(
        Subject(
            TwistedDeliveries(delivery, "mx.here.example"),
            stored=lambda: [
                b"\r\n".join([*lines, b""]) for _, lines in delivery.log if lines != "lost"
            ],
            unknown="nobody@here.example",
        )
    )
