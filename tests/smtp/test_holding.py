"""Clients that do not read what they are told."""

from dataclasses import replace

import pytest

from gomail.limits import Limits
from gomail.reply import Refused, Reply
from gomail.smtp.patience import CLOSE_TIME
from tests.smtp.desk import late
from tests.smtp.talk import CLIENT, Talk, check_left


def test_client_that_does_not_read_is_not_read_either() -> None:
    """Replies that nobody takes stop the reading; when they are gone, it goes on."""
    talk = Talk(room=10, client=replace(CLIENT, trusted=True))
    assert talk.hear() == b"220 here.e"
    talk.send(b"HELP\r\n")
    assert talk.wire.inbox
    talk.wire.room = None
    talk.wire.poll()
    talk.clock.advance(0)
    assert b"214 2.0.0 QUIT\r\n" in talk.hear()
    assert not talk.wire.inbox


@pytest.mark.parametrize("wrapped", [False, True])
def test_e1_client_that_never_reads_is_aborted(*, wrapped: bool) -> None:
    """Sixty seconds for replies to be read, then the connection is dropped."""
    talk = Talk(room=40, wrapped=wrapped, client=replace(CLIENT, trusted=True))
    if wrapped:  # Twisted's buffer, 64 KiB, must be full before anybody complains
        talk.send(*[b"HELP\r\n" * 90 for _ in range(5)])
    else:
        talk.send(b"HELP\r\n")
    talk.wait(59)
    assert not talk.closed
    talk.wait(1)
    assert talk.closed
    assert talk.wire.cuts == 1
    assert talk.end.reason == "the client did not read"


@pytest.mark.parametrize("wrapped", [False, True])
def test_replies_that_wait_arrive_complete(*, wrapped: bool) -> None:
    """A slow reader gets every octet, in order, and then the end."""
    quick = Talk(client=replace(CLIENT, trusted=True), wrapped=wrapped)
    slow = Talk(client=replace(CLIENT, trusted=True), wrapped=wrapped, room=0)
    packets = [b"HELP\r\n" * 90 for _ in range(4)]
    for talk in (quick, slow):
        talk.send(*packets, b"QUIT\r\n")
    for _ in range(10_000):
        if slow.closed:
            break
        slow.wire.room = 100
        slow.wire.poll()
        slow.clock.advance(0)
    assert slow.closed
    assert not slow.wire.cuts
    assert b"".join(slow.wire.sent) == b"".join(quick.wire.sent)
    assert slow.end.reason == ""


def test_unsent_replies_are_bounded() -> None:
    """A client that only asks fills no memory: what it says waits in the kernel."""
    talk = Talk(client=replace(CLIENT, trusted=True))
    talk.wire.room = 0
    talk.send(*[b"HELP\r\n" * 5000] * 3)
    assert len(talk.wire.inbox) == 2
    assert (
        len(talk.wire.dataBuffer)
        + talk.wire._tempDataLen
        + talk.protocol._conversation._door.outbox.unsent
        < 65536
    )


def test_unsent_replies_beyond_the_bound_end_the_session() -> None:
    """Where answers that were under way pile up all the same, the connection is dropped at once."""
    talk = Talk(limits=Limits(unsent=100))
    answers = late(talk.desk, "mail")
    talk.say("EHLO client.example", "MAIL FROM:<a@there.example>")
    talk.wire.room = 0
    talk.protocol._conversation._door.outbox.send(b"x")
    answers[0].errback(Refused(Reply(550, "7.1", "x" * 200)))
    talk.clock.advance(0)
    assert talk.wire.cuts == 1
    check_left(talk, "ehlo=1 mail=0/1", "the client did not read")


def test_last_word_that_nobody_reads_is_still_the_end() -> None:
    """Our goodbye waits for a client that doesn't read, but not for long."""
    talk = Talk(room=0, limits=Limits(unsent=10))
    talk.protocol.leave()
    talk.wait(CLOSE_TIME)
    assert talk.wire.cuts == 1
    assert talk.end.reason == "Shutting down, please try again"


def test_connection_that_is_broken_is_left_to_the_reactor() -> None:
    """A write that finds the connection lost is no fault of ours: the end is told when it comes."""
    talk = Talk()
    talk.wire.broken = True
    talk.send(b"NOOP\r\n")
    talk.leave()
    check_left(talk, "noop=1")


def test_client_that_does_not_close_is_aborted() -> None:
    """Ten seconds after our last word the connection is gone, whatever the other side does."""
    talk = Talk()
    talk.wire.hangs = True
    talk.say("QUIT")
    talk.wait(9)
    assert not talk.closed
    talk.send(b"NOOP\r\n")
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.closed
    assert talk.wire.cuts == 1
    assert talk.end.reason == ""
