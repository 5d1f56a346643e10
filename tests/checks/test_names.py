"""Domain names: one form, or none."""

import pytest

from gomail.checks.names import domain_name, is_within


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.ORG", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("a_b.example", "a_b.example"),
        ("com", "com"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_name_has_one_form(text: str, name: str) -> None:
    """A-labels, in lower case."""
    assert domain_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "example.org.",
        ".example.org",
        "example..org",
        "-a.example",
        "a-.example",
        "a" * 64 + ".example",
        "a." * 127 + "example",
        "ü." * 120 + "example",  # short enough until it is in A-labels
        "example.org\0.evil.example",
        "example.org(.evil.example",
        "example.org .evil.example",
        "example.org\n",
        "[192.0.2.1]",
        "\udcff.example",
        "☃.example",  # no letter (RFC 5892)
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    """DNS would cut it somewhere, or ask for something else."""
    assert domain_name(text) is None


def test_name_is_within_its_domain() -> None:
    """By labels, not by signs."""
    assert is_within("example.org", "example.org")
    assert is_within("a.b.example.org", "example.org")
    assert not is_within("evilexample.org", "example.org")
    assert not is_within("org", "example.org")
