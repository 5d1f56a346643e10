"""Authentication-Results, as readers read it: it says what we say, whatever a sender has chosen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.checks.results import MOST_SIGNS, WIDTH, authentication_results, value
from gomail.finding import Finding, Property
from tests.checks.reading import read_results

EVIL = '"x; dkim=pass header.d=paypal.com"@evil.example'
TEXTS = st.text(st.one_of(st.sampled_from(' \t\r\n;="\\@.()\0é\u202e,/<>a'), st.characters()))


def test_field_is_written() -> None:
    """One line a result, in the order given; nothing where nothing was tried."""
    findings = [
        Finding("spf", "pass", (Property("smtp", "mailfrom", "joe@example.org"),)),
        Finding("dkim", "fail", (Property("header", "d", "example.org"),), "the body has changed"),
        Finding("iprev", "pass", (Property("policy", "iprev", "2001:db8::1"),)),
    ]
    assert authentication_results("mx.example.org", findings) == (
        b"Authentication-Results: mx.example.org;\n"
        b" spf=pass smtp.mailfrom=joe@example.org;\n"
        b' dkim=fail reason="the body has changed" header.d=example.org;\n'
        b' iprev=pass policy.iprev="2001:db8::1"\n'
    )
    assert authentication_results("mx.example.org", []) == (
        b"Authentication-Results: mx.example.org;\n none\n"
    )


def test_long_results_are_folded() -> None:
    """Where a space stood, so that unfolding gives it back."""
    properties = tuple(Property("header", name, "d" * 30) for name in ("d", "i", "s"))
    finding = Finding("dkim", "neutral", properties, "words " * 16 + "end")
    field = authentication_results("mx.example.org", [finding])
    lines = field.decode().splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert all(line.startswith(" ") and line.strip() for line in lines[1:])
    assert read_results(field) == ("mx.example.org", [finding])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("example.org", "example.org"),
        ("joe+x@example.org", "joe+x@example.org"),
        ("@example.org", "@example.org"),
        ("", '""'),
        ("a b", '"a b"'),
        ("a;b", '"a;b"'),
        ("a(b)", '"a(b)"'),
        ("a/b=", '"a/b="'),
        ("a\r\nX: y\0", '"a??X: y?"'),
        ("a\u202eb", '"a?b"'),
        ("\udcff", '"?"'),
        ('a"\\b', '"a\\"\\\\b"'),
        ("jöe@example.org", '"jöe@example.org"'),
        (EVIL, '"\\"x; dkim=pass header.d=paypal.com\\"@evil.example"'),
        ("a" * 400, "a" * MOST_SIGNS),
        ("a@" + "b" * 400, '"a@' + "b" * (MOST_SIGNS - 2) + '"'),
        ("\\" * 400, '"' + "\\\\" * MOST_SIGNS + '"'),
    ],
)
def test_value_is_quoted_unless_it_is_plain(text: str, written: str) -> None:
    """RFC 8601 §2.2."""
    assert value(text) == written


@pytest.mark.parametrize("text", [EVIL, "\r\nX: y", '"', "\\", "(", "a\n b; dkim=pass"])
def test_no_sender_writes_results(text: str) -> None:
    """A quoted local-part is legal, and may be anything."""
    field = authentication_results(
        "mx.example.org", [Finding("spf", "fail", (Property("smtp", "mailfrom", text),))]
    )
    assert field.count(b"\n") == 2
    _, findings = read_results(field)
    assert [(finding.method, finding.result) for finding in findings] == [("spf", "fail")]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_what_is_written_is_what_is_read(texts: list[tuple[str, str]]) -> None:
    """By a reader that goes by the grammar; but for what can't be seen, and what is too long."""
    findings = [
        Finding(
            "spf", "none", (Property("smtp", "mailfrom", text), Property("smtp", "helo", other))
        )
        for text, other in texts
    ]
    field = authentication_results("mx.example.org", findings)
    assert b"\r" not in field
    assert all(line.startswith(b" ") and line.strip() for line in field.split(b"\n")[1:-1])
    name, read = read_results(field)
    assert name == "mx.example.org"
    assert [len(finding.properties) for finding in read] == [2] * len(texts)
    for finding, pair in zip(read, texts, strict=True):
        for read_property, text in zip(finding.properties, pair, strict=True):
            seen = "".join(sign if sign.isprintable() else "?" for sign in text[:MOST_SIGNS])
            assert read_property.value == seen
