"""Events to browsers that read slowly, or not at all, or are too many."""

import json
from collections.abc import Callable

from twisted.web.http import Request

from gomail.inbox.web.answers import Streamed
from gomail.inbox.web.channel import Channel
from gomail.inbox.web.exchange import Exchange
from gomail.inbox.web.stream import ALIVE, MOST, REVIEW, Streams
from gomail.server.control.audience import Outflow
from tests.inbox.web.doors import GET, Door, Wire


class Streaming(Door):
    """A doorway behind which there is nothing but a stream."""

    def __init__(self) -> None:
        super().__init__()
        self.outflows: list[Outflow] = []
        self.left = 0
        self.asked_for: list[Exchange] = []
        self.strangers: list[Exchange] = []
        self.streams = Streams(self.clock, self.admits)
        self.doorway.answer = self.begin

    def begin(self, request: Request) -> None:
        """Begin a stream."""
        self.asked_for.append(Exchange(request))
        self.streams.begin(self.asked_for[-1], Streamed(self.join))

    def join(self, outflow: Outflow) -> Callable[[], None]:
        """Keep what sends."""
        self.outflows.append(outflow)
        return self.leave

    def leave(self) -> None:
        """Count who leaves."""
        self.left += 1

    def admits(self, exchange: Exchange) -> bool:
        """Admit all but those who have left."""
        return exchange not in self.strangers

    def follow(self) -> tuple[Channel, Wire]:
        """Connect, and ask for it."""
        return self.connect(GET + b"\r\n")


def events(wire: Wire) -> list[dict[str, object]]:
    """Give the events that were sent."""
    lines = wire.value().split(b"\n")
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]


def test_events_are_sent_as_they_come() -> None:
    """In one line each, whatever is in them."""
    streaming = Streaming()
    _, wire = streaming.follow()
    assert b"Content-Type: text/event-stream; charset=utf-8" in wire.value()
    streaming.outflows[0]({"event": "said", "line": "a\n\ndata: b\u2028é"})
    assert events(wire) == [{"event": "said", "line": "a\n\ndata: b\u2028é"}]


def test_w6_slow_browser_costs_no_memory() -> None:
    """What comes meanwhile is counted by name and told later, and not kept."""
    streaming = Streaming()
    channel, wire = streaming.follow()
    channel.pauseProducing()
    before = len(wire.value())
    for _ in range(10_000):
        streaming.outflows[0]({"event": "said"})
    streaming.outflows[0]({"event": "stored"})
    streaming.clock.advance(ALIVE)
    assert len(wire.value()) == before
    channel.resumeProducing()
    assert events(wire) == [{"event": "left-out", "counts": {"said": 10_000, "stored": 1}}]
    streaming.outflows[0]({"event": "said"})
    assert len(events(wire)) == 2


def test_something_is_said_now_and_then() -> None:
    """So that a browser that has gone is noticed, by us and by proxies."""
    streaming = Streaming()
    _, wire = streaming.follow()
    before = wire.value().count(b"\n:\n\n")
    streaming.clock.pump([ALIVE] * 3)
    assert wire.value().count(b":\n\n") == before + 3


def test_who_goes_is_forgotten() -> None:
    """And what waits to be said to it."""
    streaming = Streaming()
    channel, _ = streaming.follow()
    channel.connectionLost()
    assert streaming.left == 1
    assert streaming.clock.getDelayedCalls() == []


def test_stream_ends_with_its_login() -> None:
    """That of whoever may not see pages any more, within a second, and no other one."""
    streaming = Streaming()
    _, wire = streaming.follow()
    _, other = streaming.follow()
    streaming.strangers.append(streaming.asked_for[0])
    streaming.clock.advance(REVIEW)
    assert streaming.left == 1
    assert wire.value().endswith(b"0\r\n\r\n")
    streaming.outflows[1]({"event": "said"})
    assert events(other) == [{"event": "said"}]
    assert events(wire) == []


def test_w6_streams_are_few() -> None:
    """Connections are left for pages."""
    streaming = Streaming()
    wires = [streaming.follow()[1] for _ in range(MOST + 1)]
    assert wires[-1].value().startswith(b"HTTP/1.1 503 ")
    assert all(wire.value().startswith(b"HTTP/1.1 200 ") for wire in wires[:-1])
