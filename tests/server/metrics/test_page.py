"""HTTP as it is spoken by the page: short, once a connection, and by nobody for long."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs

from gomail.server.metrics.answer import Answer
from gomail.server.metrics.page import (
    CONNECTION_TIME,
    CONNECTIONS,
    LONGEST_HEADER,
    LONGEST_LINE,
    MOST_FIELDS,
    Visitors,
)

GET = b"GET /page HTTP/1.1\r\nHost: here\r\n\r\n"


class Transport(StringTransport):
    """A connection, which may be aborted."""

    def abortConnection(self) -> None:
        """End it."""
        self.aborted = True
        self.protocol.connectionLost()

    aborted = False
    protocol: Any


class House:
    """A page, and who comes."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.accepts: list[bytes] = []
        answers = {b"/page": self.give, b"/fault": self.fail}
        self.visitors = Visitors(self.clock, answers)  # type: ignore[arg-type]  # a short one

    def give(self, accept: bytes) -> Answer:
        """Answer."""
        self.accepts.append(accept)
        return Answer(200, "text/plain", b"hello\n")

    def fail(self, accept: bytes) -> Answer:
        """Fail."""
        raise ZeroDivisionError(accept)

    def connect(self) -> tuple[Transport, Callable[[bytes], None]]:
        """Connect, and give the connection, and what sends by it."""
        visitor = self.visitors.buildProtocol(None)
        transport = Transport()
        transport.protocol = visitor
        visitor.makeConnection(transport)
        return transport, visitor.dataReceived

    def ask(self, octets: bytes) -> bytes:
        """Give all that is answered; the connection is closed behind it."""
        transport, send = self.connect()
        send(octets)
        assert transport.disconnecting
        return transport.value()


@pytest.fixture
def house() -> House:
    """Give one."""
    return House()


def test_answer_is_whole_and_kept_by_nobody(house: House) -> None:
    """With its length, for caches to leave alone, and the last of its connection."""
    head, _, body = house.ask(GET).partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"Content-Type: text/plain",
        b"Content-Length: 6",
        b"Cache-Control: no-store",
        b"X-Content-Type-Options: nosniff",
        b"Connection: close",
    ]
    assert body == b"hello\n"


def test_head_has_no_body(house: House) -> None:
    """But says how long it would be."""
    found = house.ask(GET.replace(b"GET", b"HEAD"))
    assert b"Content-Length: 6\r\n" in found
    assert found.endswith(b"\r\n\r\n")


def test_accept_is_passed_on(house: House) -> None:
    """As octets, however many fields it stands in; and a query is not looked at."""
    accepts = b"Accept: application/openmetrics-text\r\nAccept: \xff\r\n"
    house.ask(b"GET /page?x=%zz HTTP/1.0\r\n" + accepts + b"\r\n")
    house.ask(GET)
    assert house.accepts == [b"application/openmetrics-text, \xff", b""]


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"404 "),
        (b"GET /../page HTTP/1.1\r\n\r\n", b"404 "),
        (b"POST /page HTTP/1.1\r\n\r\n", b"405 "),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", b"405 "),
        (b"get /page HTTP/1.1\r\n\r\n", b"405 "),
        (b"GET /page HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"413 "),
        (b"GET /page HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413 "),
        (b"GET /page HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", b"413 "),
        (b"POST /page HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"413 "),
        (b"GET /page HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", b"400 "),
        (b"GET /page HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400 "),
        (b"GET /page HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n", b"400 "),
        (b"GET /page HTTP/1.1\r\nno colon\r\n\r\n", b"400 "),
        (b"EHLO there\r\n", b"400 "),
        (b"GET /page HTTP/1.1\r\n" + b"A: b\r\n" * (MOST_FIELDS + 1) + b"\r\n", b"400 "),
        (b"GET /page HTTP/1.1\r\n" + (b"A: " + b"b" * 1000 + b"\r\n") * 10, b"400 "),
    ],
)
def test_what_is_no_request_of_ours_is_refused(house: House, octets: bytes, status: bytes) -> None:
    """Once, and the connection is closed; nothing that stands behind the header is answered."""
    found = house.ask(octets)
    assert found.startswith(b"HTTP/1.1 " + status), found
    assert found.count(b"HTTP/1.1") == 1
    assert house.accepts == []


def test_methods_are_named(house: House) -> None:
    """RFC 9110 §15.5.6: who uses another one hears which there are."""
    assert b"Allow: GET, HEAD\r\n" in house.ask(b"PUT /page HTTP/1.1\r\n\r\n")


def test_second_request_of_a_connection_is_not_answered(house: House) -> None:
    """Neither one that comes with the first, nor a later one."""
    transport, send = house.connect()
    send(GET + GET)
    send(GET)
    assert transport.value().count(b"HTTP/1.1") == 1
    assert len(house.accepts) == 1


def test_fault_is_ours_and_logged(house: House) -> None:
    """It costs no session anything."""
    from gomail.server.metrics import page

    logged: list[str] = []
    before, page._log = page._log, Log(logged)  # type: ignore[assignment]  # a short one
    try:
        found = house.ask(GET.replace(b"/page", b"/fault"))
    finally:
        page._log = before
    assert found.startswith(b"HTTP/1.1 500 ")
    assert logged == ["the page {path} could not be written"]


