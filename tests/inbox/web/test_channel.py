"""W6: slow, large and broken HTTP costs its connection and nothing else; on a clock of our own."""

import pytest

from gomail.inbox.web.channel import (
    BODY,
    CONNECTIONS,
    FIELDS,
    HEAD,
    LINE,
    LINGER,
    REQUEST_TIME,
    TAKE_TIME,
)
from tests.inbox.web.doors import GET, Door

POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
EXPECT = b"Expect: 100-continue\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


def test_w6_request_has_its_time_whatever_comes() -> None:
    """An octet now and then does not put it off (slow loris)."""
    door = Door()
    channel, wire = door.connect()
    for octet in GET:
        door.clock.advance(REQUEST_TIME / len(GET))
        channel.dataReceived(bytes([octet]))
    door.clock.advance(1)
    assert wire.aborted
    assert door.asked == []


def test_w6_silent_connection_ends() -> None:
    """Before the first request, and behind each answer."""
    door = Door()
    channel, wire = door.connect()
    door.clock.advance(REQUEST_TIME - 1)
    channel.dataReceived(GET + b"\r\n")
    door.clock.advance(10 * REQUEST_TIME)
    assert not wire.ended  # it is being answered
    door.finish()
    door.clock.advance(REQUEST_TIME - 1)
    assert not wire.ended
    door.clock.advance(1)
    assert wire.aborted


def test_w6_answer_that_nobody_takes_ends() -> None:
    """Its memory is not kept for longer."""
    door = Door()
    channel, wire = door.connect(GET + b"\r\n")
    channel.pauseProducing()
    door.clock.advance(TAKE_TIME - 1)
    channel.resumeProducing()
    door.clock.advance(TAKE_TIME)
    assert not wire.ended
    channel.pauseProducing()
    door.clock.advance(TAKE_TIME)
    assert wire.aborted


def test_w6_goodbye_has_its_time() -> None:
    """Who takes nothing of the last answer, either, is left."""
    door = Door()
    _, wire = door.connect(GET + b"Connection: close\r\n\r\n")
    door.finish()
    assert wire.disconnecting
    door.clock.advance(REQUEST_TIME)
    assert wire.aborted


