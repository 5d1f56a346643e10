"""The client leaves: whenever that is, everything is closed once."""

import pytest
from twisted.internet.task import Clock

from gomail.limits import Limits
from gomail.reply import LOCAL_ERROR, NO_SUCH_MAILBOX, STORED, Refused
from tests.smtp.desk import Desk, Parcel, late
from tests.smtp.talk import ENVELOPE, Talk, check_left, in_content, octets_of


def test_client_leaves_before_its_greeting() -> None:
    """A port scan is a session that said nothing."""
    talk = Talk()
    talk.leave()
    check_left(talk, "")
    assert talk.end.octets == 0


def test_client_leaves_while_it_is_being_welcomed() -> None:
    """A client that goes before the banner: the session is over when the answer is there."""
    desk = Desk(Clock())
    answers = late(desk, "greeted")
    talk = Talk(desk)
    talk.leave()
    assert talk.over == []
    answers[0].callback(None)
    check_left(talk, "")
    assert talk.wire.sent == []


@pytest.mark.parametrize(
    ("lines", "verbs"),
    [
        (["EHLO client.example"], "ehlo=1"),
        (ENVELOPE[:2], "ehlo=1 mail=1"),
        (ENVELOPE, "ehlo=1 mail=1 rcpt=1"),
        ([*ENVELOPE, "DATA"], "ehlo=1 mail=1 rcpt=1 data=0/1"),
        ([*ENVELOPE, "DATA", "Hello"], "ehlo=1 mail=1 rcpt=1 data=0/1"),
        ([*ENVELOPE, "DATA", "Hello", "."], "ehlo=1 mail=1 rcpt=1 data=1"),
    ],
)
def test_client_leaves_between_two_commands(lines: list[str], verbs: str) -> None:
    """Wherever it goes, what was open is closed once."""
    talk = Talk()
    talk.speak(lines)
    talk.leave()
    check_left(talk, verbs)
    assert talk.desk.told.count("ended") == talk.desk.told.count("mail")
    assert talk.end.octets == len(octets_of(lines))


@pytest.mark.parametrize(
    ("question", "lines", "verbs"),
    [
        ("mail", ENVELOPE[:2], "ehlo=1 mail=1"),
        ("rcpt", ENVELOPE, "ehlo=1 mail=1 rcpt=1"),
        ("data", [*ENVELOPE, "DATA"], "ehlo=1 mail=1 rcpt=1"),
        ("eom", [*ENVELOPE, "DATA", "Hello", "."], "ehlo=1 mail=1 rcpt=1 data=1"),
    ],
)
@pytest.mark.parametrize("refused", [False, True])
def test_client_leaves_while_an_answer_is_awaited(
    question: str, lines: list[str], verbs: str, *, refused: bool
) -> None:
    """The answer is waited for: what was stored is stored; then everything is closed, once."""
    desk = Desk(Clock())
    answers = late(desk, question)
    talk = Talk(desk)
    talk.speak([*lines, "NOOP"])
    talk.leave()
    assert talk.over == []
    if refused:
        answers[0].errback(Refused(LOCAL_ERROR))
        verbs = verbs[:-1] + "0/1" if question != "data" else f"{verbs} data=0/1"
    elif question == "data":
        answers[0].callback(Parcel(desk, None))  # type: ignore[arg-type]
    else:
        answers[0].callback(STORED if question == "eom" else None)
    check_left(talk, verbs)
    if question != "mail" or not refused:
        assert desk.told.count("ended") == 1


def test_client_leaves_while_content_goes_to_the_disk() -> None:
    """The message hears of it at once, and what the disk says afterwards is nobody's concern."""
    talk = in_content(Talk())
    answers = late(talk.desk, "octets")
    talk.send(b"Hello\r\n")
    talk.leave()
    assert [message.end for message in talk.desk.messages] == ["lost"]
    answers[0].errback(OSError("gone"))
    talk.clock.advance(0)
    assert talk.end.verbs == "ehlo=1 mail=1 rcpt=1 data=0/1"
    assert len(talk.over) == 1


def test_client_leaves_while_an_error_costs_time() -> None:
    """Its reply is never said."""
    talk = Talk(limits=Limits(errors_free=0))
    talk.hear()
    talk.send(b"XYZZY\r\nNOOP\r\n")
    talk.leave()
    talk.wait(2)
    assert talk.hear() == b""
    check_left(talk, "unknown=0/1")


def test_error_of_a_client_that_left_costs_no_time() -> None:
    """A refusal that comes when the client is gone ends the session at once."""
    desk = Desk(Clock())
    talk = Talk(desk, limits=Limits(unknown_recipients_free=0))
    answers = late(desk, "rcpt")
    talk.speak(ENVELOPE)
    talk.leave()
    answers[0].errback(Refused(NO_SUCH_MAILBOX))
    check_left(talk, "ehlo=1 mail=1 rcpt=0/1")


def test_client_leaves_while_others_have_their_turn() -> None:
    """What it had still to say is not run."""
    talk = Talk()
    talk.protocol.dataReceived(b"NOOP\r\n" * 150)
    talk.leave()
    check_left(talk, "noop=100")
