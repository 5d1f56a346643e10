"""The end of a session under TLS: who closes first, and what is heard before."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gomail.reply import STORED, Reply
from gomail.smtp.patience import CLOSE_TIME
from tests.smtp.desk import Desk, refuse
from tests.smtp.talk import ENVELOPE, Talk, octets_of, ready


def test_server_that_leaves_does_not_wait_for_a_handshake() -> None:
    """Nor does it say so in plaintext."""
    talk = ready()
    talk.protocol.leave()
    talk.wait(1)
    assert talk.closed
    assert talk.hear() == b""
    assert talk.end.reason == "aborted"


def test_server_that_leaves_says_so_under_tls() -> None:
    """To an idle client."""
    talk = ready()
    talk.encrypt()
    talk.protocol.leave()
    assert talk.hear().startswith(b"421 4.3.2 ")


def test_server_that_leaves_while_the_client_is_greeted_again_says_so_then() -> None:
    """The answer that is awaited comes first, and there is nothing to say to it."""
    talk = ready()
    answer: Deferred[None] = Deferred()
    talk.desk.plans["greeted"] = lambda _: answer
    talk.encrypt()
    talk.protocol.leave()
    assert talk.hear() == b""
    answer.callback(None)
    assert talk.hear().startswith(b"421 4.3.2 ")


def test_nothing_behind_our_last_word_is_looked_at_under_tls() -> None:
    """Twisted goes on to hand octets over after loseConnection, also of later records."""
    talk = ready()
    talk.encrypt()
    talk.hear()
    tls = talk.tls
    assert tls is not None
    tls.send(octets_of(["EHLO client.example"]))
    tls.send(octets_of(["NOOP", "QUIT", *ENVELOPE[1:]]))
    tls.send(octets_of(ENVELOPE))
    tls.exchange()
    assert talk.codes()[-2:] == ["250", "221"]
    assert talk.desk.told.count("mail") == 0


def test_content_behind_our_last_word_is_not_looked_at_under_tls() -> None:
    """As of a client that goes on and on after 421."""
    talk = ready()
    talk.encrypt()
    talk.say(*ENVELOPE, "DATA")
    talk.wait(200)
    assert talk.hear().startswith(b"421")
    before = len(talk.desk.told)
    tls = talk.tls
    assert tls is not None
    tls.send(b"x" * 100_000)
    tls.exchange()
    assert len(talk.desk.told) == before
    assert talk.desk.messages[0].content == b""


def test_close_notify_that_never_comes_is_not_waited_for() -> None:
    """Twisted would, for ever (its issue 7926)."""
    talk = ready()
    tls = talk.encrypt()
    tls.send(octets_of(["QUIT"]))  # and then it says nothing, not even goodbye
    talk.clock.advance(0)
    talk.wire.inbox.extend(tls.out)
    talk.wire.poll()
    talk.clock.advance(0)
    assert not talk.closed
    talk.clock.pump([1] * CLOSE_TIME)
    assert talk.closed
    assert talk.wire.cuts == 1
    assert talk.end.reason == ""


def test_refusal_that_a_delay_holds_back_does_not_leave_after_the_end() -> None:
    """The session is over before the second is."""
    talk = ready()
    talk.encrypt()
    talk.desk.plans["mail"] = refuse(Reply(501, "1.7", "x"))
    for _ in range(6):
        talk.say("MAIL FROM:<>")
    talk.leave()
    talk.clock.pump([1, 1])
    assert talk.closed


def parting(*lines: str, manner: str = "now") -> tuple[Talk, Deferred[Reply]]:
    """Have a client send a message and *lines*, and close its side of TLS in the same packet."""
    talk = ready(desk=Desk(Clock(), manner))
    verdict: Deferred[Reply] = Deferred()
    talk.desk.plans["eom"] = lambda: verdict
    talk.encrypt()
    talk.say(*ENVELOPE)
    tls = talk.tls
    assert tls is not None
    tls.send(octets_of(["BDAT 7 LAST", "Hello", *lines]))
    tls.tls.loseConnection()
    tls.exchange()
    return talk, verdict


@pytest.mark.parametrize("manner", ["now", "deferred"])
def test_client_that_closes_its_side_behind_quit_hears_the_replies(manner: str) -> None:
    """As Exim does: its 250 must not be lost, or it sends the message again (RFC 8446 §6.1)."""
    talk, verdict = parting("QUIT", manner=manner)
    assert not talk.closed
    verdict.callback(STORED)
    assert talk.codes() == ["250", "221"]
    talk.clock.pump([0, 0])
    assert talk.closed
    assert not talk.wire.cuts
    assert talk.end.reason == ""


def test_client_that_closes_its_side_behind_many_commands_hears_every_reply() -> None:
    """Also where an answer is known at once and goes on in the middle of the packet."""
    talk, verdict = parting(*ENVELOPE[1:], "VRFY a", "RSET")
    talk.desk.manner = "ready"
    verdict.callback(STORED)
    talk.clock.pump([0, 0])
    assert talk.codes() == ["250", "250", "250", "252", "250"]
    assert talk.closed


def test_client_that_closes_its_side_behind_a_message_hears_the_verdict() -> None:
    """And then it is gone, without a word of ours that nobody asked for."""
    talk, verdict = parting()
    verdict.callback(STORED)
    assert talk.codes() == ["250"]
    talk.clock.pump([0, 0])
    assert talk.closed
    assert talk.end.reason == "the client left"


def test_client_that_closes_its_side_and_waits_for_nothing_is_gone_at_once() -> None:
    """There is nothing to say to it."""
    talk = ready()
    tls = talk.encrypt()
    tls.tls.loseConnection()
    tls.exchange()
    assert talk.closed
    assert talk.end.reason == "the client left"


@pytest.mark.parametrize("before", [96, 97])
def test_goodbye_behind_the_hundredth_line_is_heard(before: int) -> None:
    """Other sessions have their turn there, and the client is not kept waiting for it."""
    talk = ready()
    tls = talk.encrypt()
    tls.send(octets_of(["NOOP"] * before + ["QUIT"]))
    tls.tls.loseConnection()
    tls.exchange()
    assert talk.codes()[-1] == "221"
    talk.clock.pump([0, 0])
    assert talk.closed
    assert not talk.wire.cuts


def test_nothing_behind_our_last_word_is_kept_under_tls() -> None:
    """A client that goes on and on fills no memory."""
    talk = ready()
    tls = talk.encrypt()
    tls.send(octets_of(["QUIT"]))
    talk.wire.inbox.extend(tls.out)
    tls.out.clear()
    talk.wire.poll()
    talk.clock.advance(0)
    for _ in range(20):
        tls.send(b"NOOP\r\n" * 1000)
    talk.wire.inbox.extend(tls.out)
    talk.wire.poll()
    talk.clock.advance(0)
    assert not talk.closed
    assert talk.protocol.clearLineBuffer() == b""


def test_e1_client_that_makes_tls_talk_and_never_reads_is_aborted() -> None:
    """TLS answers a peer by itself; what that leaves unread counts as our replies do."""
    talk = ready()
    talk.encrypt()
    talk.hear()
    talk.wire.room = 0
    talk.wire.protocol.transport.write(b"x" * 200_000)  # type: ignore[attr-defined]  # as TLS does
    assert not talk.wire.reading
    talk.clock.pump([1] * 61)
    assert talk.closed
    assert talk.end.reason == "the client did not read"


def test_aborting_what_is_lost_already_does_nothing() -> None:
    """A message past its end is still waited for, and the server may be told to abort twice."""
    talk, verdict = parting("NOOP")
    talk.leave()
    talk.protocol.abort()
    talk.protocol.abort()
    assert not talk.over
    verdict.callback(STORED)
    assert talk.over == [talk.protocol]
