"""What the dialogue remembers."""

from collections.abc import Sequence

import pytest
from twisted.internet.task import Clock

from gomail.address import NULL_PATH
from gomail.envelope import NO_PARAMETERS
from gomail.limits import Limits
from gomail.reply import (
    LOCAL_ERROR,
    MAILBOX_FULL,
    NO_SUCH_MAILBOX,
    STORED,
    TOO_BIG,
    Refused,
    Reply,
)
from gomail.smtp.expected import Unexpected
from gomail.smtp.session import Session
from gomail.smtp.transaction import Transaction
from gomail.smtp.verdict import fold
from tests.smtp.desk import Desk
from tests.smtp.talk import CLIENT, Idle, house

ALSO_STORED = Reply(250, "0.0", "Stored, too")


@pytest.fixture
def session() -> Session:
    """Make a session in which content may come."""
    clock = Clock()
    made = Session(CLIENT, Desk(clock), house(clock, Limits(size=10)), Idle())
    made.greet("client.example", esmtp=True)
    made.begin(NULL_PATH, NO_PARAMETERS)
    assert made.transaction is not None
    made.start_content(made.transaction.envelope)
    return made


def test_transactions_have_ids_of_their_own(session: Session) -> None:
    """The session's id, and a number."""
    ids = [session.transaction.envelope.id] if session.transaction else []
    for _ in range(2):
        session.end_transaction()
        session.begin(NULL_PATH, NO_PARAMETERS)
        assert isinstance(session.transaction, Transaction)
        ids.append(session.transaction.envelope.id)
    assert ids == ["0123456789.1", "0123456789.2", "0123456789.3"]


def test_transaction_ends_once(session: Session) -> None:
    """However often it is asked to."""
    for _ in range(3):
        session.end_transaction()
    assert session.delivery.told.count("ended") == 1  # type: ignore[attr-defined]
    assert session.delivery.told.count("lost") == 1  # type: ignore[attr-defined]


def test_content_up_to_the_limit_is_taken(session: Session) -> None:
    """Exactly as much as SIZE says."""
    session.take(b"12345")
    session.take(b"67890")
    assert session.end_content() == STORED
    assert session.messages == 1
    assert session.transaction is None


def test_content_beyond_the_limit_is_refused_at_its_end(session: Session) -> None:
    """An octet more, and nothing of it is kept; far beyond it is noticed."""
    session.take(b"1234567890")
    session.take(b"1")
    assert session.delivery.messages[0].end == "lost"  # type: ignore[attr-defined]
    session.take(b"123456789")
    assert not session.swallowing_too_much
    session.take(b"1")
    assert session.swallowing_too_much
    with pytest.raises(Refused) as caught:
        session.end_content()
    assert caught.value.reply == TOO_BIG
    assert session.messages == 1
    assert session.transaction is None


def test_next_message_knows_nothing_of_a_refused_one(session: Session) -> None:
    """Neither its size nor its verdict."""
    session.take(b"12345678901")
    with pytest.raises(Refused):
        session.end_content()
    session.begin(NULL_PATH, NO_PARAMETERS)
    assert session.transaction is not None
    session.start_content(session.transaction.envelope)
    session.take(b"1234567890")
    assert session.end_content() == STORED


@pytest.mark.parametrize(
    ("replies", "reply"),
    [
        ([STORED], STORED),
        ([ALSO_STORED, STORED], ALSO_STORED),
        ([NO_SUCH_MAILBOX], NO_SUCH_MAILBOX),
        ([NO_SUCH_MAILBOX, MAILBOX_FULL, LOCAL_ERROR], MAILBOX_FULL),
        ([TOO_BIG, NO_SUCH_MAILBOX], TOO_BIG),
        ([STORED, NO_SUCH_MAILBOX], LOCAL_ERROR),
        ([MAILBOX_FULL, STORED], LOCAL_ERROR),
        ((STORED, STORED), STORED),
    ],
)
def test_replies_are_folded(replies: Sequence[Reply], reply: Reply) -> None:
    """One reply for all: no success that is not everybody's, no bounce of what was stored."""
    assert fold(replies, len(replies)) == reply


@pytest.mark.parametrize(
    "verdict",
    [
        [],
        [STORED],
        [STORED] * 3,
        (STORED,),
        [STORED, None],
        [STORED, Refused(NO_SUCH_MAILBOX)],
        [STORED, Reply(354, "", "Go on")],
        pytest.param({STORED, ALSO_STORED}, id="a set"),
        {STORED: 1, ALSO_STORED: 2},
        pytest.param(iter([STORED, STORED]), id="an iterator"),
        range(2),
        Refused(NO_SUCH_MAILBOX),
        Reply(354, "", "Go on"),
        Reply(220, "0.0", "Go on"),
        Reply(221, "0.0", "Bye"),
        Reply(214, "0.0", "Help"),
        None,
        True,
        "ok",
        b"250 ok",
        (250, "ok"),
    ],
    ids=repr,
)
def test_verdict_that_nobody_can_read_stores_nothing(verdict: object) -> None:
    """For two recipients it is one reply, or two; whatever else it is, 250 would be a guess."""
    with pytest.raises(Unexpected, match=r"eomReceived: a Reply of 250, 4yz or 5yz, .* 2 forward"):
        fold(verdict, 2)
