"""A session's turns, holds, clocks and ends, over Twisted's own buffers and the test's clock."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.task import Clock
from twisted.logger import LogEvent
from zope.interface.verify import verifyObject

from gomail.events import Refusal, Said, SessionEnded, SessionStarted
from gomail.limits import Limits
from gomail.reply import (
    LOCAL_ERROR,
    MAILBOX_FULL,
    NO_SUCH_MAILBOX,
    STORED,
    Refused,
    Reply,
)
from gomail.smtp.patience import CLOSE_TIME
from gomail.smtp.protocol import LINES_A_TURN
from gomail.smtp.turns import ANSWER_TIME, VERDICT_TIME
from tests.smtp.desk import MANNERS, Desk, Parcel
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, in_content, octets_of, packets_of
from tests.smtp.transcript import refuse
from tests.smtp.wire import logged_failures

TRANSACTION = octets_of([*ENVELOPE[1:], "DATA", "Hello", "."])


@pytest.fixture
def failures() -> Iterator[list[LogEvent]]:
    """Collect what is logged as a failure of ours."""
    with logged_failures() as logged:
        yield logged


def late(desk: Desk, name: str) -> list[Deferred[Any]]:
    """Let the question *name* be answered by the Deferreds that this list gets."""
    asked: list[Deferred[Any]] = []

    def plan(*_: object) -> Deferred[Any]:
        asked.append(Deferred())
        return asked[-1]

    desk.plans[name] = plan
    return asked


# Turns


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


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("question", ["greeted", "mail", "rcpt", "data", "octets", "eom"])
def test_fault_of_the_delivery_is_451(question: str, manner: str, failures: list[LogEvent]) -> None:
    """What goes wrong with us is logged with its traceback; the client hears: try again."""
    desk = Desk(Clock(), manner)

    def broken(*_: object) -> None:
        raise OSError("secret")

    desk.plans[question] = broken
    talk = Talk(desk)
    talk.speak(["EHLO client.example"])
    talk.send(
        *packets_of(
            TRANSACTION if question in {"octets", "eom"} else octets_of([*ENVELOPE[1:], "DATA"])
        )
    )
    said = talk.hear()
    assert b"451 4.3.0 Local error" in said
    assert b"secret" not in said
    assert failures
    assert {event["log_failure"].type for event in failures} == {OSError}
    assert talk.desk.stored == []
    talk.leave()
    assert "OSError" in talk.told(Refusal)[0].reason


def test_answer_that_is_none_is_451(failures: list[LogEvent]) -> None:
    """A delivery that forgets to give a reply has stored nothing, as far as anybody knows."""
    talk = in_content(Talk())
    talk.desk.plans["eom"] = lambda: None
    talk.send(b".\r\n")
    assert talk.codes() == ["451"]
    assert len(failures) == 1


def test_replies_for_several_recipients_are_folded() -> None:
    """One recipient's mailbox is full, the other's not: the client tries again."""
    talk = in_content(Talk())
    talk.desk.plans["eom"] = lambda: [STORED, MAILBOX_FULL]
    talk.send(b".\r\n")
    assert talk.codes() == ["451"]


@pytest.mark.parametrize(
    ("question", "seconds"),
    [("greeted", ANSWER_TIME), ("mail", ANSWER_TIME), ("rcpt", ANSWER_TIME), ("data", ANSWER_TIME)],
)
def test_answer_that_never_comes_is_451(
    question: str, seconds: float, failures: list[LogEvent]
) -> None:
    """A delivery that hangs does not hang the client: there is a deadline (RFC 5321 §4.5.3.2)."""
    desk = Desk(Clock())
    late(desk, question)
    talk = Talk(desk)
    if question != "greeted":
        talk.speak(["EHLO client.example"])
        del desk.plans[question]
        late(desk, question)
        talk.speak([*ENVELOPE[1:], "DATA"])
    talk.hear()
    talk.wait(seconds - 1)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.codes()[0] == "451"
    assert len(failures) == 1
    talk.leave()
    assert len(talk.over) == 1
    assert not talk.clock.getDelayedCalls()


def test_verdict_that_never_comes_is_451(failures: list[LogEvent]) -> None:
    """A disk that hangs is 451 after four minutes; the client keeps the message."""
    talk = in_content(Talk())
    late(talk.desk, "eom")
    talk.send(b"Hello\r\n.\r\nNOOP\r\n")
    talk.wait(VERDICT_TIME - 1)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.codes() == ["451", "250"]
    assert len(failures) == 1
    assert talk.desk.told.count("ended") == 1


def test_content_that_never_finds_its_way_is_451(failures: list[LogEvent]) -> None:
    """A spool that hangs is given up after four minutes; what follows is swallowed to its end."""
    talk = in_content(Talk())
    late(talk.desk, "octets")
    talk.send(b"Hello\r\n", b"world\r\n.\r\nNOOP\r\n")
    talk.wait(VERDICT_TIME - 1)
    assert talk.hear() == b""
    assert not talk.wire.reading
    talk.wait(1)
    assert talk.codes() == ["451", "250"]
    assert len(failures) == 1
    assert [message.end for message in talk.desk.messages] == ["lost"]


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


@pytest.mark.parametrize("manner", MANNERS)
def test_verdict_in_the_middle_of_content_waits_for_its_end(manner: str) -> None:
    """What follows a refusal is swallowed, not run; the reply comes behind the true end."""
    desk = Desk(Clock(), manner)
    desk.plans["octets"] = refuse(Reply(554, "6.0", "Not that"))
    talk = in_content(Talk(desk))
    talk.send(b"Hello\r\n", b"QUIT\r\n", b".\n", b"more\r\n")
    assert talk.hear() == b""
    assert [message.end for message in desk.messages] == ["lost"]
    assert desk.told.count("octets") == 1
    talk.send(b".\r\nNOOP\r\n")
    assert talk.codes() == ["554", "250"]
    assert "eom" not in desk.told
    assert desk.told.count("ended") == 1


def test_delivery_that_gives_no_message_stores_nothing() -> None:
    """A delivery whose DATA was answered without a message gets no content, and the client 451."""
    talk = Talk()
    talk.desk.plans["data"] = lambda *_: None
    in_content(talk)
    talk.send(b"Hello\r\n.\r\n")
    assert talk.codes() == ["451"]


def test_faults_while_throwing_away_cost_nothing_more(failures: list[LogEvent]) -> None:
    """A delivery that can't clean up is logged; the session ends, and is counted as ended."""

    def broken(*_: object) -> None:
        raise OSError("no")

    talk = in_content(Talk())
    talk.desk.plans.update(lost=broken, ended=broken)
    talk.send(b"Hello\r\n")
    talk.leave()
    assert talk.end.reason == "the client left"
    assert len(failures) == 2


