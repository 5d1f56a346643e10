"""The grammar of commands: by round trips, and against a small parser of its own."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gomail.address import Address, Path
from gomail.reply import UTF8_NEEDED, Refused
from gomail.smtp.grammar import read_greeting, read_mail, read_nothing, read_rcpt, read_string
from tests.smtp.paths import reference
from tests.smtp.refusing import refusal

TOKENS = [
    b"a", b"B7", b".", b"@", b'"', b"\\", b" ", b"<", b">", b"-", b"_", b":", b",", b"[", b"]",
    b"[192.0.2.1]", b"[IPv6:::1]", b"[IPv6:fe80::1%0]", b"postmaster", b"@a.b:", b'"x y"@c', b"+",
    b"@here.example",
    b"\xc3\xa9", b"\xff", b"\xc2\x85", b"\0", b"\n", b"\x7f", b"\t",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=9).map(b"".join))
@example(b'"\\\xc3\xa9"@c')
@example(b'"a\\"@c')
@example(b"a@[IPv6:::1%eth0]")
def test_paths_are_the_references(inner: bytes) -> None:
    """What is an address, and which, is what the RFC says; whatever else comes is refused."""
    path = b"<" + inner + b">"
    expected = reference(path)
    try:
        found = read_rcpt(b"TO:" + path, utf8=True)
    except Refused:
        assert expected is None
    else:
        assert found.address is not None
        assert (found.address.local_part, found.address.domain) == expected


@given(st.lists(st.sampled_from(TOKENS), max_size=9).map(b"".join))
@example(b"a@b")
@example(b'"x y"@[IPv6:::1]')
def test_paths_without_brackets_are_the_references_too(inner: bytes) -> None:
    """Angle brackets may be missing from what is neither null nor a source route."""
    assume(inner == inner.strip(b" \t") and inner[:1] not in {b"<", b"@"})
    expected = reference(b"<" + inner + b">")
    try:
        found = read_rcpt(b"TO:" + inner, utf8=True)
    except Refused:
        assert expected is None
    else:
        assert found.address is not None
        assert (found.address.local_part, found.address.domain) == expected


@given(st.binary(max_size=60))
@example(b"<>")
@example(b"<postmaster>")
@example(b"<a@b> \n")
@example(b"<a@b> \x0bNOTIFY=NEVER")
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Nothing that a client may send is more than a refusal."""
    for read in (
        lambda: read_greeting(octets),
        lambda: read_nothing(octets),
        lambda: read_string(octets),
        lambda: read_mail(octets),
        lambda: read_mail(b"FROM:" + octets),
        lambda: read_mail(b"FROM:<a@b> " + octets),
        lambda: read_mail(b"FROM:<a@b> SMTPUTF8 " + octets),
        lambda: read_rcpt(octets, utf8=True),
        lambda: read_rcpt(b"TO:" + octets, utf8=True),
        lambda: read_rcpt(b"TO:<" + octets + b">", utf8=False),
        lambda: read_rcpt(b"TO:<" + octets + b"@b>", utf8=True),
        lambda: read_rcpt(b"TO:<a@" + octets + b">", utf8=True),
        lambda: read_rcpt(b"TO:<a@[" + octets + b"]>", utf8=False),
    ):
        try:
            read()
        except Refused as refused:
            assert refused.reply.code in {501, 553, 555}  # noqa: PT017 -- any refusal will do


PRINTABLE = st.text(max_size=40).filter(str.isprintable)
LABEL = st.from_regex(r"[a-zA-Z0-9_äßδ]([a-z0-9_äδ-]{0,10}[a-zA-Z0-9_äδ])?", fullmatch=True)
DOMAIN = st.one_of(
    st.lists(LABEL, min_size=1, max_size=4).map(".".join),
    st.ip_addresses(v=4).map(lambda address: f"[{address}]"),
    st.ip_addresses(v=6).map(lambda address: f"[IPv6:{address}]"),
)


@given(PRINTABLE, DOMAIN)
@example("", "b")
@example("a..b", "b.")
@example('"\\', "b")
def test_path_that_is_written_is_read_again(local_part: str, domain: str) -> None:
    """Return-Path says what MAIL said, whatever has to be quoted."""
    path = Path(Address(local_part, domain))
    argument = str(path).encode()
    assert read_rcpt(b"TO:" + argument, utf8=True) == path
    assert read_mail(b"FROM:" + argument + b" SMTPUTF8").reverse_path == path
    if not argument.isascii():
        assert refusal(lambda: read_rcpt(b"TO:" + argument, utf8=False)) == UTF8_NEEDED
        assert refusal(lambda: read_mail(b"FROM:" + argument)) == UTF8_NEEDED


def filled(pattern: bytes, start: bytes = b"", end: bytes = b"") -> bytes:
    """Repeat *pattern* up to the length of a command line."""
    return start + pattern * ((2040 - len(start) - len(end)) // len(pattern)) + end


@pytest.mark.parametrize(
    "path",
    [
        filled(b"@a,", b"<"),
        filled(b"@a.b-c,", b"<", b"@"),
        filled(b"a.", b"<@", b"-:x@y>"),
        filled(b"a-", b"<x@", b">"),
        filled(b"-", b"<x@a", b">"),
        filled(b"a.", b"<x@", b"!>"),
        filled(b"\\", b'<"', b'"@x>'),
        filled(b'\\"', b'<"', b"x"),
        filled(b"a", b"<"),
        filled(b".", b"<", b"@"),
        filled(b'"', b"<"),
        filled(b"[", b"<a@"),
        filled(b"1.", b"<a@[", b"]>"),
        filled(b":", b"<a@[IPv6:", b"]>"),
        filled(b"\xc3\xa9", b"<a@", b"->"),
        filled(b"@", b"<"),
        filled(b"<"),
        filled(b" ", b"", b"x"),
        filled(b" A=", b"<a@b>"),
        filled(b" A", b"<a@b>"),
        filled(b"+2", b"<a@b> AUTH="),
        filled(b"+2B", b"<a@b> AUTH=", b"+"),
        filled(b"9", b"<a@b> SIZE="),
    ],
)
def test_e15_longest_line_is_read_in_no_time(path: bytes) -> None:
    """No line that fits makes the server think for long; each would hang a careless pattern."""
    for read in (read_mail, lambda argument: read_rcpt(argument, utf8=True)):
        for keyword in (b"FROM:", b"TO:"):
            with pytest.raises(Refused):
                read(keyword + path)


def test_longest_patterns_that_are_right_are_read() -> None:
    """Nor is a long line wrong for being long."""
    route = filled(b"@a.b,", b"<", b"@c:x@y>")
    assert read_rcpt(b"TO:" + route, utf8=False) == Path(Address("x", "y"))
    assert read_mail(filled(b" ", b"FROM:<>", b"SIZE=1")).parameters.size == 1
