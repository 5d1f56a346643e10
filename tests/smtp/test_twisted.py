"""
What twisted.mail's own server tests (twisted/mail/test/test_smtp.py) expect, where it holds.

Left out are its client, AUTH, portals and avatars, which a receive-only server has none of. Where
we answer otherwise the test says so.
"""

import pytest
from twisted.internet.task import Clock

from gomail.reply import Refused, Reply
from tests.smtp.desk import Desk, refuse
from tests.smtp.talk import Talk

MESSAGES = [
    (
        "moshez@foo.com",
        ["moshez@bar.com"],
        "<moshez@foo.com>",
        ["<moshez@bar.com>"],
        b"From: Moshe\r\nTo: Moshe\r\n\r\nHi,\r\nhow are you?\r\n",
    ),
    (
        "tttt@rrr.com",
        ["uuu@ooo", "yyy@eee"],
        "<tttt@rrr.com>",
        ["<uuu@ooo>", "<yyy@eee>"],
        b"Subject: pass\r\n\r\n..rrrr..\r\n",
    ),
    (
        "@this,@is,@ignored:foo@bar.com",
        ["@ignore,@this,@too:bar@foo.com"],
        "<foo@bar.com>",
        ["<bar@foo.com>"],
        b"Subject: apa\r\nTo: foo\r\n\r\n123\r\n.\r\n456\r\n",
    ),
]


def test_shotgun() -> None:
    """AnotherSMTPTests.test_buffer: three messages in one session, with routes and dots."""
    talk = Talk()
    assert talk.hear().startswith(b"220")
    assert talk.say("HELO foo.com").startswith(b"250")
    assert talk.say("RSET").startswith(b"250")
    for reverse_path, forward_paths, real_reverse, real_forward, content in MESSAGES:
        assert talk.say(f"MAIL FROM:<{reverse_path}>").startswith(b"250")
        for forward_path in forward_paths:
            assert talk.say(f"RCPT TO:<{forward_path}>").startswith(b"250")
        assert talk.say("DATA").startswith(b"354")
        for line in content.splitlines():
            talk.send((b"." + line if line.startswith(b".") else line) + b"\r\n")
        assert talk.say(".").startswith(b"250")
        envelope, stored = talk.desk.stored[-1]
        assert str(envelope.reverse_path) == real_reverse
        assert [str(path) for path in envelope.forward_paths] == real_forward
        assert stored == content
        assert envelope.client.helo == "foo.com"
    # Different: Twisted makes a message for each recipient, we make one for all.
    assert len(talk.desk.messages) == len(MESSAGES)


def test_empty_line_is_a_syntax_error() -> None:
    """EmptyLineTests.test_emptyLineSyntaxError."""
    talk = Talk()
    talk.hear()
    # Different: the text, and the enhanced code.
    assert talk.say("").startswith(b"500 5.5.2 ")


def test_host_name_shows_up_in_the_greeting() -> None:
    """SMTPServerTests.testSMTPGreetingHost and testESMTPGreetingHost."""
    assert b"here.example" in Talk().hear()


def test_esmtp_shows_up_in_the_greeting() -> None:
    """SMTPServerTests.testESMTPGreetingExtended; we have no server without extensions."""
    assert b"ESMTP" in Talk().hear()


def test_unknown_command_is_500() -> None:
    """SMTPServerTests.test_SMTPUnknownCommand: the same code, another text."""
    talk = Talk()
    talk.hear()
    assert talk.say("DOAGOODTHING").startswith(b"500 ")


@pytest.mark.parametrize("manner", ["now", "deferred", "coroutine"])
def test_acceptable_sender_is_250(manner: str) -> None:
    """SMTPServerTests.test_acceptSenderAddress."""
    talk = Talk(Desk(Clock(), manner))
    talk.say("HELO example.com")
    assert talk.say("MAIL FROM:<alice@example.com>").startswith(b"250 ")


@pytest.mark.parametrize("manner", ["now", "deferred", "coroutine"])
def test_rejected_sender_is_550_by_the_deliverys_own_reply(manner: str) -> None:
    """SMTPServerTests.test_deliveryRejectedSenderAddress; Twisted writes a text of its own."""
    desk = Desk(Clock(), manner)
    desk.plans["mail"] = refuse(Reply(550, "7.1", "Sender not acceptable"))
    talk = Talk(desk)
    talk.say("HELO example.com")
    assert talk.say("MAIL FROM:<alice@example.com>") == (
        b"550 5.7.1 Sender not acceptable [0123456789]\r\n"
    )


def test_fault_of_a_delivery_is_451_and_not_550() -> None:
    """Different: in Twisted a message that can't be stored is 550, and bounces."""
    talk = Talk()
    talk.say("HELO example.com", "MAIL FROM:<a@b>", "RCPT TO:<b@here.example>", "DATA")

    def broken() -> None:
        raise Refused(Reply(451, "3.0", "x"))

    talk.desk.plans["eom"] = broken
    assert talk.say("Hello", ".").startswith(b"451 ")


def test_timeout_says_goodbye() -> None:
    """Different: twisted.mail's server waits ten minutes, and only since the last octet."""
    talk = Talk()
    talk.hear()
    talk.wait(300)
    assert talk.hear().startswith(b"421 4.4.2 ")
    assert talk.closed


def test_long_line_in_content_is_content() -> None:
    """Different: in Twisted a line beyond 16 KiB ends DATA, and what follows is run."""
    talk = Talk()
    talk.say("HELO example.com", "MAIL FROM:<a@b>", "RCPT TO:<b@here.example>", "DATA")
    talk.send(b"x" * 17_000 + b"\r\nMAIL FROM:<boss@bank.example>\r\n.\r\n")
    assert talk.codes() == ["250"]
    assert talk.desk.told.count("mail") == 1