def test_w6_longest_idle_makes_room() -> None:
    """Whoever opens many connections and says nothing keeps nobody out, and ends no answer."""
    door = Door()
    _, answered = door.connect(GET + b"\r\n")
    wires = [door.connect()[1] for _ in range(CONNECTIONS - 1)]
    assert not any(wire.ended for wire in wires)
    _, last = door.connect()
    assert wires[0].aborted
    assert not any(wire.ended for wire in (answered, last, *wires[1:]))


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (POST + FORM + b"Content-Length: %d\r\n\r\n" % (BODY + 1), b"413"),
        (POST + FORM + b"Content-Length: %s\r\n\r\n" % (b"9" * 30), b"413"),
        (POST + FORM + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", b"413"),
        (
            POST
            + b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5\r\n\r\n--x--",
            b"415",
        ),
        (POST + b"Content-Type: text/plain\r\nContent-Length: 3\r\n\r\na=b", b"415"),
        (POST + EXPECT + FORM + b"Content-Length: %d\r\n\r\n" % (BODY + 1), b"413"),
        (POST + EXPECT + b"Content-Type: text/plain\r\nContent-Length: 3\r\n\r\n", b"415"),
        (POST + FORM + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", b"400"),
        (POST + FORM + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", b"400"),
        (POST + FORM + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", b"400"),
        (POST + FORM + b"Content-Length: +3\r\n\r\nabc", b"400"),
        (POST + FORM + b"Content-Length: 0x3\r\n\r\nabc", b"400"),
        (POST + FORM + b"Transfer-Encoding: xchunked\r\n\r\nabc", b"400"),
        (GET + b"Content-Length : 3\r\n\r\nabc", b"400"),
        (GET + b"no colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1 more\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (GET + b"X: y\r\n" * FIELDS + b"\r\n", b"431"),
        (GET + b"X: y\r\n" * 10 * FIELDS + b"\r\n" + GET + b"\r\n", b"431"),
        (GET + b"X: " + b"y" * HEAD + b"\r\n\r\n", b"431"),
        (GET + b"X: " + b"y" * 2 * HEAD, b"431"),
        (GET + (b"X: %b\r\n" % (b"y" * 1000)) * 17 + b"\r\n", b"431"),
        (GET + b"X: y\r\n" + b" y\r\n" * HEAD + b"\r\n", b"431"),
        (b"GET /" + b"y" * LINE + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", b"400"),
    ],
)
def test_w6_what_is_no_plain_request_is_none(octets: bytes, answer: bytes) -> None:
    """Two lengths, or none that can be believed, are where one request could pass for two."""
    door = Door()
    channel, wire = door.connect()
    for start in range(0, len(octets), 1000):
        if not wire.ended:
            channel.dataReceived(octets[start : start + 1000])
    door.clock.advance(LINGER)
    assert wire.ended
    assert wire.value().startswith(b"HTTP/1.1 " + answer)
    assert wire.value().count(b"HTTP/1.1") == 1
    assert door.asked == []


def test_request_may_have_as_much_as_is_said() -> None:
    """Each time anew on a connection."""
    door = Door()
    most = GET + b"X: y\r\n" * (FIELDS - 1) + b"\r\n"
    large = GET + (b"X: %b\r\n" % (b"y" * (LINE - 100))) * 4 + b"\r\n"
    _, wire = door.connect((most + large) * 3)
    for _ in range(6):
        door.finish()
    assert not wire.ended
    assert wire.value().count(b"HTTP/1.1 200") == 6


def test_w6_who_is_turned_away_is_heard_out_for_a_moment() -> None:
    """Whatever comes is let go by: to end with octets unread would destroy the answer."""
    door = Door()
    channel, wire = door.connect(GET + b"X: " + b"y" * HEAD)
    said = wire.value()
    assert not wire.ended
    channel.dataReceived(b"\r\n\r\n" + GET + b"\r\n")
    door.clock.advance(LINGER - 0.1)
    assert not wire.ended
    assert wire.value() == said
    door.clock.advance(0.1)
    assert wire.ended
    door.clock.advance(REQUEST_TIME)
    assert wire.aborted


def test_w6_who_is_turned_away_behind_answers_that_he_takes_none_of_has_no_longer() -> None:
    """They are kept for those who may still take them."""
    door = Door()
    channel, wire = door.connect(GET + b"\r\n")
    door.finish()
    channel.pauseProducing()
    channel.dataReceived(GET + b"X: y\r\n" * FIELDS + b"\r\n")
    channel.resumeProducing()
    channel.pauseProducing()
    door.clock.advance(LINGER)
    assert wire.disconnecting
    door.clock.advance(LINGER)
    assert wire.aborted


def test_who_waits_for_a_word_to_go_on_hears_it() -> None:
    """Where a form may come (RFC 9110 §10.1.1)."""
    door = Door()
    channel, wire = door.connect(POST + EXPECT + FORM + b"Content-Length: 7\r\n\r\n")
    assert wire.value() == b"HTTP/1.1 100 Continue\r\n\r\n"
    channel.dataReceived(b"mark=ok")
    door.finish()
    assert b"HTTP/1.1 200" in wire.value()


def test_w6_pipelined_requests_wait_for_their_turn() -> None:
    """One is answered at a time, and what waits is bounded."""
    door = Door()
    channel, wire = door.connect((GET + b"\r\n") * 3)
    assert len(door.asked) == 1
    door.finish()
    door.finish()
    door.finish()
    assert wire.value().count(b"HTTP/1.1 200") == 3
    channel.dataReceived(GET + b"\r\n")
    channel.dataReceived(b"x" * 100_000)
    assert wire.producerState == "paused"


def test_form_is_read() -> None:
    """As long as it is one of ours."""
    door = Door()
    door.connect(POST + FORM + b"Content-Length: 7\r\n\r\nmark=ok")
    [request] = door.asked
    assert request.content is not None
    assert request.content.read() == b"mark=ok"


def test_end_ends_all() -> None:
    """When the inbox stops."""
    door = Door()
    wires = [door.connect()[1] for _ in range(3)]
    door.doorway.end()
    assert all(wire.aborted for wire in wires)


@pytest.mark.parametrize("digits", [20, LINE - 100, LINE, 2 * LINE])
def test_w6_length_of_thousands_of_digits_is_no_length(digits: int) -> None:
    """Python reads no number as long as that, and says so by an exception."""
    door = Door()
    _, wire = door.connect(POST + FORM + b"Content-Length: " + b"9" * digits + b"\r\n\r\n")
    door.clock.advance(LINGER)
    assert wire.ended
    assert wire.value()[9:12] == (b"413" if digits < LINE else b"431")
    assert door.asked == []
