"""Stored messages that are shown: always text, never more of it than the bounds, never harmful."""

import json
import re
import unicodedata

from gomail.reading.charset import decode
from gomail.reading.fields import decode_field, name_file
from gomail.reading.message import Message, Part, rebuild, write_json
from gomail.reading.mime import FIELDS, PROBLEMS, TEXTS_OCTETS, outline, read_octets
from gomail.reading.screen import Fields, Look, draw
from gomail.reading.tree import DEPTH, PARTS
from tests.fuzz.target import Case, Target, read_case

HARMFUL = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
SAFE_NAME = re.compile(r"(?![. -])[A-Za-z0-9._ -]{1,100}\Z")


def check(octets: bytes) -> None:
    """Read the octets as a stored message, as a field, and as text in a stranger's charset."""
    case = read_case(octets)
    check_charset(case)
    check_field(case.octets)
    message = read_octets(case.octets, len(case.octets) + case.ways // 128)
    check_message(message)
    check_message(outline(case.octets, len(case.octets), "for a test"))
    check_shown(message, case)


def check_charset(case: Case) -> None:
    """Whatever a charset is called, there is text; and UTF-8 is read as what it is."""
    name, _, octets = case.octets.partition(b"\n")
    text, _ = decode(octets, name.decode("latin-1"))
    assert isinstance(text, str)
    text, problem = decode(octets, None)
    assert problem is None
    assert text.encode() == octets or not is_utf8(octets)


def is_utf8(octets: bytes) -> bool:
    """Tell whether octets are UTF-8."""
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_field(octets: bytes) -> None:
    """A field is text; what has no encoded word in it stays as it is, but for its folds."""
    raw = octets.decode("ascii", "surrogateescape")
    text = decode_field(raw)
    if octets.isascii() and b"=?" not in octets:
        assert text == re.sub(r"[\r\n]+[ \t]*", " ", raw.strip())
    assert SAFE_NAME.match(name_file(raw)), name_file(raw)
    assert SAFE_NAME.match(name_file(text)), name_file(text)


def check_message(message: Message) -> None:
    """What is read is within the bounds, and comes through the pipe as it is."""
    assert rebuild(json.loads(write_json(message).decode("utf-8", "surrogatepass"))) == message
    assert len(message.fields) <= FIELDS
    assert len(message.problems) <= PROBLEMS + 2
    parts = [part for _, part in message.parts()]
    assert len(parts) <= PARTS
    assert depth(message.root) <= DEPTH + 1
    assert sum(len((part.text or "").encode("utf-8", "surrogatepass")) for part in parts) <= (
        TEXTS_OCTETS
    )
    for part in parts:
        assert part.filename is None or SAFE_NAME.match(part.filename), part.filename


def depth(part: Part) -> int:
    """Count the levels of a tree."""
    return 1 + max(map(depth, part.children), default=0)


def check_shown(message: Message, case: Case) -> None:
    """Nothing on the screen controls it, and no line is longer than it is wide."""
    encoding = "ascii" if case.way(0) else "utf-8"
    look = Look(width=40, lines=30, encoding=encoding, fields=list(Fields)[(case.ways >> 1) % 3])
    shown = draw(message, "a title", look)
    shown.encode(encoding)
    assert not HARMFUL.intersection(map(unicodedata.category, shown.replace("\n", ""))), shown
    lines = shown.split("\n")
    assert lines.pop() == ""
    assert len(lines) <= look.lines + 3
    assert all(map(len, lines))


MULTIPART = (
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n"
    b"Content-Transfer-Encoding: base64\n\nSGVsbG8=\n--b\nContent-Type: text/html\n\n<p>x</p>\n"
    b"--b\nContent-Disposition: attachment; filename*=utf-8''%c3%a9.txt\n\nx\n--b--\n"
)
TARGET = Target(
    check,
    words=(
        b"Content-Type: ", b"multipart/mixed; boundary=b", b"multipart/alternative; boundary=c",
        b"text/plain; charset=", b"text/html", b"message/rfc822", b"message/delivery-status",
        b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"uuencode", b"\n\n", b"\n",
        b"--b\n", b"--b--\n", b"--c\n", b"Content-Disposition: attachment; filename=", b"name*0*=",
        b"utf-8''%ff", b"=?utf-8?q?", b"=?iso-2022-jp?b?", b"?=", b"=C3=A9", b"utf-7", b"+2AA-",
        b"utf-16", b"hz", b"punycode", b"hex", b"\x1b[31m", b"\xe2\x80\xae", b"\x00", b"Subject: ",
        b"From: ", b"<!-- ", b"<![", b"<!DOCTYPE", b"&#x80;", b"<a href='http:x'>", b"</a>", b"<p>",
        b"<script>", b"\t", b"\r\n", b"begin 644 x\n", b"MIME-Version: 1.0\n",
    ),
    seeds=(
        Case(0, b"", b"From: a@b\nSubject: =?utf-8?q?=C3=A9?= =?utf-8?q?x?=\n\nHello\n").written(),
        Case(1, b"", MULTIPART).written(),
        Case(2, b"", b"Content-Type: message/rfc822\n\n" + MULTIPART).written(),
        Case(3, b"", b"Content-Type: text/html\n\n<a href='http://x'>y</a><br><li>z").written(),
        Case(0, b"", b"utf-7\n+2AA-").written(),
        Case(0, b"", b"Subject: \x1b[31m\n\n\x1b[2J\xe2\x80\xae\x07").written(),
    ),
    longest=2048,
)  # fmt: skip
