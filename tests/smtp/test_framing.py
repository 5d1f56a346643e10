"""Where content ends, and what of it is transport: against a short reference, in every cut."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from gomail.smtp.framing import Counted
from tests.smtp.desk import Desk
from tests.smtp.reference import feed, reference
from tests.smtp.talk import CLIENT, Talk, in_content
from tests.smuggling.sequences import HIDDEN, second

PIECES = [
    b"\r\n",
    b"\r",
    b"\n",
    b".",
    b"..",
    b"x",
    b"\0",
    b"\r\n.\r\n",
    b"\r\n.",
    b".\r\n",
    b"MAIL",
]
WIRE = st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join)


def check(packets: list[bytes]) -> None:
    """Compare with the reference: the same end, the same rest, the same content up to it."""
    wire = b"".join(packets)
    content, rest = feed(packets)
    expected, expected_rest = reference(wire)
    assert rest == expected_rest
    if rest is None:
        # The last line is not over: the reference ends with the one before, a few octets are held.
        begun = wire.rpartition(b"\r\n")[2] if b"\r\n" in wire else wire
        assert (expected + begun.removeprefix(b".")).startswith(content)
        assert len(content) >= len(expected) + len(begun) - 4
    else:
        assert content == expected


@given(WIRE)
def test_content_is_the_references(wire: bytes) -> None:
    """In one packet."""
    check([wire])


@given(WIRE)
def test_content_is_the_references_octet_by_octet(wire: bytes) -> None:
    """In packets of one octet."""
    check([bytes([octet]) for octet in wire])


@given(WIRE, st.lists(st.integers(0, 40), max_size=5))
def test_content_is_the_references_in_any_packets(wire: bytes, cuts: list[int]) -> None:
    """In packets as they come, empty ones among them."""
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    check([wire[start:end] for start, end in pairwise(edges)])


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join))
@example(b"..\r\n.x\r\n\r\n.\r\nrest")
@example(b".\r\nrest")
@example(b".\r.\r\n\r\n.\r\n")
@example(b"..a\r\n..b\r\n.\r\nrest\r\n.\r\n.c")
def test_content_is_the_references_at_every_cut(wire: bytes) -> None:
    """Cut in two, at every offset, and in three around every octet."""
    for cut in range(len(wire) + 1):
        check([wire[:cut], wire[cut:]])
        check([wire[:cut], wire[cut : cut + 1], wire[cut + 1 :]])


@given(st.binary(max_size=200))
def test_f8_what_a_client_stuffs_is_what_we_store(content: bytes) -> None:
    """Dots that the client adds are removed, whatever the content is."""
    lines = (content + b"\r\n").split(b"\r\n")
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    assert feed([stuffed + b".\r\n", b"QUIT\r\n"]) == (content + b"\r\n", b"QUIT\r\n")


@pytest.mark.parametrize(
    ("wire", "content"),
    [
        (b".\r\n", b""),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"...\r\n.\r\n", b"..\r\n"),
        (b".x\r\n.\r\n", b"x\r\n"),
        (b". \r\n.\r\n", b" \r\n"),
        (b".\0\r\n.\r\n", b"\0\r\n"),
        (b"x.\r\n.\r\n", b"x.\r\n"),
        (b"\r\n.\r\n", b"\r\n"),
        (b".\r.\r\n.\r\n", b"\r.\r\n"),
        (b".\n\r\n.\r\n", b"\n\r\n"),
        (b"\xff\0\r\n.\r\n", b"\xff\0\r\n"),
    ],
)
def test_f8_edges_of_dot_stuffing(wire: bytes, content: bytes) -> None:
    """Dots at the edges of lines and of the message, cut everywhere."""
    for cut in range(len(wire)):
        assert feed([wire[:cut], wire[cut:] + b"QUIT"]) == (content, b"QUIT")


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
def test_f5_content_in_the_packet_of_data(line_end: bytes) -> None:
    """A client that does not wait for the 354 is no mail server: nothing is taken from it."""
    begin = b"MAIL FROM:<a@there.example>\r\nRCPT TO:<b@here.example>\r\nDATA\r\n"
    octets = begin + b"One" + line_end + b"." + line_end + second() + b".\r\nQUIT\r\n"
    talk = Talk()
    talk.say("EHLO client.example")
    talk.send(octets)
    assert talk.codes() == ["250", "250", "554"]
    assert talk.closed
    assert talk.desk.stored == []
    trusted = Talk(client=replace(CLIENT, trusted=True))
    trusted.say("EHLO client.example")
    trusted.send(octets)
    stored = [content for _, content in trusted.desk.stored]
    if line_end == b"\r\n":
        assert stored == [b"One\r\n", HIDDEN]  # these are two, by anybody's reading
    else:
        assert stored == [b"One" + line_end + b"." + line_end + second()]


def test_f5_talk_before_the_banner_is_answered_behind_it() -> None:
    """An early talker gets no word in before ours."""
    desk = Desk(Clock(), "deferred")
    talk = Talk(desk)
    talk.send(b"NOOP\r\n")
    assert talk.codes() == ["220", "250"]


@pytest.mark.parametrize("wire", [b"", b"Hello", b"Hello\r\n.", b"Hello\r\n.\r", b"Hello\n.\n"])
def test_f9_half_a_message_is_no_message(wire: bytes) -> None:
    """A client that goes before the end of content has sent nothing."""
    talk = in_content(Talk())
    talk.send(wire) if wire else None
    talk.leave()
    assert talk.desk.stored == []
    assert [message.end for message in talk.desk.messages] == ["lost"]
    assert talk.desk.told.count("ended") == 1


@given(st.binary(max_size=40), st.integers(0, 30), st.lists(st.integers(1, 8), max_size=40))
def test_f6_chunk_is_as_long_as_announced(octets: bytes, size: int, cuts: list[int]) -> None:
    """However it is cut, and whatever it holds: not an octet more, not an octet less."""
    framing, content, start = Counted(size), b"", 0
    for length in [*cuts, len(octets)]:
        piece, rest = framing.feed(octets[start : start + length])
        start += length
        content += piece
        if rest is not None:
            assert content == octets[:size]
            assert content + rest + octets[start:] == octets
            return
    assert len(octets) < size
    assert content == octets
