"""Octets → Message, whatever the octets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.reading import mime
from gomail.reading.message import Message, Part
from gomail.reading.mime import outline, read_octets

MESSAGES = Path(__file__).parents[1] / "data" / "messages"

MULTIPART = b"Content-Type: multipart/mixed; boundary=b\n\n"


def read(octets: bytes) -> Message:
    """Read a whole message."""
    return read_octets(octets, len(octets))


def types(part: Part) -> list[str]:
    """Return the content types of a tree, from the root on."""
    return [part.content_type, *(kind for child in part.children for kind in types(child))]


def test_message_is_read_as_fields_and_tree() -> None:
    """A message as Gmail writes them: folded fields, text and HTML."""
    octets = (MESSAGES / "gmail.eml").read_bytes()
    message = read(octets)
    assert message.field("Subject") == "What hath god wrought"
    assert message.field("From") == "Phïl Eaton <me@eatonphil.example>"
    assert message.size == len(octets)
    assert message.problems == ()
    assert message.root == Part(
        "multipart/alternative",
        65,
        children=(
            Part("text/plain", 22, "utf-8", text="What hath god wrought\n"),
            Part("text/html", 43, "utf-8"),
        ),
    )


def test_html_is_read_where_there_is_no_plain_text() -> None:
    """A newsletter has HTML alone; an empty plain text beside it is as good as none."""
    message = read((MESSAGES / "newsletter.eml").read_bytes())
    assert "Read our menu <https://shop.example/menu>" in str(message.root.text)
    empty = read(
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\n"
        b"Content-Type: multipart/related; boundary=c\n\n--c\n"
        b"Content-Type: text/html\n\n<p>hi</p>\n--c--\n--b--\n"
    )
    assert [part.text for _, part in empty.parts()] == [None, " ", None, "hi"]


def test_plain_text_is_found_in_a_nested_part() -> None:
    """An alternative may hold its plain text in a multipart of its own."""
    message = read(
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\n"
        b"Content-Type: multipart/mixed; boundary=c\n\n--c\n\nhi\n--c--\n--b\n"
        b"Content-Type: text/html\n\n<p>hi</p>\n--b--\n"
    )
    assert [part.text for _, part in message.parts()] == [None, None, "hi", None]


def test_message_in_a_message_has_its_fields() -> None:
    """A bounce: its delivery status is text to read, the returned message a tree."""
    message = read((MESSAGES / "bounce.eml").read_bytes())
    status, returned = message.root.children[1:]
    assert "Status: 5.1.1" in str(status.text)
    assert returned.children[0].fields[1].text == "Are you thère"
    attachment = returned.children[0].children[1]
    assert attachment == Part("application/pdf", 9, disposition="attachment", filename="resume.pdf")


def test_attached_text_is_listed_but_not_read() -> None:
    """What is attached is for saving."""
    part = read(b"Content-Disposition: attachment; filename=a.txt\n\nhi").root
    assert (part.filename, part.size, part.text) == ("a.txt", 2, None)


def test_message_cut_before_reading_says_so() -> None:
    """Of a huge message the beginning is read."""
    assert read_octets(b"Subject: a\n\nhi", 5_000_000).problems == (
        "only the first 14 of 5,000,000 octets were read",
    )


def test_e8_nested_parts_are_not_opened_beyond_twenty() -> None:
    """1,000 parts, one in the other, end at a depth of 20."""
    octets = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (number, number)
        for number in range(1000)
    )
    message = read(octets + b"\nhi")
    assert len(types(message.root)) == 21
    assert "parts nested 20 deep were not opened" in message.problems


def test_e8_nested_messages_are_not_opened_beyond_twenty() -> None:
    """Nor do 3,000 messages in each other."""
    assert len(types(read(b"Content-Type: message/rfc822\n\n" * 3000).root)) == 21


@pytest.mark.parametrize("number", [150, 1000, 50_000])
def test_e8_many_parts_are_cut_at_two_hundred(number: int) -> None:
    """50,000 parts are 200 and a remark."""
    message = read(MULTIPART + b"--b\n\nx\n" * number)
    assert len(types(message.root)) == min(number + 1, 200)
    assert ("only the first 200 parts were read" in message.problems) == (number > 199)


def test_e8_nested_comments_are_text() -> None:
    """500 nested comments are 500 parentheses."""
    comments = b"(" * 500 + b")" * 500
    message = read(b"From: %s\nContent-Type: text/plain %s\n\nhi" % (comments, comments))
    assert message.field("From") == comments.decode()
    assert message.root.text == "hi"


@pytest.mark.parametrize(
    ("name", "body"), [("From", '<@a,@b:c@d>, "x" <'), ("Message-ID", "<["), ("Date", "[" * 99)]
)
def test_e8_broken_field_is_shown_as_it_is(name: str, body: str) -> None:
    """Fields that break parsers are not parsed."""
    assert read(f"{name}: {body}\n\nhi".encode()).field(name) == body


def test_e8_long_subject_is_cut_at_eight_kib() -> None:
    """280 KB of encoded words are cut before they are decoded."""
    message = read(b"Subject: " + b"=?utf-8?q?=C3=A9?= " * 15_000 + b"\n\nhi")
    assert len(message.fields[0].text.encode()) <= 8192
    assert message.fields[0].cut
    assert message.problems == ("long header fields were cut",)


def test_e8_many_addresses_are_cut() -> None:
    """20,000 recipients are a long field like another."""
    message = read(
        b"To: " + b",\n ".join(b"a%d@there.example" % n for n in range(20_000)) + b"\n\n"
    )
    assert message.fields[0].cut


def test_w4_name_that_a_charset_makes_no_character_of_is_a_name() -> None:
    """UTF-7 can make half a character, which nobody can write down (RFC 2231 names it)."""
    message = read(b"Content-Disposition: attachment; filename*=utf-7''a%2B2AA-.txt\n\nhi")
    assert message.root.filename == "a_.txt"


def test_e8_many_parameters_are_cut() -> None:
    """5,000 pieces of one parameter (RFC 2231) are read as far as 2 KiB."""
    parameters = b"".join(b";\n filename*%d=x" % number for number in range(5000))
    message = read(b"Subject: a\nContent-Disposition: inline" + parameters + b"\n\nhi")
    assert str(message.root.filename) == "x" * 100
    assert message.fields[1].cut
    assert message.problems == ("long header fields were cut",)
    message = read(b"Content-Type: " + b"x" * 5000 + b"\n\nhi")
    assert len(message.fields[0].text) == 2048


def test_e8_many_fields_are_cut_at_two_hundred() -> None:
    """And all of them together at 64 KiB of text."""
    message = read(b"a: b\n" * 5000 + b"\nhi")
    assert len(message.fields) == 200
    assert message.problems == ("only the first 200 of 5,000 header fields are shown",)
    message = read((b"a: " + b"x" * 7000 + b"\n") * 100 + b"\nhi")
    assert sum(len(field.text) for field in message.fields) == 64 * 1024


def test_e8_unknown_charset_is_said() -> None:
    """An unknown charset is read as best it can be."""
    message = read(b"Content-Type: text/plain; charset=x-nope\n\ncaf\xe9")
    assert message.root.text == "café"
    assert "unknown charset 'x-nope'" in message.problems[0]


def test_e8_long_texts_are_cut() -> None:
    """At 256 KiB each, and 512 KiB in all."""
    octets = MULTIPART + b"--b\n\n" + b"\n--b\n\n".join([b"x" * 300_000] * 3)
    message = read(octets)
    assert [len(part.text or "") for part in message.root.children] == [256 * 1024] * 2 + [0]
    assert "long texts were cut" in message.problems


@pytest.mark.parametrize("name", ["../../etc/passwd\0", "=?utf-8?q?..=2F..=2Fetc=2Fpasswd=00?="])
def test_w4_file_name_of_a_part_is_safe(name: str) -> None:
    """Whatever a part calls itself, its name is a plain one."""
    part = read(f'Content-Type: application/pdf; name="{name}"\n\nhi'.encode()).root
    assert part.filename == "passwd_"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: multipart/mixed; boundary*0*=\"\0x''%41\"; boundary*1=b",
        b"Content-Type: text/plain; charset*=\"x\0y''utf\"; charset*0*=a",
        b"Content-Type: text/html\n\n<![unknown[",
        b"Content-Type: multipart/mixed; boundary*=a; boundary*0=b",
        b"Content-Type: multipart/mixed",
        b"Content-Transfer-Encoding: x-uuencode",
        b"no field at all",
        b"Content-Type: \xff/\xff; charset=\xff",
    ],
)
def test_broken_mime_ends_as_a_message(head: bytes) -> None:
    """What breaks the library is said, or shown as it is."""
    assert isinstance(read(head + b"\n\n--b\n\nbegin 644 x\n\xff\n"), Message)


def test_structure_that_cannot_be_read_ends_in_an_outline(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the parser itself raises, the header lines are shown."""

    def fail(_octets: bytes) -> object:
        raise RuntimeError

    monkeypatch.setattr(mime, "parse_tree", fail)
    message = read(b"Subject: a\n b\nno field\nX: " + b"x" * 999 + b"\n\nhi")
    assert [(field.name, field.cut) for field in message.fields] == [
        ("Subject", False),
        ("X", True),
    ]
    assert message.field("subject") == "a b"
    assert message.root.text == "hi"
    assert message.problems[0] == "the structure could not be read (RuntimeError)"


def test_problems_are_no_more_than_a_screenful() -> None:
    """200 parts with 200 unknown charsets are 20 problems."""
    parts = b"".join(
        b"--b\nContent-Type: text/plain; charset=x-%d\n\nx\n" % number for number in range(100)
    )
    assert len(read(MULTIPART + parts).problems) == 20


PIECES = st.sampled_from(
    [
        b"\n", b"\n\n", b"\r\n", b"--b", b"--b--", b"Content-Type: ", b"multipart/mixed",
        b"multipart/alternative", b"message/rfc822", b"text/html", b"text/plain", b"; ",
        b"boundary=b", b"charset*0*=", b"utf-8''%C3", b"name*=", b"Subject: ", b"=?utf-8?q?",
        b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"x-uuencode", b"=",
        b"Content-Disposition: attachment", b"<p>", b"<!--", b"\xff", b"\0", b'"', b"(", b" ",
    ]
)  # fmt: skip


@given(st.binary() | st.lists(PIECES | st.binary(max_size=4), max_size=60).map(b"".join))
def test_no_octets_raise(octets: bytes) -> None:
    """Any octets are a message, and any message has an outline."""
    assert read(octets).size == len(octets)
    assert outline(octets, 0, "why").problems[0] == "why"
