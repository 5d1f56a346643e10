"""Message → text for a terminal."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.reading.message import Field, Message, Part
from gomail.reading.mime import read_octets
from gomail.reading.screen import Fields, Look, draw, draw_line, fold, make_visible

MESSAGES = Path(__file__).parents[1] / "data" / "messages"


def read(name: str) -> Message:
    """Read a sample message."""
    octets = (MESSAGES / name).read_bytes()
    return read_octets(octets, len(octets))


def plain(text: str, **fields: str) -> Message:
    """Make a message of one text."""
    head = tuple(Field(name, body) for name, body in fields.items())
    return Message(head, Part("text/plain", len(text), text=text), len(text))


def test_message_from_gmail_is_drawn() -> None:
    """Principal fields come first, then all others, the tree, and what there is to read."""
    assert (
        draw(read("gmail.eml"), "1645409953.M1P2Q3R4.mx.example")
        == """\
┌─ 1645409953.M1P2Q3R4.mx.example · 1.0 KiB
│ From:    Phïl Eaton <me@eatonphil.example>
│ To:      morse@binutils.example
│ Subject: What hath god wrought
│ Date:    Sun, 20 Feb 2022 21:19:01 -0500
│
│ Return-Path: <me@eatonphil.example>
│ Delivered-To: morse@binutils.example
│ Received: from mail-ua1-f47.google.example (mail-ua1-f47.google.example [IPv6:2001:db8::47])…
│ DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=eatonphil.example; s=google;…
│ MIME-Version: 1.0
│ Message-ID: <CAByiw+oP6bVXx0w@mail.gmail.example>
│ Content-Type: multipart/alternative; boundary="000000000000c4758905d87ddb81"
│
│ multipart/alternative
│ ├─ text/plain, utf-8, 22 octets
│ └─ text/html, utf-8, 43 octets
│
│ What hath god wrought
└─
"""
    )


def test_message_from_sendmail_is_drawn() -> None:
    """A message without MIME is one text."""
    assert (
        draw(read("php.eml"), look=Look(fields=Fields.PRINCIPAL))
        == """\
┌─ 288 octets
│ From:    phil@dev1.eatonphil.example
│ To:      morse@binutils.example
│ Subject: What hath god wrought
│
│ text/plain, 22 octets
│
│ What hath god wrought
└─
"""
    )


def test_bounce_is_drawn_on_an_ascii_terminal() -> None:
    """Without UTF-8 the tree is of plain signs, and other letters are escapes."""
    drawn = draw(read("bounce.eml"), "bounce", Look(encoding="ascii", fields=Fields.PRINCIPAL))
    assert drawn.isascii()
    assert drawn.endswith(
        r"""
