"""What a session may cost: errors, recipients, messages, and content far too big."""

from dataclasses import replace

import pytest

from gomail.limits import Limits
from gomail.reply import LOCAL_ERROR, NO_SUCH_MAILBOX
from tests.smtp.desk import refuse
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, check_left, in_content


def test_e2_errors_beyond_the_free_ones_cost_a_second() -> None:
    """Meanwhile nothing more is read, and what was pipelined stays in its order."""
    talk = Talk(limits=Limits(errors_free=1))
    talk.hear()
    talk.send(b"X\r\nX\r\nNOOP\r\n", b"NOOP\r\n")
    assert talk.codes() == ["500"]
    assert len(talk.wire.inbox) == 1
    talk.wait(0.9)
    assert talk.hear() == b""
    talk.wait(0.1)
    assert talk.codes() == ["500", "250", "250"]


def test_e3_thirty_stale_recipients_among_a_hundred() -> None:
    """An old mailing list: the seventy who are known get their mail, whatever the thirty cost."""
    talk = Talk()
    talk.desk.plans["rcpt"] = lambda path: (
        refuse(NO_SUCH_MAILBOX)() if path.address.local_part.startswith("old") else None
    )
    talk.say("EHLO client.example", "MAIL FROM:<list@there.example>")
    names = [f"old{n}" if n % 10 < 3 else f"b{n}" for n in range(100)]
    talk.speak(f"RCPT TO:<{name}@here.example>" for name in names)
    talk.wait(30)
    codes = talk.codes()
    assert len(codes) == 100
    assert [code for name, code in zip(names, codes, strict=True) if name[0] == "b"] == ["250"] * 70
    assert [code for code in codes if code != "250"] == ["550"] * 19 + ["452"] * 11
    talk.say("DATA", "Hello", ".")
    ((envelope, _),) = talk.desk.stored
    assert len(envelope.forward_paths) == 70


def test_f7_long_line_behind_many_errors_ends_the_session_a_second_later() -> None:
    """It is an error like any other, and the last."""
    talk = Talk(limits=Limits(errors_free=0))
    talk.send(b"x" * 3000)
    assert not talk.closed
    talk.send(b"x\r\nNOOP\r\n")
    talk.wait(1)
    assert talk.codes() == ["220", "500"]
    assert talk.closed


def test_e9_content_far_beyond_the_limit_is_cut_off() -> None:
    """Up to twice the limit is swallowed and refused; more than that is 421 and the end."""
    talk = in_content(Talk(limits=Limits(size=1000)))
    talk.send(b"x" * 1500)
    assert [message.end for message in talk.desk.messages] == ["lost"]
    talk.send(b"x" * 500)
    assert talk.hear() == b""
    talk.send(b"x", b"\r\n.\r\nNOOP\r\n")
    assert talk.codes() == ["421"]
    assert talk.closed
    check_left(talk, "ehlo=1 mail=1 rcpt=1 data=0/1", "Message far too big")


def test_trusted_client_has_no_budget() -> None:
    """Our own monitoring may err as often as it likes."""
    talk = Talk(client=replace(CLIENT, trusted=True))
    talk.hear()
    talk.send(b"XYZZY\r\n" * 50)
    assert talk.codes() == ["500"] * 50


def test_e4_recipients_are_asked_for_without_end_by_nobody() -> None:
    """Twice as many as a message may have, whatever the replies were, and the session is over."""
    talk = Talk(limits=Limits(recipients=100))
    talk.desk.plans["rcpt"] = refuse(LOCAL_ERROR)
    talk.speak(ENVELOPE[:2])
    talk.hear()
    for _ in range(200):
        assert talk.say("RCPT TO:<b@here.example>").startswith(b"451 ")
    assert talk.say("RCPT TO:<b@here.example>").startswith(b"421 4.7.0 Too many errors")


@pytest.mark.parametrize(("trusted", "code"), [(True, b"250"), (False, b"421")])
def test_messages_of_a_session_are_counted_for_strangers(*, trusted: bool, code: bytes) -> None:
    """Who is trusted has no limit per session."""
    talk = Talk(limits=Limits(messages=1), client=replace(CLIENT, trusted=trusted))
    talk.speak([*ENVELOPE, "DATA", "Hello", "."])
    talk.hear()
    assert talk.say("MAIL FROM:<a@client.example>").startswith(code)
