"""The steps of a mail out of events."""

from typing import Any

from gomail.cli.ticks import MOST_SESSIONS, Ticks
from tests.cli.watched import BEGIN, YOU, checked, connected, ended, refused, said, stored

FOUND = "spf=pass, dkim=none, iprev=fail (helo), iprev=pass (mailfrom)"


def told(*events: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Give all ticks that are told of events."""
    ticks = Ticks(YOU)
    return [(tick.name, tick.text, tick.well) for event in events for tick in ticks.hear(event)]


def test_steps_are_told_in_their_order_from_where_the_address_is_named() -> None:
    """Pipelined as Gmail does it; what came before is told then, at once."""
    rest = [
        *(said(line, tls="TLSv1.3") for line in ("DATA", "250 OK", "250 OK", "354 Go", "250 ok")),
        checked("mark"),
        stored(),
    ]
    assert told(*BEGIN[:-1]) == []
    assert [name for name, _, _ in told(*BEGIN)] == ["tcp", "ehlo", "tls", "ehlo"]
    assert told(*BEGIN, *rest) == [
        ("tcp", "from 209.85.222.47:4, a public address", True),
        ("ehlo", "EHLO a.example", True),
        ("tls", "TLSv1.3 AES", True),
        ("ehlo", "EHLO a.example", True),
        ("mail", "MAIL FROM:<me@a.example>: 250", True),
        ("rcpt", f"RCPT TO:<{YOU}>: 250", True),
        ("content", "it comes", True),
        ("checks", f"{FOUND}: mark", True),
        ("durable", "1234 octets are on disk, 12.5 ms after the final dot", True),
        ("path", "/home/you/Mail dir/new/1.M1", True),
    ]


def test_sessions_that_are_told_of_together_are_marked() -> None:
    """From where there are two, by a few signs of their ids; JSON always has the whole."""
    ticks = Ticks(YOU)
    one = [tick for event in BEGIN for tick in ticks.hear(event)]
    assert {(tick.session, tick.mark) for tick in one} == {("s", "")}
    second = [{**event, "session": "0123456789"} for event in BEGIN]
    two = [tick for event in second for tick in ticks.hear(event)]
    assert {(tick.session, tick.mark) for tick in two} == {("0123456789", "0123")}
    [left] = ticks.hear(ended())
    assert (left.session, left.mark) == ("s", "s")


def test_what_goes_wrong_is_told_as_such() -> None:
    """A refusal with its reason, content that breaks off, and a session that ends before."""
    events = (
        refused("", "7.1", reason="spam"),
        checked("refuse", "spf-fail"),
        {"event": "dropped", "id": "s.1", "reason": "no message came of it"},
        ended("the client left"),
    )
    assert told(*BEGIN, *events)[4:] == [
        ("refused", "550 7.1 No (spam)", False),
        (
            "checks",
            "spf=pass, dkim=none, iprev=fail (helo), iprev=pass (mailfrom): refuse by spf-fail",
            False,
        ),
        ("left", "no message came of it", False),
        ("left", "the session is over: the client left", False),
    ]
    assert told(*BEGIN, ended())[-1][1] == "the session is over: the client said QUIT"


def test_others_are_seen_and_not_told() -> None:
    """Neither a session for somebody else, nor one that was there before, nor its message."""
    other = (connected("o", "10.0.0.1"), said("RCPT TO:<her@example.org>", "o"), ended("", "o"))
    ticks = Ticks(YOU)
    for event in (*other, said(f"RCPT TO:<{YOU}>", "before"), {"event": "health"}):
        assert list(ticks.hear(event)) == []
    assert [(each.id, each.ended, each.public) for each in ticks.sessions.values()] == [
        ("o", "", False)
    ]
    mine = [tick for event in (*BEGIN, stored("her@example.org")) for tick in ticks.hear(event)]
    assert ticks.arrived is None
    assert "durable" not in [tick.name for tick in mine]


def test_many_sessions_take_little_room() -> None:
    """The oldest are forgotten."""
    ticks = Ticks(YOU)
    for number in range(MOST_SESSIONS + 2):
        assert list(ticks.hear(connected(str(number), None))) == []
    assert len(ticks.sessions) == MOST_SESSIONS
    assert "1" not in ticks.sessions
