"""What a client sends ahead of its answers, and when it is looked at."""

from dataclasses import replace

import pytest
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from gomail.reply import NO_SUCH_MAILBOX, STORED
from gomail.smtp.protocol import LINES_A_TURN
from tests.smtp.desk import MANNERS, Desk, late, refuse
from tests.smtp.talk import CLIENT, ENVELOPE, TRANSACTION, Talk, in_content, octets_of, packets_of


@pytest.mark.parametrize("manner", MANNERS)
def test_pipelined_commands_are_answered_in_their_order(manner: str) -> None:
    """However long an answer takes, the next command waits for its turn."""
    talk = Talk(Desk(Clock(), manner))
    talk.desk.plans["rcpt <x@here.example>"] = refuse(NO_SUCH_MAILBOX)
    hi = octets_of([*ENVELOPE, "RCPT TO:<x@here.example>", "DATA", "Hi", "."])
    talk.send(*packets_of(hi + TRANSACTION + b"NOOP\r\nQUIT\r\n"))
    expected = "220 250 250 250 550 354 250 250 250 354 250 250 221"
    assert talk.codes() == expected.split()
    assert [content for _, content in talk.desk.stored] == [b"Hi\r\n", b"Hello\r\n"]
    assert talk.closed


def test_next_message_waits_for_the_verdict() -> None:
    """Content, its dot and the next MAIL in one packet: the first's 250 comes before all else."""
    talk = in_content(Talk())
    verdicts = late(talk.desk, "eom")
    talk.send(b"Hello\r\n.\r\nMAIL FROM:<c@there.example>\r\nNOOP\r\n", b"RSET\r\n")
    assert talk.hear() == b""
    assert talk.desk.told.count("mail") == 1
    verdicts[0].callback(STORED)
    talk.clock.advance(0)
    assert talk.codes() == ["250", "250", "250", "250"]
    assert talk.desk.told.count("mail") == 2


def test_client_that_waits_for_its_answer_costs_no_stop() -> None:
    """Nothing is to come from it meanwhile, so that nothing has to be held up."""
    talk = Talk()
    answers = late(talk.desk, "mail")
    talk.say("EHLO client.example", "MAIL FROM:<a@there.example>")
    assert talk.wire.reading
    answers[0].callback(None)
    talk.clock.advance(0)
    assert talk.codes() == ["250"]
    assert talk.wire.reading
    assert talk.wire.pauses == 0


def test_one_packet_is_taken_while_an_answer_is_awaited() -> None:
    """What a client sends ahead beyond that waits in the kernel, not in our memory."""
    talk = Talk()
    answers = late(talk.desk, "mail")
    talk.say("EHLO client.example", "MAIL FROM:<a@there.example>")
    talk.send(b"NOOP\r\n", b"RSET\r\n")
    assert not talk.wire.reading
    assert len(talk.wire.inbox) == 1
    assert talk.hear() == b""
    answers[0].callback(None)
    talk.clock.advance(0)
    assert talk.codes() == ["250", "250", "250"]
    assert talk.wire.reading


def test_e2_no_packet_is_taken_beside_one_of_which_much_is_left() -> None:
    """Whoever sends so far ahead waits for nothing, and has one packet in our memory, not two."""
    talk = Talk()
    talk.say("EHLO client.example", "MAIL FROM:<a@there.example>")
    answers = late(talk.desk, "rcpt")
    talk.send(b"RCPT TO:<b@here.example>\r\n" + b"NOOP %500d\r\n" % 1 * 9, b"RSET\r\n")
    assert len(talk.wire.inbox) == 1
    answers[0].callback(None)
    talk.clock.pump([0] * 3)
    assert talk.codes() == ["250"] * 11
    assert not talk.wire.inbox


