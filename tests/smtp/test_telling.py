"""What is told of a session to those who listen."""

from gomail.events import Refusal, Said, SessionEnded, SessionStarted
from gomail.reply import LOCAL_ERROR, NO_SUCH_MAILBOX, Refused
from tests.smtp.desk import raising, refuse
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, in_content, octets_of


def test_session_is_told_from_beginning_to_end() -> None:
    """One event when it begins, one when it ends, with what was said in between."""
    talk = Talk()
    lines = [*ENVELOPE, "RCPT TO:<x@here.example>", "DATA", "Hello", ".", "QUIT"]
    talk.desk.plans["rcpt <x@here.example>"] = refuse(NO_SUCH_MAILBOX)
    talk.speak(lines)
    talk.wait(0)
    assert talk.told(SessionStarted)[0].client == CLIENT
    assert talk.end.verbs == "ehlo=1 mail=1 rcpt=1/2 data=1 quit=1"
    assert talk.end.octets == len(octets_of(lines))
    assert talk.end.client.helo == "client.example"
    assert talk.end.seconds == 0
    assert isinstance(talk.events[-1], SessionEnded)


def test_refusal_is_told_with_what_was_said() -> None:
    """The log shows the line, the reply and the reason that the peer does not hear."""
    talk = Talk()
    talk.desk.plans["rcpt"] = raising(Refused(NO_SUCH_MAILBOX, "bob left in May"))
    talk.say(*ENVELOPE)
    (refusal,) = talk.told(Refusal)
    assert refusal.said == b"RCPT TO:<b@here.example>"
    assert refusal.reply == NO_SUCH_MAILBOX
    assert refusal.reason == "bob left in May"
    assert refusal.client.helo == "client.example"


def test_refused_message_is_told_without_a_command() -> None:
    """It is the message that was refused, not its DATA; so is a session that took too long."""
    talk = in_content(Talk())
    talk.desk.plans["eom"] = raising(Refused(LOCAL_ERROR))
    talk.send(b"Hello\r\n.\r\n")
    talk.wait(300)
    assert [refusal.said for refusal in talk.told(Refusal)] == [b"", b""]


def test_dialogue_is_told_where_somebody_follows_it() -> None:
    """Each line of both sides, but not the content."""
    talk = Talk(dialogue=True)
    talk.say("HELO client.example", *ENVELOPE[1:], "DATA", "Hello", ".", "XYZZY", "QUIT")
    said = [(event.speaker, event.octets.split(b" ")[0]) for event in talk.told(Said)]
    assert said == [
        ("S", b"220"), ("C", b"HELO"), ("S", b"250"), ("C", b"MAIL"), ("S", b"250"), ("C", b"RCPT"),
        ("S", b"250"), ("C", b"DATA"), ("S", b"354"), ("S", b"250"), ("C", b"XYZZY"), ("S", b"500"),
        ("C", b"QUIT"), ("S", b"221"),
    ]  # fmt: skip


def test_dialogue_is_not_told_otherwise() -> None:
    """It costs time, and is nobody's business."""
    talk = Talk()
    talk.say(*ENVELOPE)
    assert talk.told(Said) == []
