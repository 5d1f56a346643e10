"""Lines of the log, read as gomail writes them; and those that only look like them."""

import json

import pytest
from hypothesis import given

from gomail.events import (
    Checked,
    ContentDropped,
    Event,
    Junked,
    MessageStored,
    Refusal,
    SessionEnded,
)
from gomail.explaining.catalogue import MEANINGS, by_words
from gomail.explaining.lines import LONGEST, MOST, Line, lines_of, read_line
from gomail.explaining.meaning import Meaning
from gomail.server import lines
from gomail.server.log import EventLog, JsonEventLog
from tests.server.events import CHECKED, CLIENT, ENDED, REFUSED, STORED, any_event

SESSION = CLIENT.session_id
KINDS: dict[type, str] = {
    Refusal: "refused",
    Checked: "checked",
    Junked: "junk",
    MessageStored: "stored",
    ContentDropped: "dropped",
    SessionEnded: "session",
}


def as_text(event: Event) -> str:
    """Write an event as the log does."""
    written: list[str] = []
    EventLog(written.append)(event)
    return "".join(written)


def as_object(event: Event) -> str:
    """Write it as the log in JSON does."""
    written: list[str] = []
    JsonEventLog(written.append)(event)
    return "".join(written)


@given(any_event)
def test_every_line_of_a_session_is_read(event: Event) -> None:
    """Whatever a peer had a hand in; and lines that are of no session are none."""
    kind = KINDS.get(type(event))
    for line in (as_text(event), as_object(event)):
        read = read_line(line, SESSION)
        assert (read and read.kind) == kind
        assert read is None or all(part.isprintable() for part in read if isinstance(part, str))


@pytest.mark.parametrize("write", [as_text, as_object])
def test_refusal_is_taken_apart(write: object) -> None:
    """What was said, what was answered, and the reason, in both formats."""
    assert callable(write)
    read = read_line(write(REFUSED), SESSION)
    assert read is not None
    assert read.said == "'RCPT TO:<no@here.example>'"
    assert (read.code, read.status) == (550, "5.1.1")
    assert read.reply == "No such mailbox here: nobody of that name"
    assert read.time.endswith("Z")
    assert read.message is None


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda each: each.name)
def test_every_refusal_is_known_by_its_line(meaning: Meaning) -> None:
    """With colons in it, or behind a name that has quotes: the words are found."""
    client = CLIENT.named("it's: 550 5.1.1 No such mailbox here", esmtp=True)
    event = Refusal(client, b"MAIL FROM:<'> after 'x': 421 4.7.0 y", meaning.reply, "why: so")
    for line in (as_text(event), as_object(event)):
        read = read_line(line, SESSION)
        assert read is not None
        assert (by_words(read.reply), read.code) == (meaning, meaning.reply.code)


def test_message_and_rule_are_read() -> None:
    """A message has its number in the session; what was checked may name a rule."""
    for write in (as_text, as_object):
        read = read_line(write(CHECKED), SESSION)
        assert read is not None
        assert (read.kind, read.message, read.rule) == ("checked", 1, "dmarc-permerror")
        stored = read_line(write(STORED), SESSION)
        assert stored is not None
        assert "/mail/new/1" in stored.text


def test_worker_and_lack_of_a_time_do_not_matter() -> None:
    """A log of workers has their number, and Twisted's syslog no time."""
    line = lines.text(ENDED)
    assert line is not None
    for text in (f"2026-11-28T12:00:00Z worker 2: {line}", line):
        read = read_line(text, SESSION)
        assert read is not None
        assert read.kind == "session"


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-28T12:00:00Z refused 9999999999 of 192.0.2.1:1 ('0123456789'): 550 5.1.1 x",
        "[1: 192.0.2.1:1] C: refused 0123456789 of 192.0.2.1:1: 550 5.1.1 x",
        "2026-11-28T12:00:00Z trouble: refused 0123456789 of x: 550 5.1.1 x",
        "2026-11-28T12:00:00Z refused 0123456789abc of x: 550 5.1.1 x",
        '{"event": "refused", "session": "9999999999", "said": "0123456789"}',
        '{"event": "trouble", "what": "0123456789"}',
        '{"event": "refused", "session": "0123456789"',
        '{"event": ["refused"], "session": {"0123456789": 1}}',
        "[" * 2000 + "0123456789",
    ],
)
def test_what_only_looks_like_a_line_is_none(line: str) -> None:
    """An id that a peer has said, or that stands in another place, does not count."""
    assert read_line(line, SESSION) is None


def test_line_that_is_broken_is_told_as_it_is() -> None:
    """It is one of the session's, though nobody knows what it says."""
    line = "2026-11-28T12:00:00Z refused 0123456789 of \x1b[2J"
    told = Line("2026-11-28T12:00:00Z", "refused", None, "of \\x1b[2J")
    assert read_line(line, SESSION) == told
    broken = json.dumps({"event": "refused", "session": SESSION, "code": "x", "peer": "\u202e"})
    read = read_line(broken, SESSION)
    assert read is not None
    assert (read.code, read.text) == (None, "of \\u202e")


def test_log_is_bounded() -> None:
    """Neither a long line nor many of them fill the memory."""
    many = [as_text(REFUSED)] * (MOST + 5)
    assert len(list(lines_of(many, SESSION))) == MOST
    [long] = lines_of([as_text(REFUSED) + "x" * (2 * LONGEST)], SESSION)
    assert len(long.reply) < LONGEST


def test_what_a_client_said_is_escaped_whoever_wrote_the_log() -> None:
    """A log that is not ours, or was changed, does nothing to a terminal."""
    text = f"refused {SESSION} of 192.0.2.1:4 after 'RCPT \x1b[2J': 550 5.1.1 No such mailbox here"
    line = read_line(text, SESSION)
    assert line is not None
    assert line.said == "'RCPT \\x1b[2J'"
