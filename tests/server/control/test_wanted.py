"""Which events a follower wants."""

import pytest

from gomail.events import MessageStored, Said, SessionStarted
from gomail.server.control.plain import Plain, plain
from gomail.server.control.wanted import MOST_SESSIONS, Unwanted, Wanted, read_wanted
from tests.server.events import CLIENT, ENDED, ENVELOPE, REFUSED, STORED


def told(event: object) -> Plain:
    """Give an event as followers hear it."""
    found = plain(event)  # type: ignore[arg-type]  # any
    assert found is not None
    return found


def said(line: bytes) -> Plain:
    """Tell a line of the client's."""
    return told(Said(CLIENT, "C", line))


def test_everything_is_wanted_without_a_filter() -> None:
    """Also what no client had a part in."""
    assert read_wanted({"request": "follow"}) == Wanted()
    assert Wanted().has({"event": "health"})
    assert Wanted().has(told(ENDED))


@pytest.mark.parametrize("event", [ENDED, STORED, REFUSED, SessionStarted(CLIENT)])
def test_session_and_address_are_those_of_the_event(event: object) -> None:
    """A message's id begins with its session's."""
    assert read_wanted({"session": "0123456789"}).has(told(event))
    assert not Wanted(session="012345678").has(told(event))
    assert read_wanted({"address": "192.0.2.1"}).has(told(event))
    assert not Wanted(address="192.0.2.2").has(told(event))
    assert not Wanted(address="192.0.2.1").has({"event": "health"})


def test_address_of_ipv6_has_no_brackets() -> None:
    """It is written as the configuration writes it."""
    event = {"event": "session", "session": "1", "peer": "[2001:db8::1]:25"}
    assert Wanted(address="2001:db8::1").has(event)


def test_session_is_told_from_where_it_names_the_recipient() -> None:
    """Without regard to case; and until it ends."""
    wanted = Wanted(recipient="You@here.example")
    assert not wanted.has(said(b"MAIL FROM:<me@client.example>"))
    assert wanted.has(said(b"RCPT TO:<you@HERE.example>"))
    assert wanted.has(said(b"DATA"))
    assert wanted.has(told(ENDED))
    assert not wanted.has(said(b"NOOP"))
    assert wanted.has(told(STORED))
    assert not Wanted(recipient="other@here.example").has(told(STORED))
    assert not Wanted(recipient="ou@here.example").has(told(STORED))


def test_refused_recipient_is_one_too() -> None:
    """Where lines are not told, as in an event of the log."""
    assert Wanted(recipient="no@here.example").has(told(REFUSED))


def test_sessions_without_an_end_take_little_room() -> None:
    """The oldest is forgotten."""
    wanted = Wanted(recipient="you@here.example")
    for number in range(MOST_SESSIONS + 5):
        stored = MessageStored(ENVELOPE._replace(id=f"{number}.1"), (), 1, 0.1)
        assert wanted.has(told(stored))
    assert len(wanted._theirs) == MOST_SESSIONS
    assert not wanted.has({"event": "said", "session": "0", "line": "NOOP"})
    assert wanted.has({"event": "said", "session": "9", "line": "NOOP"})


@pytest.mark.parametrize("filters", [{"session": 1}, {"color": "red"}, {"address": None}])
def test_filter_that_can_not_be_is_told(filters: dict[str, object]) -> None:
    """In one line."""
    with pytest.raises(Unwanted, match=r"^session, address, recipient, each a text"):
        read_wanted({"request": "follow", **filters})
