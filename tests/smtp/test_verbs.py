"""The verb table; what each verb does is in the dialogues."""

from contextlib import suppress

import pytest
from twisted.internet.task import Clock

from gomail.reply import HELLO_FIRST, NOT_HTTP, OK, SYNTAX_ERROR, Refused, Reply
from gomail.smtp.session import Session
from gomail.smtp.transaction import Chunk
from gomail.smtp.verbs import BDAT, UNKNOWN, VERBS, answer, read
from tests.smtp.desk import Desk
from tests.smtp.talk import CLIENT, Idle, house

MANDATORY = {b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"NOOP", b"QUIT", b"VRFY"}


@pytest.fixture
def session() -> Session:
    """Make a session in which nothing was said."""
    clock = Clock()
    return Session(CLIENT, Desk(clock), house(clock), Idle())


def test_what_every_server_must_know_is_known() -> None:
    """RFC 5321 §4.5.1."""
    assert set(VERBS) >= MANDATORY


@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS.values() if verb.needs_greeting and verb is not BDAT]
)
def test_mail_needs_a_greeting(session: Session, verb: object) -> None:
    """RFC 5321 §4.1.4."""
    with pytest.raises(Refused) as caught:
        answer(session, verb, b"")  # type: ignore[arg-type]
    assert caught.value.reply == HELLO_FIRST


@pytest.mark.parametrize("verb", list(VERBS))
def test_session_remembers_the_verb(session: Session, verb: bytes) -> None:
    """In upper case, whatever came; the tally counts by it."""
    with suppress(Refused):
        answer(session, *read(verb.lower() + b" \0"))
    assert session.verb == verb


@pytest.mark.parametrize("line", [b"", b" ", b"\xff", b"XYZZY", b"NOOP\0", b"noop\tx", b"unknown"])
def test_what_is_no_verb_is_unknown(session: Session, line: bytes) -> None:
    """And the tally has one word for all of it."""
    with pytest.raises(Refused) as caught:
        answer(session, *read(line))
    assert caught.value.reply == SYNTAX_ERROR
    assert session.verb == UNKNOWN


@pytest.mark.parametrize(
    "word",
    ["GET", "POST", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI", "get"],
)
def test_browsers_are_told_at_once(session: Session, word: str) -> None:
    """A page that posts commands to port 25 gets none of them run."""
    with pytest.raises(Refused) as caught:
        answer(session, *read(f"{word} / HTTP/1.1".encode()))
    assert caught.value.reply == NOT_HTTP


def test_help_tells_of_every_verb(session: Session) -> None:
    """As it is written."""
    text = answer(session, *read(b"HELP"))
    assert isinstance(text, Reply)
    for verb in VERBS:
        assert verb in text.octets


def test_f6_chunk_of_a_refused_bdat_still_comes(session: Session) -> None:
    """Its octets must not be taken for commands."""
    chunk = answer(session, *read(b"BDAT 10 LAST"))
    assert isinstance(chunk, Chunk)
    assert chunk.size == 10
    assert chunk.refused is not None
    assert chunk.refused.reply == HELLO_FIRST
    assert not session.ending


def test_noop_is_ok(session: Session) -> None:
    """With whatever it says."""
    assert answer(session, *read(b"noop x y z")) == OK
