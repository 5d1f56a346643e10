"""What becomes of requests for which there is no page."""

import gc
import weakref

import pytest
from twisted.web.http import Request

from gomail.inbox.web.access import Access
from gomail.inbox.web.downloads import Downloads
from gomail.inbox.web.drawing import Drawing
from gomail.inbox.web.gate import Gate
from gomail.inbox.web.site import Sending, Site
from gomail.inbox.web.stream import Streams
from tests.inbox.web.doors import Door


async def nothing(*_: object) -> None:
    """Do nothing in another thread: there is no password."""


class Reception(Door):
    """A doorway with a site behind it that has no page."""

    def __init__(self) -> None:
        super().__init__()
        gate = Gate(None, self.clock.seconds, nothing)
        sending = Sending(Streams(self.clock, gate.admits), Downloads(self.clock))
        self.site = Site(Access(), gate, Drawing(), sending, {})
        self.seen: list[weakref.ref[Request]] = []
        self.doorway.answer = self.take

    def take(self, request: Request) -> None:
        """Answer, and notice when the request is gone."""
        self.seen.append(weakref.ref(request))
        self.site.take(request)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"POST /logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", b"403"),
    ],
)
def test_w6_what_is_refused_costs_no_memory(octets: bytes, code: bytes) -> None:
    """Whoever may see nothing could ask for that for ever."""
    reception = Reception()
    for _ in range(5):
        channel, wire = reception.connect(octets)
        assert wire.value().startswith(b"HTTP/1.1 %b " % code)
        channel.connectionLost()
    del channel, wire
    gc.collect()
    assert [each() for each in reception.seen] == [None] * 5
