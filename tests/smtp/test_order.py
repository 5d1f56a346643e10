"""Who speaks when it is not its turn: before the banner, and behind what must be awaited (F5)."""

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gomail.events import Refusal
from tests.smtp.desk import Desk
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, octets_of

TRUSTED = replace(CLIENT, trusted=True)


def waiting(desk: Desk) -> Deferred[None]:
    """Have the welcome of a client be awaited."""
    answer: Deferred[None] = Deferred()
    desk.plans["greeted"] = lambda _: answer
    return answer


def test_f5_early_talker_is_refused() -> None:
    """It spoke before the banner was due: it hears 554 instead, and nothing of it is run."""
    desk = Desk(Clock())
    answer = waiting(desk)
    talk = Talk(desk)
    # The reading is stopped meanwhile; what was under way all the same counts.
    talk.protocol.dataReceived(b"EHLO client.example\r\n")
    answer.callback(None)
    talk.clock.advance(0)
    assert talk.codes() == ["554"]
    assert talk.closed
    assert desk.told == ["greeted"]
    (refusal,) = talk.told(Refusal)
    assert refusal.reason == "it did not wait for the banner"


@pytest.mark.parametrize("settings", [{"client": TRUSTED}, {"local": True}])
def test_f5_early_talker_of_ours_is_forgiven(settings: dict[str, object]) -> None:
    """Programs of this machine write what they have to say, and read later."""
    desk = Desk(Clock())
    answer = waiting(desk)
    talk = Talk(desk, **settings)  # type: ignore[arg-type]
    talk.protocol.dataReceived(b"NOOP\r\n")
    answer.callback(None)
    talk.clock.advance(0)
    assert talk.codes() == ["220", "250"]


@pytest.mark.parametrize("line", ["EHLO client.example", "HELO client.example", "ehlo x"])
def test_f5_command_behind_a_greeting_is_refused(line: str) -> None:
    """Nobody can know before our reply what we speak."""
    talk = Talk()
    talk.hear()
    talk.send(octets_of([line, *ENVELOPE[1:]]))
    assert talk.codes() == ["554"]
    assert talk.closed
    assert talk.desk.told == ["greeted"]
    (refusal,) = talk.told(Refusal)
    assert refusal.said == line.encode()
    assert refusal.reason == "it did not wait for the reply"


def test_f5_content_behind_data_is_refused() -> None:
    """Nobody can know before the 354 whether it is content."""
    talk = Talk()
    talk.say(*ENVELOPE)
    talk.send(octets_of(["DATA", "Hello", ".", "QUIT"]))
    assert talk.codes() == ["554"]
    assert talk.desk.stored == []
    assert talk.end.verbs == "ehlo=1 mail=1 rcpt=1 data=0/1"


@pytest.mark.parametrize("settings", [{"client": TRUSTED}, {"local": True}])
def test_f5_all_at_once_is_forgiven_to_our_own(settings: dict[str, object]) -> None:
    """A script that is piped into a connection."""
    talk = Talk(**settings)  # type: ignore[arg-type]
    talk.send(octets_of([*ENVELOPE, "DATA", "Hello", ".", "QUIT"]))
    assert talk.codes() == ["220", "250", "250", "250", "354", "250", "221"]
    assert len(talk.desk.stored) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["NOOP", "NOOP"],
        ["VRFY x", "NOOP"],
        ["HELP", "NOOP"],
        ["RSET", "MAIL FROM:<>"],
        ["QUIT", "NOOP"],
        ["XYZZY", "NOOP"],
    ],
)
def test_what_may_be_pipelined_is_answered(lines: list[str]) -> None:
    """And some of what may not: it does no harm (RFC 2920 §3.1)."""
    talk = Talk()
    talk.say("EHLO client.example")
    talk.send(octets_of(lines))
    assert "554" not in talk.codes()