def test_fault_after_storing_does_not_take_the_250_back(failures: list[LogEvent]) -> None:
    """What is stored is stored, even if the delivery trips over its own feet afterwards."""

    def broken() -> None:
        raise OSError("no")

    talk = in_content(Talk())
    talk.desk.plans["ended"] = broken
    talk.send(b"Hello\r\n.\r\n")
    assert talk.codes() == ["250"]
    assert len(failures) == 1


# The client leaves


def check_left(talk: Talk, verbs: str, reason: str = "the client left") -> None:
    """See that a session that broke off was closed once, completely."""
    assert talk.end.reason == reason
    assert talk.end.verbs == verbs
    asked = talk.desk.told
    assert asked.count("ended") <= asked.count("mail")
    assert all(message.end for message in talk.desk.messages)
    assert not talk.clock.getDelayedCalls()


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
        answers[0].callback(STORED)
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


# Holding


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


def test_client_leaves_while_others_have_their_turn() -> None:
    """What it had still to say is not run."""
    talk = Talk()
    talk.protocol.dataReceived(b"NOOP\r\n" * 150)
    talk.leave()
    check_left(talk, "noop=100")


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


# Errors that cost time


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


# The clocks


def test_e1_command_must_come_within_five_minutes() -> None:
    """RFC 5321 §4.5.3.2.7."""
    talk = Talk()
    talk.hear()
    talk.wait(299)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.codes() == ["421"]
    assert talk.closed
    assert talk.end.reason == "Timed out waiting for you"


def test_e1_octets_of_half_a_command_do_not_extend_its_time() -> None:
    """A client that sends an octet every ten seconds has no longer than another."""
    talk = Talk()
    talk.hear()
    for _ in range(30):
        talk.send(b"x")
        talk.wait(10)
    assert talk.codes() == ["421"]


def test_complete_command_begins_a_new_time() -> None:
    """A client that speaks every four minutes may stay, until it was too long without mail."""
    talk = Talk()
    talk.hear()
    for _ in range(4):
        talk.wait(240)
        assert talk.say("NOOP").startswith(b"250")
    talk.wait(239)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Too long without a message")


def test_open_transaction_stops_the_clock_of_those_without() -> None:
    """Twenty minutes count only while no transaction is open; a message begins them anew."""
    talk = Talk()
    talk.say(*ENVELOPE)
    for _ in range(6):
        talk.wait(290)
        assert talk.say("NOOP").startswith(b"250")
    talk.say("DATA", "Hello", ".")
    for _ in range(4):
        talk.wait(290)
        assert talk.say("NOOP").startswith(b"250")
    talk.wait(40)
    assert talk.codes() == ["421"]


@pytest.mark.parametrize("last", [(b"DATA\r\n", b"Hello\r\n.\r\n"), (b"BDAT 5 LAST\r\nHe", b"llo")])
def test_message_in_few_packets_begins_that_time_anew_as_well(last: tuple[bytes, bytes]) -> None:
    """A transaction may begin and come to its content in one packet, and was open all the same."""
    talk = Talk()
    talk.say("EHLO client.example")
    for _ in range(6):
        command, content = last
        talk.send(octets_of(ENVELOPE[1:]) + command, content)
        assert talk.codes()[-1] == "250"
        talk.wait(290)
    assert len(talk.desk.stored) == 6
    assert talk.hear() == b""