| multipart/report
| |- text/plain, us-ascii, 11 octets
| |- message/delivery-status, 95 octets
| `- message/rfc822
|    `- multipart/mixed, subject 'Are you th\xe8re'
|       |- text/plain, 9 octets
|       `- application/pdf, attachment, "resume.pdf", 9 octets
|
| [1] text/plain
| I'm sorry.
|
| [2] message/delivery-status
| Reporting-MTA: dns; relay.example
|
| Final-Recipient: rfc822; nobody@there.example
| Status: 5.1.1
|
| [3.1.1] text/plain
| Dot dash.
`-
"""
    )


def test_fields_are_folded_in_full_where_that_is_wanted() -> None:
    """A long field goes on behind a margin."""
    message = plain("", Received="by mx.example " * 9)
    assert len(draw(message, look=Look(fields=Fields.WHOLE)).splitlines()) == 6
    assert "\n│     by mx.example" in draw(message, look=Look(fields=Fields.WHOLE))


def test_cut_field_is_marked() -> None:
    """Where a field was cut there are dots."""
    message = Message((Field("To", "a", cut=True),), Part("image/png", 3 << 20), 3 << 20, ("cut",))
    assert draw(message) == ("┌─ 3.0 MiB\n│ To:      a…\n│\n│ image/png, 3.0 MiB\n│ ! cut\n└─\n")


def test_colours_are_drawn_where_they_are_wanted() -> None:
    """Names of fields are bold, problems are yellow."""
    message = Message((Field("To", "a"),), Part("image/png", 1), 1, ("bad",))
    drawn = draw(message, look=Look(colour=True))
    assert "\x1b[1mTo:\x1b[0m      a" in drawn
    assert "\x1b[33m! bad\x1b[0m" in drawn
    assert "image/png, 1 octet\n" in drawn


def test_long_message_is_cut_after_some_lines() -> None:
    """A screen has an end."""
    drawn = draw(plain("x\n" * 512), look=Look(lines=5))
    assert drawn == "┌─ 1.0 KiB\n│ text/plain, 1.0 KiB\n│\n" + "│ x\n" * 3 + (
        "│ … cut after 5 lines\n└─\n"
    )


def test_reason_is_drawn_in_one_line() -> None:
    """A message that cannot be shown is one line."""
    assert draw_line("name", "could not be shown: gone\n") == (
        "┌─ name · could not be shown: gone\\n\n"
    )


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("\x1b]0;pwned\x07", r"\x1b]0;pwned\x07"),
        ("\x9b2J\x7f\0\r\n\t", r"\x9b2J\x7f\x00\r\n\t"),
        ("\u202egpj.exe\u2066\u2069", r"\u202egpj.exe\u2066\u2069"),
        ("\u2028\u2029\u200b\u200d\ufeff", r"\u2028\u2029\u200b\u200d\ufeff"),
        ("\U000e0041\ud800\ue000", r"\U000e0041\ud800\ue000"),
        ("café 电报 😀 e\u0301", "café 电报 😀 e\u0301"),
    ],
)
def test_n5_what_controls_a_terminal_is_escaped(text: str, visible: str) -> None:
    """C0, C1, ESC, DEL, overrides, zero width and private use become visible."""
    assert make_visible(text) == visible


def test_n5_content_cannot_leave_the_frame() -> None:
    """No line of a message can be taken for a log line, whatever it says and however long it is."""
    fake = "└─\n2022-02-21 02:19:13 stored " + " " * 70 + "2022-02-21 fake"
    lines = draw(plain(fake, **{"2022": fake, "Subject": fake}), fake).splitlines()
    assert all(line.startswith("│") for line in lines[1:-1])
    assert all(len(line) <= 100 for line in lines)
    assert lines[-1] == "└─"


@given(st.binary(), st.sampled_from(["utf-8", "ascii", "iso-8859-1", "cp437"]), st.integers(1, 200))
def test_n5_no_octets_emit_control_characters(octets: bytes, encoding: str, width: int) -> None:
    """Any octets, in text and fields, end as lines that any terminal may have."""
    body = b"Subject: " + octets.replace(b"\n", b"") + b"\n\n" + octets
    message = read_octets(body, len(body))
    drawn = draw(message, repr(octets), Look(encoding=encoding, width=width, fields=Fields.WHOLE))
    drawn.encode(encoding)
    assert not [
        char
        for char in drawn.replace("\n", "")
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    ]


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])), st.integers(2, 40))
def test_folding_loses_nothing(text: str, width: int) -> None:
    """The pieces are the text, and none is wider than it may be."""
    pieces = list(fold(text, width))
    assert "".join(pieces) == text
    for piece in pieces:
        wide = sum(unicodedata.east_asian_width(char) in "WF" for char in piece)
        assert len(re.sub("[^ -~]", "", piece)) + wide <= width


def test_text_is_folded_at_spaces() -> None:
    """A word is broken only where it fills the line."""
    assert list(fold("dot dash dot", 8)) == ["dot ", "dash dot"]
    assert list(fold("电报电报", 5)) == ["电报", "电报"]
    assert list(fold("e\u0301" * 3, 2)) == ["e\u0301" * 2, "e\u0301"]
