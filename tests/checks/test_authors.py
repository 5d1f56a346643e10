"""From: whose domain it is, or that nobody can tell; A-numbers are those of "Composition Kills"."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gomail.checks.authors import MOST_TOKENS, authors
from gomail.checks.header import MOST_FIELDS, Header


def domains(value: str | bytes) -> tuple[str, ...]:
    """Read a message with one From."""
    octets = value if isinstance(value, bytes) else value.encode()
    return authors(Header(b"From:" + octets + b"\nTo: a@to.example\n")).domains


def word(text: str) -> str:
    """Write an encoded word."""
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="


@pytest.mark.parametrize(
    "value",
    [
        " joe@example.org",
        "joe@Example.ORG ",
        " <joe@example.org>",
        " Joe <joe@example.org>",
        " Joe Q. Doe <joe@example.org>",  # a full stop in a phrase is obsolete, and usual
        ' "Doe, Joe \\"Q\\"" <joe@example.org>',
        ' "joe b"@example.org',
        " joe@example.org (Joe (the) one)",
        " Joe (a \\) comment) <joe@example.org(here)>",
        "\n Joe\n <joe@example.org>\n ",
        " =?utf-8?Q?J=C3=B6e,_Doe?= <joe@example.org>",
        " " + word("Jöe") + " <joe@example.org>",
        " Jöe <joe@example.org>",
        b" J\xf6e Doe <joe@example.org>",  # Latin-1, raw
        " joe@example.org <joe@example.org>",  # unquoted, and usual
        " Joe joe@example.org <joe@example.org>",
        " We: joe@example.org, Ann <ann@example.org>;",
        " joe@example.org, ann@EXAMPLE.org",
        ' "ann@other.example" <joe@example.org>',
        " (ann@other.example) joe@example.org",
        " " + word("ann@other.example") + " <joe@example.org>",
    ],
)
def test_one_domain_is_found(value: str | bytes) -> None:
    """Names and comments are nobody's."""
    assert domains(value) == ("example.org",)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (" joe@bücher.example", "xn--bcher-kva.example"),
        (" joe@xn--bcher-kva.example", "xn--bcher-kva.example"),
        (" jöe@BÜCHER.example", "xn--bcher-kva.example"),
    ],
)
def test_domain_is_in_a_labels(value: str, found: str) -> None:
    """As DNS has it (RFC 5891)."""
    assert domains(value) == (found,)


@pytest.mark.parametrize(
    "value",
    [
        " joe@evil.example, ann@bank.example",
        " <joe@evil.example>, Ann <ann@bank.example>",
        " We: joe@evil.example, Ann <ann@bank.example>;",
        " joe@evil.example <ann@bank.example>",  # a name, or an address? Readers differ.
        " joe@evil.example x <ann@bank.example>",
    ],
)
def test_several_domains_are_all_told(value: str) -> None:
    """So that none of them alone can answer for the message."""
    assert domains(value) == ("evil.example", "bank.example")


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        " Joe",
        " <>",
        " <Joe>",
        " joe@",
        " @example.org",
        " joe@example.org,",
        " ,joe@example.org",
        " joe@evil.example ann@bank.example",
        " Joe joe@example.org",
        " joe@example.org.",
        " joe@[192.0.2.1]",
        " joe@bank.example(.evil.example",  # A: a comment without an end
        " joe@bank.example\\.evil.example",
        " joe@bank.example .evil.example",
        " joe@bank.example(x).evil.example",
        " <@evil.example,@x.example:ann@bank.example>",  # a source route
        " <joe@evil.example>ann@bank.example",
        " <joe@evil.example><ann@bank.example>",
        " <joe@evil.example",
        " joe@evil.example>",
        ' "joe@bank.example',
        " joe@evil.example\0,ann@bank.example",
        " joe@evil.example\rFrom: ann@bank.example",
        " joe@evil.example\\,ann@bank.example",
        " " + word("ann@bank.example"),
        " " + word("<ann@bank.example>") + ",",
        " =?utf-8?Q?<ann@bank.example>?= <joe@evil.example>",
        " Nobody:;",
        " We: We: joe@example.org;;",
        " We: joe@example.org",
        " joe@example.org: ann@bank.example;",
        " :joe@example.org;",
        " joe@example.org;",
        ' "a"."b"@example.org',
        b" joe@\xffexample.org",
    ],
)
def test_what_readers_differ_about_has_no_domain(value: str | bytes) -> None:
    """Then nobody can answer for the message."""
    assert domains(value) == ()


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"To: a@b.example\n", "no From field"),
        (b"From: a@b.example\nFROM : a@b.example\n", "several From fields"),
        (b" From: a@b.example\nFrom: a@b.example\n", "several From fields"),
        (b"From\n : a@b.example\nFrom: a@b.example\n", "several From fields"),
        (b"From\0: a@b.example\nFrom: a@b.example\n", "several From fields"),
        (
            b"To: x\rFrom: a@bank.example\nFrom: a@b.example\n",
            "several From fields, one behind a bare CR",
        ),
        (
            b"From: a@b.example\nTo: x\r y\r\n z\rFROM : a@bank.example\r\n",
            "several From fields, one behind a bare CR",
        ),
        (b"From: a@b.example\n" + b"A: b\n" * MOST_FIELDS, "too many header fields"),
        (b"From:" + b" a," * MOST_TOKENS + b"\n", "From is no address-list"),
        (b"From:" + b" a" * MOST_TOKENS + b"\n", "From is too long"),
        (b"From: a@b.example (\n", "From has a comment without an end"),
        (b"From: a@b@c\n", "From is no address-list"),
        (b"From: a\x01@b\n", "From has control characters"),
        (b"From: Joe <Joe>\n", "From is no address-list"),
        (b"From: Joe <,>\n", "From has no address within its brackets"),
        (b"From: joe@\n", "From has an address without a domain name"),
        (b"From: Nobody:;, Nowhere:;\n", "From has an empty group, and nobody else"),
    ],
)
def test_reason_is_said(block: bytes, reason: str) -> None:
    """In words of ours."""
    assert authors(Header(block)) == ((), reason)


PARTS = [
    "joe", "@", "a.example", "<", ">", ",", ";", ":", '"', "(", ")", "\\", " ", "\n ", ".",
    "=?utf-8?Q?x?=", "ö", "\0",
]  # fmt: skip


@example(["joe", "@", "ö"])
@given(st.lists(st.sampled_from(PARTS), max_size=30))
def test_nothing_escapes_and_no_other_domain_is_found(parts: list[str]) -> None:
    """Whatever it is put together of, there is a domain that is written there, or a reason."""
    text = "".join(parts)
    found, reason = authors(Header(f"From:{text}\n".encode()))
    assert bool(found) != bool(reason)
    assert all(name.encode("ascii").decode("idna") in text for name in found)
