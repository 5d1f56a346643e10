"""What domains, aliases and separators may look like."""

import pytest

from gomail.address import Address
from gomail.recipients.domain import read_domain, read_local_part, read_separator, read_target


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("example.org", "example.org"),
        ("MX.Example.ORG.", "mx.example.org"),
        ("localhost", "localhost"),
        ("_dmarc.example", "_dmarc.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
    ],
)
def test_domains_are_given_as_they_are_compared(text: str, domain: str) -> None:
    """However a domain is written, it is one domain."""
    assert read_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        "-a.example",
        "a-.example",
        "a b",
        "a/b",
        "..",
        "x" * 64,
        "a." * 127 + "ab",
        "192.0.2.1",
        "[192.0.2.1]",
        "[IPv6:::1]",
        "a@b",
        "a\n",
        "\u00fc\u00fc--",
        "*.example.org",
    ],
)
def test_other_text_is_no_domain(text: str) -> None:
    """A domain that could never get mail is a mistake, and so is an IP address."""
    with pytest.raises(ValueError, match=r"a domain such as example\.org was expected, not"):
        read_domain(text)


def test_the_labels_of_a_domain_are_at_most_253_octets() -> None:
    """RFC 1035 §2.3.4."""
    assert read_domain(".".join(["a" * 49] * 5) + ".xyz")
    with pytest.raises(ValueError, match="expected"):
        read_domain(".".join(["a" * 50] * 5))


@pytest.mark.parametrize("text", ["Team", "o'brien", "a+b", "info%x", "jos\u00e9", "a.b"])
def test_aliases_may_be_called_almost_anything(text: str) -> None:
    """An alias never becomes a path, so any local-part without quotes will do."""
    assert read_local_part(text) == text.replace("T", "t")


@pytest.mark.parametrize("text", ["", "a b", "a@b", '"a"', "a\0", "a\x85", "a\u2028", "x" * 256])
def test_what_needs_quotes_is_no_alias(text: str) -> None:
    """Quoted local-parts are for nobody."""
    with pytest.raises(ValueError, match="the part of an address before '@' was expected"):
        read_local_part(text)


def test_a_target_without_a_domain_is_in_the_same() -> None:
    """The owner writes ``alice`` for ``alice@`` this domain."""
    assert read_target("Alice", "a.example") == Address("alice", "a.example")
    assert read_target("alice+x@B.example", "a.example") == Address("alice+x", "b.example")


@pytest.mark.parametrize("text", ["alice@", "@b.example", "a@b@c.example", "a@[192.0.2.1]", ""])
def test_half_an_address_is_no_target(text: str) -> None:
    """A target is whole."""
    with pytest.raises(ValueError, match="expected"):
        read_target(text, "a.example")


def test_separators_are_single_signs() -> None:
    """One sign parts a sub-address, or none does."""
    assert [read_separator(each) for each in ["+", "-", ""]] == ["+", "-", ""]
    with pytest.raises(ValueError, match="expected") as caught:
        read_separator("++")
    assert str(caught.value) == "one of + - = _ . # ~ or '' was expected, not '++'"
    for text in ["a", "@", "%", "/"]:
        with pytest.raises(ValueError, match="expected"):
            read_separator(text)
