"""The grammar of commands, one by one: what is read, and with which reply it is refused."""

# ruff: noqa: B023 -- what is read is read at once

import pytest

from gomail.address import NULL_PATH, Address, Path
from gomail.envelope import NO_PARAMETERS, MailParameters
from gomail.reply import (
    BAD_ARGUMENT,
    BAD_FORWARD_PATH,
    BAD_REVERSE_PATH,
    NO_ARGUMENT_TAKEN,
    UNKNOWN_PARAMETER,
    UTF8_NEEDED,
    Reply,
)
from gomail.smtp.grammar import (
    read_bdat,
    read_greeting,
    read_mail,
    read_nothing,
    read_rcpt,
    read_string,
)
from tests.smtp.refusing import refusal


@pytest.mark.parametrize(
    ("argument", "address"),
    [
        (b"TO:<bob@here.example>", Address("bob", "here.example")),
        (b"to:<bob@here.example> \t", Address("bob", "here.example")),
        (b"To: \t<bob@here.example>", Address("bob", "here.example")),
        (b"TO:<Bob@HERE.Example.>", Address("Bob", "HERE.Example.")),
        (b"TO:<b@localhost>", Address("b", "localhost")),
        (b"TO:<..@x>", Address("..", "x")),
        (b'TO:<"">', None),
        (b'TO:<""@x>', Address("", "x")),
        (b'TO:<"a\\b"@x>', Address("ab", "x")),
        (b'TO:<"@x:"@y>', Address("@x:", "y")),
        (b"TO:<@x,@y:bob@z>", Address("bob", "z")),
        (b"TO:<@x,y:bob@z>", None),
        (b"TO:<@[192.0.2.1]:bob@z>", None),
        (b"TO:<POSTMASTER>", Address("POSTMASTER", "")),
        (b"TO:<@x:postmaster>", None),
        (b"TO:<postmaster@>", None),
        (b"TO:<bob@->", None),
        (b"TO:<bob@a-.b>", None),
        (b"TO:<bob@-a>", None),
        (b"TO:<bob@a--b>", Address("bob", "a--b")),
        (b"TO:<bob@.a>", None),
        (b"TO:<bob@a..>", None),
        (b"TO:<bob@a@b>", None),
        (b"TO:<bob@[1.2.3]>", None),
        (b"TO:<bob@[01.2.3.4]>", None),
        (b"TO:<bob@[IPv6:1.2.3.4]>", None),
        (b"TO:<bob@[IPv6:::1%1]>", None),
        (b"TO:<bob@[]>", None),
        (b"TO: <bob@x", None),
        (b"TO:bob@x", Address("bob", "x")),
        (b"TO: \tbob@[192.0.2.1] ", Address("bob", "[192.0.2.1]")),
        (b'TO:"a b"@x', Address("a b", "x")),
        (b"TO:postmaster", Address("postmaster", "")),
        (b"TO:bob@x>", None),
        (b"TO:@y:bob@x", None),
        (b"TO:", None),
        (b"TO :<bob@x>", None),
        (b"TO:<bob@x>>", None),
        (b"TO:<<bob@x>>", None),
        (b"TO:< bob@x>", None),
        (b"", None),
    ],
)
def test_forward_paths(argument: bytes, address: Address | None) -> None:
    """One by one, what is a forward-path and what is 501 5.1.3."""
    if address is None:
        assert refusal(lambda: read_rcpt(argument, utf8=False)) == BAD_FORWARD_PATH
    else:
        assert read_rcpt(argument, utf8=False) == Path(address)


@pytest.mark.parametrize("argument", [b"TO:<x@y> NOTIFY=NEVER", b"TO:<x@y> \n", b"TO:<x@y>\t\0"])
def test_parameters_of_rcpt_are_unknown(argument: bytes) -> None:
    """None is announced, so that all are 555."""
    assert refusal(lambda: read_rcpt(argument, utf8=False)) == UNKNOWN_PARAMETER


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        (b"", NO_PARAMETERS),
        (b" \t ", NO_PARAMETERS),
        (b" SIZE=0", MailParameters(size=0)),
        (b" SIZE=00000000000000000012", MailParameters(size=12)),
        (b" BODY=7BIT\tsize=5", MailParameters(5, "7BIT")),
        (b" Body=8bitMIME SMTPUTF8", MailParameters(None, "8BITMIME", True)),
        (b" AUTH=<>", NO_PARAMETERS),
        (b" AUTH=a+2Bb", NO_PARAMETERS),
        (b" AUTH=a=b", BAD_ARGUMENT),
        (b" AUTH=+2b", BAD_ARGUMENT),
        (b" AUTH", BAD_ARGUMENT),
        (b" SIZE", BAD_ARGUMENT),
        (b" SIZE=+5", BAD_ARGUMENT),
        (b" SIZE=1e3", BAD_ARGUMENT),
        (b" SIZE=0x10", BAD_ARGUMENT),
        (b" SIZE=123456789012345678901", BAD_ARGUMENT),
        (b" BODY", BAD_ARGUMENT),
        (b" BODY=BINARYMIME", UNKNOWN_PARAMETER),
        (b" BODY=9BIT", BAD_ARGUMENT),
        (b" SMTPUTF8=yes", BAD_ARGUMENT),
        (b" SMTPUTF8 SMTPUTF8", BAD_ARGUMENT),
        (b" -X", BAD_ARGUMENT),
        (b" X_Y", BAD_ARGUMENT),
        (b" X=", BAD_ARGUMENT),
        (b" X=\xff", BAD_ARGUMENT),
        (b" X", UNKNOWN_PARAMETER),
        (b" 8x-Y9", UNKNOWN_PARAMETER),
        (b" RET=FULL", UNKNOWN_PARAMETER),
        (b" SIZE=5\x0bBODY=7BIT", BAD_ARGUMENT),
        (b"SIZE=5", BAD_REVERSE_PATH),
        (b"\nSIZE=5", BAD_REVERSE_PATH),
    ],
)
def test_parameters_of_mail(words: bytes, parameters: MailParameters | Reply) -> None:
    """One by one, what MAIL may say beyond its path (RFC 5321 §4.1.2)."""

    def read() -> MailParameters:
        return read_mail(b"FROM:<a@b>" + words).parameters

    if isinstance(parameters, Reply):
        assert refusal(read) == parameters
    else:
        assert read() == parameters