class Log:
    """A log."""

    def __init__(self, logged: list[str]) -> None:
        self._logged = logged

    def failure(self, text: str, **_: object) -> None:
        """Note it."""
        self._logged.append(text)


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    b"GET /page HTTP/1.1\r\n",
                    b"POST /fault",
                    b" HTTP/1.0",
                    b"\r\n",
                    b"\r",
                    b"\n",
                    b" ",
                ),
                *(
                    b"Content-Length: 5",
                    b"Transfer-Encoding: chunked",
                    b"Host",
                    b"Accept: \xff",
                    b":",
                    b"\0",
                    b"\xff",
                ),
                *(b"Expect: 100-continue\r\n", b"Connection: keep-alive\r\n", b"Cookie: a=b;c\r\n"),
                *(b"5\r\nhello\r\n0\r\n\r\n", b"Upgrade: h2c\r\n", b"GET * HTTP/2.0\r\n\r\n"),
            ]
        )
        | st.binary(max_size=20),
        max_size=30,
    )
)
def test_w6_whatever_comes_has_one_answer_at_most(pieces: list[bytes]) -> None:
    """Nothing raises, and nothing is left behind when the client has gone."""
    house = House()
    transport, send = house.connect()
    for each in pieces:
        send(each)
    assert transport.value().count(b"HTTP/1.") <= 1
    assert len(house.accepts) <= 1
    transport.protocol.connectionLost()
    assert house.clock.getDelayedCalls() == []
    assert not house.visitors.there


_octets = st.binary(max_size=20)
_value = _octets.map(lambda octets: octets.translate(None, b"\0\r\n"))  # that may stand in a field
_names = st.sampled_from([b"Accept", b"Host", b"Cookie", b"Expect", b"Connection", b"Upgrade"])
_lengths = st.sampled_from([b"Content-Length", b"Transfer-Encoding"])
_fields = st.tuples(_names, _value) | st.tuples(_lengths, _value) | st.tuples(_octets, _octets)


@given(
    st.just(b"GET /page HTTP/1.1")
    | st.tuples(st.just(b"GET"), _value, st.just(b"HTTP/1.1")).map(b" ".join)
    | st.tuples(_value, st.just(b"/page"), _value).map(b" ".join),
    st.lists(st.tuples(_names, _value), max_size=3) | st.lists(_fields, max_size=8),
)
def test_w6_no_octet_raises_anywhere(request: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    """In the method, the URL or any field: there is an answer, and no traceback in the log."""
    house = House()
    with capturedLogs() as logged:
        transport, send = house.connect()
        lines = [request, *(b": ".join(each) for each in fields)]
        send(b"\r\n".join(lines) + b"\r\n\r\n\r\n")
    assert logged == []
    assert transport.value().count(b"HTTP/1.") <= 1


@pytest.mark.parametrize("request_line", [b"GET /page", b"GET /", b"POST /page", b"HEAD /fault"])
def test_name_that_is_not_ours_is_answered_nowhere_on_the_loopback(
    house: House, request_line: bytes
) -> None:
    """Whatever is asked for; and a page that others reach answers to each of its names."""
    octets = request_line + b" HTTP/1.1\r\nHost: evil.example:9025\r\n\r\n"
    assert not house.ask(octets).startswith(b"HTTP/1.1 421 ")
    house.visitors.loopback = True
    assert house.ask(octets).startswith(b"HTTP/1.1 421 Misdirected Request\r\n")
    assert house.ask(GET.replace(b"here", b"localhost:9025")).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "octets",
    [b"", b"GET /page HTTP/1.1\r\n", b"GET /page HTTP/1.1\r\nA: b\r\n" * 2, b"x" * LONGEST_LINE],
)
def test_slow_request_ends_in_time(house: House, octets: bytes) -> None:
    """However it dribbles in; and so does an answer that nobody reads."""
    transport, send = house.connect()
    for place in range(10):
        send(octets[place * 10 : place * 10 + 10] or b"")
        house.clock.advance(CONNECTION_TIME / 10 - 0.001)
    assert not transport.aborted
    house.clock.advance(0.02)
    assert transport.aborted
    assert not house.visitors.there


def test_endless_line_ends_at_once(house: House) -> None:
    """No memory is filled by it."""
    transport, send = house.connect()
    send(b"GET /" + b"x" * (LONGEST_LINE + LONGEST_HEADER))
    assert transport.disconnecting


def test_answer_that_was_read_leaves_nothing_behind(house: House) -> None:
    """No clock, and no connection."""
    transport, send = house.connect()
    send(GET)
    transport.protocol.connectionLost()
    assert house.clock.getDelayedCalls() == []
    assert not house.visitors.there


def test_who_waits_longest_makes_room(house: House) -> None:
    """So whoever asks at once is answered, however many others say nothing."""
    idle = [house.connect() for _ in range(CONNECTIONS)]
    assert not any(transport.aborted for transport, _ in idle)
    assert house.ask(GET).startswith(b"HTTP/1.1 200 ")
    assert [transport.aborted for transport, _ in idle] == [True] + [False] * (CONNECTIONS - 1)
    house.visitors.end()
    assert all(transport.aborted for transport, _ in idle)
