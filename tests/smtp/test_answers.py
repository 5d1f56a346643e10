"""A delivery that fails, that never answers, or that says no in the middle."""

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent

from gomail.events import Refusal
from gomail.reply import LOCAL_ERROR, MAILBOX_FULL, STORED, Refused, Reply
from gomail.smtp.turns import ANSWER_TIME, VERDICT_TIME
from tests.smtp.desk import MANNERS, Desk, late, raising, refuse
from tests.smtp.talk import ENVELOPE, TRANSACTION, Talk, in_content, octets_of, packets_of
from tests.smtp.wire import logged_failures


def told(failures: list[LogEvent]) -> str:
    """Give the one line of the log that says what failed, and its error."""
    [event] = failures
    return f"{formatEvent(event)}: {event['log_failure'].getErrorMessage()}"


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("question", ["greeted", "mail", "rcpt", "data", "octets", "eom"])
def test_fault_of_the_delivery_is_451(question: str, manner: str, failures: list[LogEvent]) -> None:
    """What goes wrong with us is logged with its traceback; the client hears: try again."""
    desk = Desk(Clock(), manner)
    desk.plans[question] = raising(OSError("secret"))
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
    talk = Talk()
    talk.say(*ENVELOPE, "RCPT TO:<bob@here.example>", "DATA")
    talk.desk.plans["eom"] = lambda: [STORED, MAILBOX_FULL]
    talk.send(b".\r\n")
    assert talk.codes() == ["451"]


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("greeted", "the connection (greeted)"),
        ("mail", "MAIL (validateFrom)"),
        ("rcpt", "RCPT (validateTo)"),
        ("data", "DATA (messageStarted)"),
    ],
)
def test_answer_that_never_comes_is_451(
    question: str, named: str, failures: list[LogEvent]
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
    talk.wait(ANSWER_TIME - 1)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.codes()[0] == "451"
    assert told(failures) == f"{named} failed [0123456789]: it took too long"
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
    assert told(failures) == (
        "the end of content (eomReceived) failed [0123456789]: it took too long"
    )
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
    assert told(failures) == (
        "octetsReceived failed [0123456789]: it took too long, or was cancelled"
    )
    assert [message.end for message in talk.desk.messages] == ["lost"]


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


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("given", [None, STORED, True, "a message"], ids=repr)
def test_delivery_that_gives_no_message_gets_no_content(
    given: object, manner: str, failures: list[LogEvent]
) -> None:
    """DATA is answered 451, and nothing follows that could be lost."""
    desk = Desk(Clock(), manner)
    desk.plans["data"] = lambda *_: given
    talk = Talk(desk)
    talk.speak([*ENVELOPE, "DATA"])
    assert talk.codes()[-1] == "451"
    assert told(failures) == (
        "DATA (messageStarted) failed [0123456789]: Desk.messageStarted: "
        f"an IMessage was expected, not {given!r}"
    )


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("given", [Reply(550, "7.1", "No"), False, Refused(MAILBOX_FULL)], ids=repr)
@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("mail", "MAIL (validateFrom) failed [0123456789]: Desk.validateFrom"),
        ("rcpt", "RCPT (validateTo) failed [0123456789]: Desk.validateTo"),
        ("octets", "octetsReceived failed [0123456789]: Parcel.octetsReceived"),
    ],
)
def test_policy_that_gives_its_refusal_welcomes_nobody(
    question: str, named: str, given: object, manner: str, failures: list[LogEvent]
) -> None:
    """A refusal is raised; where it is given instead, the sender tries again, and the log knows."""
    desk = Desk(Clock(), manner)
    desk.plans[question] = lambda *_: given
    talk = Talk(desk)
    talk.speak(ENVELOPE[:1])
    talk.send(*packets_of(TRANSACTION if question == "octets" else octets_of(ENVELOPE[1:])))
    assert "451" in talk.codes()
    assert desk.stored == []
    looks = "a Refused" if isinstance(given, Refused) else repr(given)
    assert told(failures) == f"{named}: None (or Refused, raised) was expected, not {looks}"


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("greeting", ["the connection", "EHLO"])
def test_client_is_not_welcomed_by_a_reply(
    greeting: str, manner: str, failures: list[LogEvent]
) -> None:
    """Whoever gives a refusal to a greeting, and does not raise it, has not welcomed anybody."""
    given = [None, STORED] if greeting == "EHLO" else [STORED]
    desk = Desk(Clock(), manner)
    desk.plans["greeted"] = lambda *_: given.pop(0)
    talk = Talk(desk)
    if greeting == "EHLO":
        talk.speak(ENVELOPE[:1])
    assert talk.codes()[-1] == "451"
    assert told(failures) == (
        f"{greeting} (greeted) failed [0123456789]: Desk.greeted: "
        f"None (or Refused, raised) was expected, not {STORED!r}"
    )


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("verdict", [[STORED], [STORED] * 3, [], Reply(354, "", "Go on")], ids=repr)
def test_verdict_that_is_none_is_451(
    verdict: object, manner: str, failures: list[LogEvent]
) -> None:
    """Two recipients have one reply, or two, and none of them tells the client to go on."""
    desk = Desk(Clock(), manner)
    desk.plans["eom"] = lambda: verdict
    talk = Talk(desk)
    talk.speak([*ENVELOPE, "RCPT TO:<bob@here.example>", "DATA"])
    talk.hear()
    talk.send(b"Hello\r\n.\r\nNOOP\r\n")
    talk.wait(1)
    assert talk.codes() == ["451", "250"]
    looks = repr(verdict) if isinstance(verdict, Reply) else f"a list of {len(verdict)}"  # type: ignore[arg-type]
    assert told(failures) == (
        "the end of content (eomReceived) failed [0123456789]: Parcel.eomReceived: a Reply of 250, "
        f"4yz or 5yz, or one for each of 2 forward-path(s), was expected, not {looks}"
    )


def test_faults_while_throwing_away_cost_nothing_more(failures: list[LogEvent]) -> None:
    """A delivery that can't clean up is logged; the session ends, and is counted as ended."""
    broken = raising(OSError("no"))
    talk = in_content(Talk())
    talk.desk.plans.update(lost=broken, ended=broken)
    talk.send(b"Hello\r\n")
    talk.leave()
    assert talk.end.reason == "the client left"
    assert len(failures) == 2


def test_fault_after_storing_does_not_take_the_250_back(failures: list[LogEvent]) -> None:
    """What is stored is stored, even if the delivery trips over its own feet afterwards."""
    talk = in_content(Talk())
    talk.desk.plans["ended"] = raising(OSError("no"))
    talk.send(b"Hello\r\n.\r\n")
    assert talk.codes() == ["250"]
    assert len(failures) == 1


@pytest.mark.parametrize("stays", [True, False])
def test_refusal_that_is_none_ends_the_session(*, stays: bool) -> None:
    """A delivery that refuses with nonsense, late, costs this session, and nothing else."""
    refused = Refused(LOCAL_ERROR)
    refused.reply = "no thanks"  # type: ignore[assignment]  # none can be made so
    desk = Desk(Clock())
    answers = late(desk, "mail")
    talk = Talk(desk)
    talk.speak(ENVELOPE[:2])
    if not stays:
        talk.leave()
    with logged_failures() as logged:
        answers[0].errback(refused)
    talk.clock.advance(0)
    assert len(logged) == 1
    assert talk.over == [talk.protocol]