@pytest.mark.parametrize("blanks", [b"", b" ", b"\t", b" \t "])
def test_blanks_before_a_path_are_forgiven(blanks: bytes) -> None:
    """Scanners and printers send them, though they are forbidden (RFC 5321 §3.3)."""
    assert str(read_mail(b"FROM:" + blanks + b"<a@b>").reverse_path) == "<a@b>"
    assert str(read_rcpt(b"TO:" + blanks + b"<a@b>", utf8=False)) == "<a@b>"


def test_reverse_path_may_be_null_but_not_postmaster() -> None:
    """Bounces have no reverse-path; a postmaster who writes has a domain."""
    assert read_mail(b"FROM:<>").reverse_path == NULL_PATH
    assert refusal(lambda: read_mail(b"FROM:<postmaster>")) == BAD_REVERSE_PATH
    assert refusal(lambda: read_rcpt(b"TO:<>", utf8=False)) == BAD_FORWARD_PATH


@pytest.mark.parametrize(
    "octets", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xc2\x85", b"\xe2\x80\xae"]
)
def test_f10_octets_that_are_no_text_are_no_address(octets: bytes) -> None:
    """Overlong, surrogate, control and direction marks: 501 with SMTPUTF8, 553 without."""
    for argument in (
        b"TO:<" + octets + b"@b>",
        b"TO:<a@b" + octets + b">",
        b'TO:<"' + octets + b'"@b>',
    ):
        assert refusal(lambda: read_rcpt(argument, utf8=True)) == BAD_FORWARD_PATH
        assert refusal(lambda: read_rcpt(argument, utf8=False)) == UTF8_NEEDED


def test_lengths_are_bounded() -> None:
    """255 octets each, of the local-part as written and of the domain (RFC 5321 §4.5.3.1)."""
    read_rcpt(b"TO:<" + b"x" * 255 + b"@" + b"y" * 255 + b">", utf8=False)
    for path in (b"x" * 256 + b"@y", b'"' + b"x" * 254 + b'"@y', b"x@" + b"y" * 256):
        assert refusal(lambda: read_rcpt(b"TO:<" + path + b">", utf8=False)) == BAD_FORWARD_PATH
        assert refusal(lambda: read_mail(b"FROM:<" + path + b">")) == BAD_REVERSE_PATH


def test_greeting_is_any_visible_word() -> None:
    """Clients call themselves what they like; what is no UTF-8 is told escaped."""
    assert read_greeting(b" client.example\t") == "client.example"
    assert read_greeting(b"\t client.example") == "client.example"
    assert read_greeting("bücher.example".encode()) == "bücher.example"
    assert read_greeting(b"\xff") == "\\xff"
    assert read_greeting(b"x" * 255) == "x" * 255
    assert read_greeting(b"a b\tc") == "a"
    assert read_greeting(b"a\t\0") == "a"
    for octets in (b"", b" ", b"a\0", b"a\r", b"a\n", b" \n a", b"x" * 256, b"x" * 256 + b" y"):
        assert refusal(lambda: read_greeting(octets)) == BAD_ARGUMENT


@pytest.mark.parametrize(
    ("argument", "chunk"),
    [
        (b"0", (0, False)),
        (b"86 ", (86, False)),
        (b"86\t", (86, False)),
        (b"86 LAST", (86, True)),
        (b"86\tlast \t", (86, True)),
        (b"9" * 20 + b" \tLast", (10**20 - 1, True)),
        (b"9" * 21, None),
        (b"", None),
        (b"LAST", None),
        (b"86LAST", None),
        (b"86 LAST LAST", None),
        (b"86 LASTING", None),
        (b"86 L", None),
        (b"+86", None),
        (b"-1", None),
        (b"8_6", None),
        (b"0x10", None),
        (b"86\n", None),
        (b"86\x0bLAST", None),
        ("٨".encode(), None),
    ],
)
def test_chunk_has_a_size_and_may_be_the_last(
    argument: bytes, chunk: tuple[int, bool] | None
) -> None:
    """Where the size can't be told nobody knows what is content (RFC 3030 §2)."""
    if chunk is None:
        assert refusal(lambda: read_bdat(argument)) == BAD_ARGUMENT
    else:
        assert read_bdat(argument) == chunk


def test_verbs_without_argument_forgive_blanks() -> None:
    """``DATA`` and a blank is DATA; with a word it is 501."""
    read_nothing(b"")
    read_nothing(b" \t")
    for octets in (b"x", b" X ", b"\n", b"\0"):
        assert refusal(lambda: read_nothing(octets)) == NO_ARGUMENT_TAKEN


def test_vrfy_needs_somebody() -> None:
    """Any text will do."""
    assert read_string(b" bob ") == "bob"
    assert read_string(b"\xff\0") == "\\xff\0"
    assert read_string(b"\x0bbob\n") == "\x0bbob\n"
    assert refusal(lambda: read_string(b" \t")) == BAD_ARGUMENT
