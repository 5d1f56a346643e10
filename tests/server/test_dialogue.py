"""Dialogues live: sessions have numbers, and lines can't break."""

from dataclasses import replace

from hypothesis import given

from gomail.events import Event, Said, SessionStarted
from gomail.server.dialogue import Dialogue
from tests.server.events import CLIENT, ENDED, STORED, any_event


def written(*events: Event) -> list[str]:
    """Give the lines of *events*."""
    lines: list[str] = []
    dialogue = Dialogue(lines.append)
    for event in events:
        dialogue(event)
    return lines


def test_session_is_told_from_its_beginning_to_its_end() -> None:
    """Every line stands behind the session's number and the peer; content is only mentioned."""
    other = replace(CLIENT, session_id="other", address="2001:db8::1")
    assert written(
        SessionStarted(CLIENT),
        SessionStarted(other),
        Said(CLIENT, "S", b"220 mx.example ESMTP"),
        Said(CLIENT, "C", b"MAIL FROM:<>"),
        Said(other, "C", b"NOOP"),
        STORED,
        ENDED,
        Said(CLIENT, "C", b"too late"),
    ) == [
        "[1: 192.0.2.1:40695] connected",
        "[2: [2001:db8::1]:40695] connected",
        "[1: 192.0.2.1:40695] S: 220 mx.example ESMTP",
        "[1: 192.0.2.1:40695] C: MAIL FROM:<>",
        "[2: [2001:db8::1]:40695] C: NOOP",
        "[1: 192.0.2.1:40695] (1234 octets of content)",
        "[1: 192.0.2.1:40695] closed",
        "[?: 192.0.2.1:40695] C: too late",
    ]


def test_long_line_is_cut() -> None:
    """Nobody reads more than 200 octets of a line."""
    (line,) = written(Said(CLIENT, "C", b"x" * 201))
    assert line.endswith("C: " + "x" * 200 + "...")


@given(any_event)
def test_n5_any_event_is_printable_ascii(event: Event) -> None:
    """The terminal that follows a dialogue is told nothing by the peer (N5)."""
    assert all(line.isascii() and line.isprintable() for line in written(event))
