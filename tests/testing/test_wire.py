"""The server in memory, and the client that talks to it."""

from collections.abc import Callable

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gomail.events import Event, SessionEnded
from gomail.limits import Limits
from gomail.reply import (
    HELLO_FIRST,
    LOCAL_ERROR,
    NO_SUCH_MAILBOX,
    RECIPIENT_OK,
    SENDER_OK,
    STORED,
    TIMED_OUT,
    TOO_BUSY,
    Reply,
)
from gomail.testing.recording import Recorder, Recording, RecordingDelivery
from gomail.testing.wire import MemoryServer, NoReply, Wire, parse_reply, stuffed

LETTER = b"Subject: hello\r\n\r\n.dot\r\n"


@pytest.fixture
def recorder() -> Recorder:
    """Give deliveries that refuse nobody@here.example."""
    return Recorder({"nobody@here.example": NO_SUCH_MAILBOX})


@pytest.fixture
def wire(recorder: Recorder) -> Wire:
    """Give a client who has just connected."""
    return MemoryServer(recorder).connect()


def test_server_greets(wire: Wire) -> None:
    """The first reply is the banner."""
    assert wire.hear() == Reply(220, "", "mx.here.example ESMTP gomail")


def test_replies_compare_with_the_catalogue(wire: Wire) -> None:
    """A refusal's session id is left out, and the enhanced code is read."""
    assert wire.say(b"MAIL FROM:<a@client.example>") == HELLO_FIRST
    wire.say("EHLO client.example")
    assert wire.say(b"MAIL FROM:<a@client.example>") == SENDER_OK
    assert wire.say("RCPT TO:<b@here.example>") == RECIPIENT_OK


def test_reply_of_several_lines_is_one(wire: Wire) -> None:
    """The lines of a reply to EHLO are the lines of its text."""
    reply = wire.say("EHLO client.example")
    assert reply.code == 250
    assert "PIPELINING" in reply.text.split("\n")


def test_enhanced_code_stands_on_every_line() -> None:
    """It is read once, and left out of the text."""
    assert parse_reply([b"214-2.0.0 one", b"214 2.0.0 two"]) == Reply(214, "0.0", "one\ntwo")


def test_whole_message_is_one_call(wire: Wire, recorder: Recorder) -> None:
    """EHLO is said if need be, dots are stuffed, and the reply to the content comes back."""
    paths = ["b@here.example", "c@here.example"]
    assert wire.mail("a@client.example", paths, LETTER) == STORED
    [message] = recorder.messages
    assert message.content == LETTER
    assert [str(path) for path in message.envelope.forward_paths] == [f"<{path}>" for path in paths]
    assert wire.mail("", ["b@here.example"], b"no line end") == STORED
    assert recorder.messages[1].content == b"no line end\r\n"


def test_refused_recipient_is_left_out(wire: Wire, recorder: Recorder) -> None:
    """The others get the message; without others the refusal comes back."""
    paths = ["nobody@here.example", "b@here.example"]
    assert wire.mail("a@client.example", paths, LETTER) == STORED
    assert len(recorder.messages[0].envelope.forward_paths) == 1
    assert wire.mail("a@client.example", paths[:1], LETTER) == NO_SUCH_MAILBOX
    assert wire.mail("a@client.example", paths[1:], LETTER) == STORED


def test_refused_sender_ends_a_message(wire: Wire) -> None:
    """The reply to MAIL comes back."""
    assert wire.mail("@@", ["b@here.example"], LETTER).code == 501


def test_transcript_reads_like_a_dialogue(wire: Wire) -> None:
    """Who said what, a line each; long content is cut."""
    wire.mail("a@client.example", ["b@here.example"], b"x" * 5000)
    wire.say("QUIT")
    lines = wire.transcript.splitlines()
    assert lines[:2] == ["S: 220 mx.here.example ESMTP gomail", "C: EHLO client.example"]
    assert "C: RCPT TO:<b@here.example>" in lines
    assert lines[-2:] == ["C: QUIT", "S: 221 2.0.0 Bye"]
    assert any(line.endswith("... 5005 octets") for line in lines)
    assert wire.closed


