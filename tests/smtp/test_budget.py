"""How much nonsense a session may talk (E2, E3)."""

import pytest
from twisted.internet.task import Clock

from gomail.address import Address, Path
from gomail.envelope import Envelope
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reply import (
    LOCAL_ERROR,
    NO_SUCH_MAILBOX,
    NOT_IMPLEMENTED,
    OK,
    SEND_CONTENT,
    SYNTAX_ERROR,
    TOO_MANY_ERRORS,
    TOO_MANY_UNKNOWN,
    UNKNOWN_PARAMETER,
    UNKNOWN_RECIPIENTS_STOPPED,
    UTF8_NEEDED,
    Reply,
)
from gomail.smtp.budget import DELAY, Budget, Judgement
from gomail.smtp.session import Session
from gomail.smtp.transaction import Chunk, Transaction
from tests.smtp.desk import Desk
from tests.smtp.talk import CLIENT, Idle, house

BOB = Path(Address("bob", "here.example"))


def session(verb: bytes, *accepted: Path, opened: bool = True) -> Session:
    """Make a session that has just said *verb*."""
    clock = Clock()
    made = Session(CLIENT, Desk(clock), house(clock), Idle())
    made.verb = verb
    made.transaction = Transaction(Envelope("5e55.1", CLIENT), list(accepted)) if opened else None
    return made


def test_success_and_our_own_faults_cost_nothing() -> None:
    """Ever."""
    budget = Budget(Limits(errors=1, errors_free=0, idle_commands=1000))
    for reply in (OK, LOCAL_ERROR, Reply(421, "3.2", "x"), Reply(554, "6.0", "x")) * 10:
        assert budget.judge(session(b"MAIL"), reply) == Judgement(reply)


@pytest.mark.parametrize("reply", [SYNTAX_ERROR, NOT_IMPLEMENTED, UNKNOWN_PARAMETER])
def test_e2_errors_are_free_then_slow_then_the_end(reply: Reply) -> None:
    """Five, then a second each, then 421 at the fifteenth."""
    budget = Budget(DEFAULT_LIMITS)
    judged = [budget.judge(session(b"NOOP"), reply) for _ in range(15)]
    assert judged[:5] == [Judgement(reply)] * 5
    assert judged[5:14] == [Judgement(reply, DELAY)] * 9
    assert judged[14] == Judgement(TOO_MANY_ERRORS)


def test_e2_small_chunks_are_commands_and_large_ones_content() -> None:
    """A message of any size may come by BDAT, but not octet by octet."""
    budget = Budget(Limits(idle_commands=2, errors_free=0))
    for size in (512, 100_000) * 10:
        chunk = session(b"BDAT")
        chunk.chunk = Chunk(size, last=False)
        assert budget.judge(chunk, OK) == Judgement(OK)
    small, last = session(b"BDAT"), session(b"BDAT")
    small.chunk, last.chunk = Chunk(511, last=False), Chunk(0, last=True)
    assert [budget.judge(small, OK).delay for _ in range(3)] == [0, 0, DELAY]
    assert budget.judge(last, OK) == Judgement(OK)
    assert budget.judge(small, OK) == Judgement(OK)


def test_e3_unknown_recipients_are_free_then_slow_then_the_end() -> None:
    """Four, then a second each, then 421 at the twentieth, where nobody was accepted."""
    for opened in (True, False):
        budget = Budget(DEFAULT_LIMITS)
        judged = [budget.judge(session(b"RCPT", opened=opened), NO_SUCH_MAILBOX) for _ in range(20)]
        assert judged[:4] == [Judgement(NO_SUCH_MAILBOX)] * 4
        assert judged[4:19] == [Judgement(NO_SUCH_MAILBOX, DELAY)] * 15
        assert judged[19] == Judgement(TOO_MANY_UNKNOWN)


def test_e3_guessing_does_not_become_cheap_behind_the_limit() -> None:
    """One good recipient keeps the session open; each guess goes on costing a second."""
    budget = Budget(DEFAULT_LIMITS)
    judged = [budget.judge(session(b"RCPT", BOB), NO_SUCH_MAILBOX) for _ in range(50)]
    assert judged[19:] == [Judgement(UNKNOWN_RECIPIENTS_STOPPED, DELAY)] * 31
    assert budget.judge(session(b"RCPT", BOB), OK) == Judgement(OK)


def test_refusals_of_others_than_recipients_are_no_guesses() -> None:
    """A sender that is refused 550 says nothing about our mailboxes."""
    budget = Budget(Limits(unknown_recipients=1))
    assert budget.judge(session(b"MAIL"), NO_SUCH_MAILBOX) == Judgement(NO_SUCH_MAILBOX)


def test_e2_commands_without_a_message_become_errors() -> None:
    """A hundred, then each is an error; recipients don't count, a message forgives all."""
    budget = Budget(DEFAULT_LIMITS)
    for _ in range(100):
        assert budget.judge(session(b"NOOP"), OK) == Judgement(OK)
        assert budget.judge(session(b"RCPT"), OK) == Judgement(OK)
    for _ in range(5):
        assert budget.judge(session(b"NOOP"), OK) == Judgement(OK)
    assert budget.judge(session(b"NOOP"), OK) == Judgement(OK, DELAY)
    assert budget.judge(session(b"DATA"), SEND_CONTENT) == Judgement(SEND_CONTENT)
    for _ in range(100):
        assert budget.judge(session(b"NOOP"), OK) == Judgement(OK)


def test_e3_addresses_in_other_scripts_are_no_free_guesses() -> None:
    """553 is a refused recipient as 550 is."""
    budget = Budget(DEFAULT_LIMITS)
    judged = [budget.judge(session(b"RCPT"), UTF8_NEEDED) for _ in range(20)]
    assert judged[4:] == [Judgement(UTF8_NEEDED, DELAY)] * 15 + [Judgement(TOO_MANY_UNKNOWN)]
