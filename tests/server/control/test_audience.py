"""Those who follow: what they hear, what they miss, and that nobody costs nothing."""

from gomail.events import Said, SessionStarted
from gomail.server.control.audience import Audience, Follower, Outflow
from gomail.server.control.plain import Plain
from gomail.server.control.wanted import Wanted
from tests.server.events import CLIENT, ENDED, STORED


class Reader:
    """One who follows, and keeps what it hears."""

    def __init__(self, wanted: Wanted | None = None) -> None:
        self.heard: list[Plain] = []
        self.outflow = Outflow(self.heard.append)
        self.follower = Follower(self.outflow, wanted or Wanted())

    @property
    def names(self) -> list[str]:
        """Give what it has heard of."""
        return [event["event"] for event in self.heard]


def test_lines_are_wanted_while_somebody_follows() -> None:
    """Sessions go by the list itself; who is told anyhow stays in it."""
    always: list[object] = []
    audience, changes = Audience([always.append]), list[bool]()
    audience.changed = changes.append
    one, two = Reader(), Reader()
    assert len(audience.lines) == 1
    audience.join(one.follower)
    audience.join(two.follower)
    assert audience.lines == [always.append, audience]
    audience.leave(one.follower)
    audience.leave(one.follower)
    assert audience
    audience.leave(two.follower)
    assert audience.lines == [always.append]
    assert changes == [True, False]
    assert not audience


def test_followers_hear_what_they_want() -> None:
    """From when they come to when they go; what the log does not know has its own name."""
    audience, all_, none = Audience(), Reader(), Reader(Wanted(session="x"))
    audience(STORED)
    audience.join(all_.follower)
    audience.join(none.follower)
    for event in (SessionStarted(CLIENT), Said(CLIENT, "C", b"NOOP"), STORED, ENDED):
        audience(event)
    audience.leave(all_.follower)
    audience(ENDED)
    assert all_.names == ["connected", "said", "stored", "session"]
    assert none.names == []


def test_what_is_not_taken_is_counted_and_told() -> None:
    """A slow reader costs no memory, and knows what it has missed."""
    reader = Reader()
    reader.outflow({"event": "said"})
    reader.outflow.pauseProducing()
    for name in ("said", "stored", "said"):
        reader.outflow({"event": name})
    assert reader.names == ["said"]
    reader.outflow.resumeProducing()
    assert reader.heard[1:] == [{"event": "left-out", "counts": {"said": 2, "stored": 1}}]
    reader.outflow.pauseProducing()
    reader.outflow.resumeProducing()
    assert reader.names == ["said", "left-out"]
    reader.outflow.stopProducing()
    reader.outflow({"event": "said"})
    assert reader.names == ["said", "left-out"]
