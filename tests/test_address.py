"""Addresses as values: written, compared, never mixed up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.address import NULL_PATH, Address, Path, comparable_domain, fold


@pytest.mark.parametrize(
    ("local_part", "written"),
    [
        ("bob", "bob@here.example"),
        ("b.o+b_", "b.o+b_@here.example"),
        ("!#$%&'*+-/=?^_`{|}~", "!#$%&'*+-/=?^_`{|}~@here.example"),
        ("", '""@here.example'),
        ("a b", '"a b"@here.example'),
        ("a..b", '"a..b"@here.example'),
        (".a", '".a"@here.example'),
        ("a@b", '"a@b"@here.example'),
        ('a"\\b', '"a\\"\\\\b"@here.example'),
        ("bob\n", '"bob\n"@here.example'),
        ("jösé", "jösé@here.example"),
    ],
)
def test_local_part_is_quoted_where_it_must_be(local_part: str, written: str) -> None:
    """An address is written as the wire needs it (RFC 5321 §4.1.2)."""
    assert str(Address(local_part, "here.example")) == written


def test_postmaster_alone_has_no_domain() -> None:
    """``<postmaster>`` is an address of its own (RFC 5321 §4.5.1)."""
    assert str(Path(Address("Postmaster", ""))) == "<Postmaster>"


def test_null_path_is_written_empty() -> None:
    """Bounces come from ``<>``."""
    assert str(NULL_PATH) == "<>"
    assert str(Path(Address("bob", "here.example"))) == "<bob@here.example>"


def test_fold_lowers_ascii_letters_and_nothing_else() -> None:
    """Two different names never become one mailbox."""
    assert fold("BoB") == "bob"
    for letter in ("\u212a", "ß", "İ", "Ä", "ﬁ"):
        assert fold(letter + "A") == letter + "a"


@given(st.text())
def test_fold_changes_only_what_it_should(text: str) -> None:
    """Whatever the text, its other letters stay, and folding twice changes nothing more."""
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded
    for before, after in zip(text, folded, strict=True):
        assert after == (before.lower() if before.isascii() else before)


@pytest.mark.parametrize(
    ("domain", "comparable"),
    [
        ("Here.Example", "here.example"),
        ("here.example.", "here.example"),
        ("", ""),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bücher.EXAMPLE.", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"),
    ],
)
def test_domains_are_compared_as_a_labels(domain: str, comparable: str) -> None:
    """A domain is the same in whatever case, alphabet or with a last dot it is written."""
    assert comparable_domain(domain) == comparable


@pytest.mark.parametrize(
    "domain",
    [
        "☃.example",
        "\u212a.example",
        "\u0130.example",
        "\u0338a.example",
        "b‍ü.example",
        "ü" * 64 + ".example",
    ],
)
def test_what_is_no_domain_is_a_value_error(domain: str) -> None:
    """A name that IDNA does not know is no domain (RFC 5891 §4)."""
    with pytest.raises(ValueError, match=r"."):
        comparable_domain(domain)


def test_address_is_compared_without_case() -> None:
    """``Bob@HERE.example`` is bob."""
    assert Address("Bob", "HERE.example.").comparable == ("bob", "here.example")
