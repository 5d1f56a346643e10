"""The server leaves: who is told, what may come to its end, and what an abort leaves."""

import pytest
from twisted.internet.task import Clock

from gomail.limits import Limits
from gomail.reply import NO_SUCH_MAILBOX, STORED, Refused
from tests.smtp.desk import Desk, Parcel, late
from tests.smtp.talk import (
    ENVELOPE,
    TRANSACTION,
    Talk,
    check_left,
    in_content,
    octets_of,
    packets_of,
)


def test_server_leaves_a_client_that_is_idle() -> None:
    """421, and the connection closes (RFC 5321 §3.8)."""
    talk = Talk()
    talk.hear()
    talk.protocol.leave()
    talk.clock.advance(0)
    assert talk.hear() == b"421 4.3.2 Shutting down, please try again [0123456789]\r\n"
    assert talk.closed
    assert talk.end.reason == "Shutting down, please try again"
    talk.protocol.leave()


def test_server_leaves_between_two_commands_of_a_transaction() -> None:
    """Nothing is lost: the client keeps its message."""
    talk = Talk()
    talk.say(*ENVELOPE)
    talk.protocol.leave()
    talk.clock.advance(0)
    assert talk.codes() == ["421"]
    check_left(talk, "ehlo=1 mail=1 rcpt=1", "Shutting down, please try again")
    assert talk.desk.told.count("ended") == 1


def test_server_leaves_after_the_message_under_way() -> None:
    """Content that comes may come to its end, and has its 250 before the 421."""
    talk = in_content(Talk())
    talk.send(b"Hello\r\n")
    talk.protocol.leave()
    talk.clock.advance(0)
    assert talk.hear() == b""
    talk.send(*packets_of(b".\r\n" + TRANSACTION))
    assert talk.codes() == ["250", "421"]
    assert len(talk.desk.stored) == 1
    assert talk.closed


@pytest.mark.parametrize("question", ["greeted", "mail", "rcpt", "eom"])
def test_server_leaves_when_the_answer_is_there(question: str) -> None:
    """A question that is being answered is answered first."""
    desk = Desk(Clock())
    answers = late(desk, question)
    talk = Talk(desk)
    if question == "greeted":
        expected = ["220", "421"]
    else:
        talk.say("EHLO client.example")
        talk.send(*packets_of(TRANSACTION if question == "eom" else octets_of(ENVELOPE[1:])))
        expected = ["250", "421"]
    talk.hear()
    talk.protocol.leave()
    talk.clock.advance(0)
    assert talk.hear() == b""
    answers[0].callback(STORED if question == "eom" else None)
    talk.clock.advance(0)
    assert talk.codes() == expected
    assert talk.closed


def test_server_leaves_after_content_of_which_the_354_was_awaited() -> None:
    """354 is an invitation; who was invited is received."""
    talk = Talk()
    answers = late(talk.desk, "data")
    in_content(talk)
    talk.protocol.leave()
    answers[0].callback(Parcel(talk.desk, None))  # type: ignore[arg-type]
    talk.send(b"Hello\r\n.\r\n")
    assert talk.codes() == ["354", "250", "421"]


def test_server_leaves_when_an_error_has_cost_its_time() -> None:
    """The error first, then the 421."""
    talk = Talk(limits=Limits(errors_free=0))
    talk.say("XYZZY")
    talk.protocol.leave()
    talk.wait(1)
    assert talk.codes() == ["500", "421"]
    assert talk.closed


def test_server_leaves_a_client_that_does_not_read() -> None:
    """Its 421 waits behind the rest, and the close has its deadline."""
    talk = Talk(room=5)
    talk.protocol.leave()
    talk.wait(9)
    assert not talk.closed
    talk.wait(1)
    assert talk.closed
    assert talk.wire.cuts == 1


def test_server_aborts() -> None:
    """The last means: no word, no deadline."""
    talk = in_content(Talk())
    talk.protocol.abort()
    talk.clock.advance(0)
    check_left(talk, "ehlo=1 mail=1 rcpt=1 data=0/1", "aborted")


def test_server_aborts_a_session_that_was_closing() -> None:
    """Its reason stays what it was."""
    talk = Talk()
    talk.wire.hangs = True
    talk.say("QUIT")
    talk.protocol.abort()
    talk.clock.advance(0)
    check_left(talk, "quit=1", "")


def test_message_past_its_dot_is_stored_though_the_server_aborts() -> None:
    """The delivery is not disturbed; nothing is said to a client that is gone."""
    talk = in_content(Talk())
    verdicts = late(talk.desk, "eom")
    talk.send(b"Hello\r\n.\r\n")
    talk.protocol.abort()
    verdicts[0].callback(STORED)
    talk.clock.advance(0)
    assert talk.hear() == b""
    check_left(talk, "ehlo=1 mail=1 rcpt=1 data=1", "aborted")


def test_error_in_an_aborted_session_ends_it_all_the_same() -> None:
    """A refusal that comes between abort and end costs no time, or none that matters."""
    talk = Talk(limits=Limits(unknown_recipients_free=0))
    answers = late(talk.desk, "rcpt")
    talk.speak(ENVELOPE)
    talk.protocol.abort()
    answers[0].errback(Refused(NO_SUCH_MAILBOX))
    talk.wait(2)
    check_left(talk, "ehlo=1 mail=1 rcpt=0/1", "aborted")
