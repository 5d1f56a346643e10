"""The protocol: lines and packets, one side that is closed, and who is greeted."""

from dataclasses import replace

from twisted.internet.defer import succeed
from twisted.internet.interfaces import IHalfCloseableProtocol
from zope.interface.verify import verifyObject

from gomail.reply import Reply
from tests.smtp.desk import late, refuse
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, octets_of


def test_client_that_closed_its_side_hears_all_that_it_asked_for() -> None:
    """The end of its octets is no end of its session, while answers are on their way."""
    talk = Talk()
    answers = late(talk.desk, "mail")
    talk.say("EHLO client.example")
    talk.desk.plans["rcpt"] = lambda _: succeed(None)
    rest = octets_of(["RCPT TO:<b@here.example>", "VRFY a"])
    talk.send(b"MAIL FROM:<a@there.example>\r\n" + rest + b"NOO")
    talk.protocol.readConnectionLost()
    talk.clock.advance(0)
    assert not talk.closed
    answers[0].callback(None)
    talk.clock.pump([0] * 3)
    assert talk.codes() == ["250", "250", "252"]
    assert talk.closed
    assert talk.end.reason == "the client left"


def test_client_that_closed_its_side_behind_quit_has_quit() -> None:
    """What counts is the last thing that it said."""
    talk = Talk()
    answers = late(talk.desk, "mail")
    talk.say("EHLO client.example")
    talk.send(b"MAIL FROM:<a@there.example>\r\nQUIT\r\n")
    talk.protocol.readConnectionLost()
    answers[0].callback(None)
    talk.clock.pump([0] * 3)
    assert talk.codes() == ["250", "221"]
    assert talk.end.reason == ""


def test_ends_of_both_sides_are_told_apart() -> None:
    """Twisted asks for the interface, and then tells of each by itself."""
    assert verifyObject(IHalfCloseableProtocol, Talk().protocol)


def test_replies_to_one_packet_leave_in_one_write() -> None:
    """A pipelined group costs the network one packet each way (RFC 2920 §3.2)."""
    talk = Talk()
    talk.say("EHLO client.example")
    talk.wire.sent.clear()
    talk.speak([*ENVELOPE[1:], "DATA"])
    assert len(talk.wire.sent) == 1
    talk.wire.sent.clear()
    talk.send(b"Hello\r\n.\r\n" + octets_of([*ENVELOPE[1:], "RSET", "QUIT"]))
    assert len(talk.wire.sent) == 1


def test_nothing_behind_quit_is_run() -> None:
    """Neither in its packet nor in the next, nor while the connection lingers."""
    talk = Talk()
    talk.wire.hangs = True
    talk.send(b"QUIT\r\n" + octets_of(ENVELOPE), octets_of(ENVELOPE))
    talk.protocol.dataReceived(octets_of(ENVELOPE))
    talk.protocol.lineReceived(b"EHLO client.example")
    talk.protocol.lineLengthExceeded(b"x")
    talk.protocol.rawDataReceived(b"x")
    assert talk.codes() == ["220", "221"]
    assert talk.desk.told == ["greeted"]
    talk.wait(10)


def test_f7_line_that_is_too_long_ends_the_session() -> None:
    """Its tail is no command, whether it comes at once or later."""
    for packets in (
        [b"x" * 3000 + b"\r\nNOOP\r\n"],
        [b"x" * 3000, b"x\r\nNOOP\r\n"],
        [b"x" * 2049, b"\r", b"\nNOOP\r\n"],
        [b"NOOP\r\n" + b"x" * 2049 + b"\r\nNOOP\r\n"],
    ):
        talk = Talk()
        talk.send(*packets)
        assert talk.codes()[-1] == "500"
        assert talk.closed
        assert talk.end.reason == "Command line too long"
        assert talk.end.verbs.endswith("unknown=0/1")


def test_client_is_known_better_after_each_greeting() -> None:
    """The delivery hears who it is: nobody yet, then the name, then the new one."""
    talk = Talk()
    talk.say("HELO one.example", "EHLO two.example")
    assert [(client.helo, client.esmtp) for client in talk.desk.clients] == [
        ("", False),
        ("one.example", False),
        ("two.example", True),
    ]


def test_refused_ehlo_leaves_everything_as_it_was() -> None:
    """RFC 5321 §4.1.4: neither the name nor the open transaction changes."""
    talk = Talk()
    talk.say(*ENVELOPE)
    talk.desk.plans["greeted"] = refuse(Reply(550, "7.1", "Not you"))
    assert talk.say("EHLO other.example").startswith(b"550")
    assert talk.say("DATA", ".").startswith(b"354")
    ((envelope, _),) = talk.desk.stored
    assert envelope.client.helo == "client.example"


def test_refused_first_ehlo_is_no_greeting() -> None:
    """A client whose name is not welcome may not send mail."""
    talk = Talk()
    talk.desk.plans["greeted"] = refuse(Reply(550, "7.1", "Not you"))
    talk.hear()
    talk.speak(ENVELOPE[:2])
    assert talk.codes() == ["550", "503"]


def test_crcrlf_of_local_programs_is_mended_where_asked_for() -> None:
    """PHP's line ends count on a local listener, cut wherever they are."""
    wire = b"".join(
        line.replace(b"\n", b"\r\n") for line in (octets_of([*ENVELOPE, "DATA", "Hi", "."]),)
    )
    assert b"\r\r\n" in wire
    for packets in ([wire], [bytes([octet]) for octet in wire]):
        talk = Talk(local=True)
        talk.send(*packets)
        assert talk.codes() == ["220", "250", "250", "250", "354", "250"]
        assert talk.desk.stored[0][1] == b"Hi\r\n"
    talk = Talk(client=replace(CLIENT, trusted=True))
    talk.send(wire)
    assert "500" in talk.codes()
    assert talk.desk.stored == []
