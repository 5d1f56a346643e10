"""Names of folders and messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.inbox.names import decode_name, encode_name, folder_names, key_of, size_of


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Junk", "Junk"),
        ("Lists.python", "Lists.python"),
        ("Entw&APw-rfe", "Entwürfe"),
        ("Tom &- Jerry", "Tom & Jerry"),
        ("&U,BTFw-.&ZeVnLIqe-", "台北.日本語"),  # RFC 3501 §5.1.3
        ("&2D3cqQ-", "💩"),
        ("Entwürfe", "Entwürfe"),
    ],
)
def test_folder_is_shown_decoded(written: str, shown: str) -> None:
    """As IMAP servers name it."""
    assert folder_names([written]) == {shown: written}


@pytest.mark.parametrize(
    "written",
    [
        "&",
        "&AP",
        "a&b-c",
        "&APw",
        "&AC8-",
        "&AAA-",
        "&AGE-",
        "&2D0-",
        "&====-",
        "&APw-&APw-",
        "&A-",
    ],
)
def test_name_that_nobody_writes_so_is_shown_as_it_is(written: str) -> None:
    """What leads not back to itself is no modified UTF-7: neither a slash nor a NUL comes of it."""
    assert folder_names([written]) == {written: written}


def test_no_two_folders_have_one_name() -> None:
    """One is written in UTF-8, and the other as IMAP has it."""
    assert folder_names(["B&APw-cher", "Bücher"]) == {
        "B&APw-cher": "B&APw-cher",
        "Bücher": "Bücher",
    }


@given(st.lists(st.text(st.characters(blacklist_characters="/\0"), min_size=1), unique=True))
def test_all_folders_have_names_of_their_own(written: list[str]) -> None:
    """Whatever they are called; and each can be written as UTF-8."""
    shown = folder_names(written)
    assert sorted(shown.values()) == sorted(written)
    assert all(name.encode() and "\0" not in name for name in shown)


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_name_is_encoded_and_decoded(name: str) -> None:
    """There and back."""
    assert encode_name(name).isascii()
    assert decode_name(encode_name(name)) == name


def test_key_is_of_the_unique_name() -> None:
    """It can be written into an address, whatever octets there are."""
    assert key_of("a") != key_of("b")
    assert key_of("\udcff").isalnum()


@pytest.mark.parametrize(
    ("name", "size"),
    [("1.M.h,S=12:2,S", 12), ("1.M.h,S=12,W=13:2,", 12), ("1.M.h", None), ("1,S=12x", None)],
)
def test_size_is_in_the_name(name: str, size: int | None) -> None:
    """As Dovecot writes it, and gomail."""
    assert size_of(name) == size
