"""Content: its end, its dots, its line ends and its octets on the disk, however it is cut."""

import os
import re
import tempfile

from twisted.internet.defer import execute

from gomail.limits import Limits
from gomail.message.content import Content, Memory
from gomail.message.lines import LineEnds
from gomail.smtp.framing import Counted
from gomail.smtp.mending import Mender
from tests.fuzz.target import Case, Target, pieces, read_case
from tests.smtp.reference import feed, reference

ABOVE = b"Return-Path: <>\n"
SPOOLED = Limits(content_in_memory=64, header_size=1 << 20, header_fields=1 << 20, hops=1 << 20)
FOLDER = tempfile.gettempdir()


def check(octets: bytes) -> None:
    """Take the octets for content in each way in which content comes."""
    case = read_case(octets)
    cut = pieces(case.octets, case.lengths)
    check_dots(case.octets, cut)
    check_chunks(case, cut)
    check_line_ends(case.octets, cut)
    check_mended(case.octets, cut)
    if case.way(0):
        check_stored(case, cut)


def check_dots(wire: bytes, cut: list[bytes]) -> None:
    """Behind DATA: the standard's end, and the standard's content."""
    content, rest = feed(cut)
    expected, behind = reference(wire)
    assert rest == behind
    if rest is None:  # the line that has begun is not the reference's, and four octets may be held
        begun = wire.rpartition(b"\r\n")[2]
        whole = expected + begun.removeprefix(b".")
        assert whole.startswith(content)
        assert len(content) >= len(expected) + len(begun) - 4
    else:
        assert content == expected


def check_chunks(case: Case, cut: list[bytes]) -> None:
    """Behind BDAT: as many octets as were announced."""
    size = case.ways * 16 + len(case.lengths)
    framing, content = Counted(size), b""
    for index, piece in enumerate(cut):
        more, rest = framing.feed(piece)
        content += more
        if rest is not None:
            assert content == case.octets[:size]
            assert content + rest + b"".join(cut[index + 1 :]) == case.octets
            return
    assert content == case.octets
    assert len(content) < size or not cut


def check_line_ends(octets: bytes, cut: list[bytes]) -> None:
    """CRLF is stored as LF, and a bare LF is counted."""
    lines = LineEnds()
    converted = b"".join([*map(lines.convert, cut), lines.end()])
    assert converted == octets.replace(b"\r\n", b"\n")
    assert lines.bare == len(re.findall(rb"(?<!\r)\n", octets))


def check_mended(octets: bytes, cut: list[bytes]) -> None:
    """CR CR LF of this machine's own programs is CRLF, and nothing else is changed."""
    mender = Mender()
    mended = b"".join([*map(mender.feed, cut), mender.end()])
    assert mended == octets.replace(b"\r\r\n", b"\r\n")


def check_stored(case: Case, cut: list[bytes]) -> None:
    """What goes by a spool file is the same, below the trace fields, in both of its copies."""
    memory = Memory(1 << 20)
    room = len(ABOVE) if case.way(1) else 0
    content = Content(SPOOLED, memory, execute, FOLDER, lambda: room)
    try:
        for piece in cut:
            assert content.take(piece) is None
        content.end()
        stored = case.octets.replace(b"\r\n", b"\n")
        assert content.size == len(stored)
        complete = content.complete(ABOVE)
        if complete is not None:
            assert os.pread(complete, 1 << 16, 0) == ABOVE + stored
        check_copy(content, stored)
    finally:
        content.close()
    assert (memory.used, memory.unwritten) == (0, 0)


def check_copy(content: Content, stored: bytes) -> None:
    """See that a further copy is whole."""
    copy = os.open(FOLDER, os.O_TMPFILE | os.O_RDWR, 0o600)
    try:
        assert content.write_to(copy, ABOVE) == len(ABOVE) + len(stored)
        assert os.pread(copy, 1 << 16, 0) == ABOVE + stored
    finally:
        os.close(copy)


TARGET = Target(
    check,
    words=(
        b"\r\n", b"\r", b"\n", b".", b"..", b"\r\n.\r\n", b"\r\n.", b".\r\n", b"\n.\n", b"\r\r\n",
        b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n\0.\r\n", b"\0", b"\xff", b"MAIL FROM:<a@b>\r\n",
        b"x" * 70,
    ),
    seeds=(
        Case(0, b"", b"Subject: x\r\n\r\nHello\r\n..\r\n.\r\nQUIT\r\n").written(),
        Case(3, b"\1\2\3", b"Subject: x\r\n\r\n" + b"Hello\r\n" * 20).written(),
        Case(1, b"\7", b"a\rb\nc\0\r\r\n" * 20).written(),
        Case(8, b"\x40\1", b"\r\n." * 60).written(),
        Case(0, b"", b"a\n.\nb\n.\r\nc\r.\rd\r\n.\r\n").written(),
    ),
)  # fmt: skip
