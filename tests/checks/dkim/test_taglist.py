"""Tag lists."""

import pytest

from gomail.checks.dkim.taglist import LONGEST, MOST_TAGS, read_tags, without_folds

MANY = {f"a{at}": "" for at in range(MOST_TAGS)}


@pytest.mark.parametrize(
    ("octets", "tags"),
    [
        (b"a=1", {"a": "1"}),
        (b" a = 1 ; b_2=\n\t x y\n ; C=;", {"a": "1", "b_2": "x y", "C": ""}),
        (b"a=1;A=2; ", {"a": "1", "A": "2"}),
        (b"a=b=c", {"a": "b=c"}),
        ("d=bücher.example".encode(), {"d": "bücher.example"}),  # RFC 8616 §4
        (b"a=" + b"1" * (LONGEST - 2), {"a": "1" * (LONGEST - 2)}),
        (";".join(f"a{at}=" for at in range(MOST_TAGS)).encode(), MANY),
    ],
)
def test_tags_are_read(octets: bytes, tags: dict[str, str]) -> None:
    """Names are case-sensitive, white space around values is none of theirs."""
    assert read_tags(octets) == tags


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b";",
        b"a",
        b"=1",
        b"1=1",
        b"a=1;;b=2",
        b"a=1;;",
        b"a=1;a=2",
        b"a-b=1",
        b"a=1\0",
        b"a=1\r",
        b"a=\xff",
        "ä=1".encode(),
        b"a=" + b"1" * (LONGEST - 1),
        ";".join(f"a{at}=" for at in range(MOST_TAGS + 1)).encode(),
    ],
)
def test_what_is_no_tag_list_is_refused(octets: bytes) -> None:
    """RFC 6376 §3.2; a signature of more than 8 KB, too (auth: b= of 100 kB)."""
    with pytest.raises(ValueError, match=r"is |has |utf-8"):
        read_tags(octets)


def test_folds_are_taken_out() -> None:
    """Of base64."""
    assert without_folds("a b\n\tc ") == "abc"