def test_chunks_outside_a_transaction_do_not_stop_that_time() -> None:
    """They bring no message."""
    talk = Talk(client=replace(CLIENT, trusted=True))
    talk.say("EHLO client.example")
    for _ in range(4):
        talk.wait(290)
        talk.send(b"BDAT 5 LAST\r\nHe", b"llo")
        assert talk.codes() == ["503"]
    talk.wait(41)
    assert talk.codes() == ["421"]


def test_our_own_time_does_not_count() -> None:
    """While the client waits for us its clocks stand still; afterwards it has its full time."""
    talk = Talk()
    talk.hear()
    answers = late(talk.desk, "greeted")
    for _ in range(8):
        talk.wait(290)
        talk.send(b"EHLO client.example\r\n")
        talk.wait(50)
        answers[-1].callback(None)
        talk.clock.advance(0)
        said = talk.codes()
        if said != ["250"]:
            break
        if len(answers) == 4:
            break
    assert talk.clock.seconds() == 4 * 340
    talk.wait(39)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Too long without")


def test_command_time_begins_with_our_reply() -> None:
    """An answer that took a minute leaves the client five, not six."""
    talk = Talk()
    answers = late(talk.desk, "mail")
    talk.say("EHLO client.example", "MAIL FROM:<a@there.example>")
    talk.wait(50)
    answers[0].callback(None)
    talk.hear()
    talk.wait(299)
    assert not talk.closed
    talk.wait(1)
    assert talk.codes() == ["421"]


def test_e1_content_may_pause_for_three_minutes() -> None:
    """RFC 5321 §4.5.3.2.5."""
    talk = in_content(Talk())
    talk.send(b"x" * 200_000)
    talk.wait(179)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Timed out")
    assert talk.closed
    assert [message.end for message in talk.desk.messages] == ["lost"]
    assert talk.end.verbs == "ehlo=1 mail=1 rcpt=1 data=0/1"


def test_e1_content_has_a_least_rate_after_a_minute() -> None:
    """500 octets a second over the whole time: a trickle is cut off."""
    talk = in_content(Talk())
    for _ in range(59):
        talk.send(b"x" * 10)
        talk.wait(1)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Content comes too slowly")


def test_e1_content_that_keeps_the_rate_may_go_on() -> None:
    """Slowly, but not too slowly; then too slowly."""
    talk = in_content(Talk())
    for _ in range(300):
        talk.send(b"x" * 501)
        talk.wait(1)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Content comes too slowly")


def test_e1_content_has_an_hour() -> None:
    """However fast it came, and comes."""
    talk = in_content(Talk())
    talk.send(b"x" * 4_000_000)
    for _ in range(35):
        talk.wait(100)
        talk.send(b"x")
    talk.wait(99)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Content comes too slowly")
    assert talk.clock.seconds() == 3600


def test_time_of_the_disk_is_not_the_clients() -> None:
    """While content waits for the disk, neither its pause nor its rate counts."""
    talk = in_content(Talk())
    answers = late(talk.desk, "octets")
    talk.send(b"x" * 10)
    talk.wait(200)
    answers[0].callback(None)
    talk.clock.advance(0)
    talk.wait(59)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Content comes too slowly")


def test_354_that_came_late_leaves_the_client_its_time() -> None:
    """Content's clocks begin with the 354, however long it took us."""
    talk = Talk()
    answers = late(talk.desk, "data")
    in_content(talk)
    talk.wait(50)
    answers[0].callback(Parcel(talk.desk, None))  # type: ignore[arg-type]
    talk.clock.advance(0)
    assert talk.codes() == ["354"]
    talk.wait(59)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.codes() == ["421"]


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


# The end


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
    answers[0].callback(STORED)
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


# What is told


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


def raising(error: Exception) -> Callable[..., None]:
    """Give a plan that raises *error*."""

    def plan(*_: object) -> None:
        raise error

    return plan


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


def test_trusted_client_has_no_budget() -> None:
    """Our own monitoring may err as often as it likes."""
    talk = Talk(client=replace(CLIENT, trusted=True))
    talk.hear()
    talk.send(b"XYZZY\r\n" * 50)
    assert talk.codes() == ["500"] * 50


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


@pytest.mark.parametrize("stays", [True, False])
def test_refusal_that_is_none_ends_the_session(*, stays: bool) -> None:
    """A delivery that refuses with nonsense, late, costs this session, and nothing else."""
    desk = Desk(Clock())
    answers = late(desk, "mail")
    talk = Talk(desk)
    talk.speak(ENVELOPE[:2])
    if not stays:
        talk.leave()
    with logged_failures() as logged:
        answers[0].errback(Refused("no thanks"))  # type: ignore[arg-type]
    talk.clock.advance(0)
    assert len(logged) == 1
    assert talk.over == [talk.protocol]


def test_e4_recipients_are_asked_for_without_end_by_nobody() -> None:
    """Twice as many as a message may have, whatever the replies were, and the session is over."""
    desk = Desk(Clock())

    def refuse(_: object) -> None:
        raise Refused(LOCAL_ERROR)

    desk.plans["rcpt"] = refuse
    talk = Talk(desk, limits=Limits(recipients=100))
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