def test_waiting_for_nothing_fails(wire: Wire) -> None:
    """A test that waits for a reply that won't come is told so, with the transcript."""
    wire.hear()
    with pytest.raises(NoReply, match=r"(?s)no reply yet.*S: 220"):
        wire.hear()
    wire.say("QUIT")
    with pytest.raises(NoReply, match="closed"):
        wire.say("NOOP")


def test_late_answer_is_heard_when_it_comes(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands behind a late answer wait for it."""
    answer: Deferred[None] = Deferred()
    monkeypatch.setattr(RecordingDelivery, "greeted", lambda *_: answer)
    wire = MemoryServer(recorder).connect()
    with pytest.raises(NoReply):
        wire.say("EHLO client.example")
    wire.send(b"NOOP\r\nQUIT\r\n")
    answer.callback(None)
    assert [wire.hear().code for _ in range(3)] == [220, 250, 221]


def test_time_goes_by(recorder: Recorder) -> None:
    """The limits on time hold, by the server's own clock."""
    server = MemoryServer(recorder, limits=Limits(command_timeout=10))
    wire = server.connect()
    server.advance(11)
    assert wire.replies[-1] == TIMED_OUT
    assert wire.closed


def test_real_clock_is_not_advanced(recorder: Recorder) -> None:
    """Nobody moves the reactor's clock."""
    from twisted.internet import reactor

    with pytest.raises(TypeError, match="real clock"):
        MemoryServer(recorder, clock=IReactorTime(reactor)).advance(1)


def test_client_may_vanish(recorder: Recorder) -> None:
    """A dropped connection ends the session, and throws half a message away; twice is once."""
    events: list[Event] = []
    wire = MemoryServer(recorder, listeners=(events.append,)).connect()
    wire.say("EHLO client.example")
    wire.send(b"MAIL FROM:<>\r\nRCPT TO:<b@here.example>\r\nDATA\r\nhalf a")
    wire.drop()
    wire.drop()
    assert wire.closed
    assert recorder.messages == []
    assert [type(event) for event in events].count(SessionEnded) == 1


@pytest.mark.parametrize(
    ("address", "shown"),
    [("192.0.2.7", "192.0.2.7:40695"), ("2001:db8::1", "[2001:db8::1]:40695"), (None, "unix")],
)
def test_clients_come_from_anywhere(recorder: Recorder, address: str | None, shown: str) -> None:
    """IPv4, IPv6 and unix sockets."""
    wire = MemoryServer(recorder).connect(address)
    wire.mail("", ["b@here.example"], LETTER)
    assert str(recorder.messages[0].envelope.client) == shown


def test_client_who_is_turned_away_hears_why(recorder: Recorder) -> None:
    """The limits on sessions hold, too."""
    server = MemoryServer(recorder, limits=Limits(sessions=1))
    first, second = server.connect(), server.connect()
    assert second.hear() == TOO_BUSY
    assert second.closed
    assert not first.closed


def test_large_content_arrives_in_packets(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No packet is larger than what Twisted reads at once."""
    sizes: list[int] = []
    keep: Callable[[Recording, bytes], None] = Recording.octetsReceived

    def measure(self: Recording, octets: bytes) -> None:
        sizes.append(len(octets))
        keep(self, octets)

    monkeypatch.setattr(Recording, "octetsReceived", measure)
    content = b"0123456789abc\r\n" * 20_000
    assert MemoryServer(recorder).connect().mail("", ["b@here.example"], content) == STORED
    assert recorder.messages[0].content == content
    assert max(sizes) <= 65536 + 4
    assert len(sizes) >= 5


def test_fault_in_a_delivery_is_answered_not_raised(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client hears 451, as on a network."""
    monkeypatch.setattr(Recording, "eomReceived", lambda _: 1 / 0)
    assert MemoryServer(recorder).connect().mail("", ["b@here.example"], LETTER) == LOCAL_ERROR


@pytest.mark.parametrize(
    ("content", "octets"),
    [
        (b"", b".\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b"a\r\n.b\r\n", b"a\r\n..b\r\n.\r\n"),
        (b"a\n.b\r\n", b"a\n.b\r\n.\r\n"),
        (b"..\r\n\r\n", b"...\r\n\r\n.\r\n"),
    ],
)
def test_dots_are_stuffed(content: bytes, octets: bytes) -> None:
    """A dot at the start of a line is doubled, nowhere else (RFC 5321 §4.5.2)."""
    assert stuffed(content) == octets