def test_e2_packet_sent_ahead_is_the_last_until_those_before_it_are_answered() -> None:
    """Each answer would let another one in, and memory would grow with the answers."""
    talk = Talk()
    talk.say("EHLO client.example", "MAIL FROM:<a@there.example>")
    answers = late(talk.desk, "rcpt")
    rcpt = b"RCPT TO:<b@here.example>\r\n"
    talk.send(rcpt * 3, *[rcpt * 100] * 3)
    for count in range(1, 4):
        assert len(answers) == count
        assert len(talk.wire.inbox) == 2
        answers[-1].callback(None)
        talk.clock.pump([0] * 3)
    assert talk.codes() == ["250"] * 3
    assert len(talk.wire.inbox) == 1  # the packet after the one that was kept


def test_answers_of_one_packet_are_all_said_before_what_came_ahead() -> None:
    """Also where one of them goes on in the middle of the packet, being known at once."""
    talk = Talk(Desk(Clock(), "ready"))
    talk.clock.advance(0)
    answers = late(talk.desk, "mail")
    talk.desk.manner = "now"
    talk.say("EHLO client.example")
    talk.desk.plans["rcpt"] = lambda _: succeed(None)
    rest = octets_of(["RCPT TO:<b@here.example>", "VRFY a", "HELP RSET"])
    talk.send(b"MAIL FROM:<a@there.example>\r\n" + rest, b"NOOP\r\n")
    answers[0].callback(None)
    talk.clock.pump([0] * 3)
    assert talk.codes() == ["250", "250", "252", "214", "250"]
    assert not talk.closed


def test_content_is_read_on_when_it_has_found_its_way() -> None:
    """A message that is faster than the disk pauses its own session, no longer than needed."""
    talk = in_content(Talk())
    answers = late(talk.desk, "octets")
    talk.send(b"Hello\r\n", b"world\r\n", b".\r\n")
    assert talk.desk.told.count("octets") == 1
    assert len(talk.wire.inbox) == 2
    answers[0].callback(None)
    talk.clock.advance(0)
    assert talk.desk.told.count("octets") == 2
    answers[1].callback(None)
    talk.clock.advance(0)
    # The last line end is held back until it is known not to belong to the dot's line.
    answers[2].callback(None)
    talk.clock.advance(0)
    assert talk.codes() == ["250"]


def test_f7_other_sessions_have_their_turn_after_100_lines() -> None:
    """A packet of empty lines, which anybody can send, stops nobody else for long."""
    talk = Talk(client=replace(CLIENT, trusted=True))
    turns: list[int] = []
    said = 0

    def count() -> None:
        nonlocal said
        replies = sum(each.count(b"\r\n") for each in talk.wire.sent)
        turns.append(replies - said)
        said = replies
        if talk.wire.inbox or not talk.wire.reading:
            talk.clock.callLater(0, count)

    count()
    talk.wire.inbox.append(b"\r\n" * 1000)
    talk.clock.callLater(0, count)
    talk.wire.poll()
    talk.clock.advance(0)
    talk.clock.advance(0)
    assert sum(turns[1:]) <= 1000
    assert max(turns[1:]) <= LINES_A_TURN
    assert talk.wire.pauses == 1000 / LINES_A_TURN
    assert talk.codes()[1:] == ["500"] * 1000


def test_f7_answers_that_are_ready_do_not_cheat_the_others_of_their_turn() -> None:
    """Coroutines that wait for nothing count like values."""
    desk = Desk(Clock(), "ready")
    talk = Talk(desk, client=replace(CLIENT, trusted=True))
    talk.say("EHLO client.example")
    held: list[int] = []
    desk.plans["mail"] = lambda *_: held.append(len(desk.told))
    at_once: list[int] = []
    talk.wire.inbox.append(b"MAIL FROM:<>\r\nRSET\r\n" * 200)
    talk.protocol.dataReceived(talk.wire.inbox.popleft())
    at_once.append(len(held))
    talk.clock.advance(0)
    assert at_once[0] <= LINES_A_TURN / 2
    assert len(held) == 200
