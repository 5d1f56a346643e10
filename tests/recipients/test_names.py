"""Mailboxes named in a list or in a file."""

from pathlib import Path

import pytest

from gomail.recipients.names import read_file, read_list


def test_a_list_keeps_who_is_first() -> None:
    """The first mailbox is the one that mail for postmaster falls back to."""
    names = read_list(["Zoe", "alice"])
    assert names.first() == "zoe"
    assert "alice" in names
    assert "Alice" not in names
    assert (len(names), names.targets("alice"), names.blocking) == (2, (), False)


def test_an_empty_list_has_no_first() -> None:
    """A domain of aliases alone has no mailbox."""
    assert read_list([]).first() is None


def test_a_name_that_is_there_twice_is_a_mistake() -> None:
    """Names that differ in capitals are one mailbox, and probably a slip."""
    with pytest.raises(ValueError, match="'alice' is there twice"):
        read_list(["alice", "Alice"])


def test_a_file_has_a_name_a_line(tmp_path: Path) -> None:
    """Blank lines and comments are skipped, and Windows may have written it."""
    path = tmp_path / "mailboxes"
    path.write_bytes(b"# ours\r\nalice\r\n\n  bob  # since May\n")
    names = read_file(str(path))
    assert set(names) == {"alice", "bob"}
    assert names.first() == "alice"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            b"alice\nx y\n",
            ", line 2: 'x y' can't name a mailbox: letters, digits, and between them",
        ),
        (b"alice\n\nalice\n", ", line 3: 'alice' is there twice"),
        (b"\xff\n", ": text in UTF-8 was expected"),
        (b"../../etc\n", ", line 1: '../../etc' can't name a mailbox"),
    ],
)
def test_a_mistake_in_a_file_names_its_line(tmp_path: Path, content: bytes, problem: str) -> None:
    """The owner of a long file finds the line that is wrong."""
    path = tmp_path / "mailboxes"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="mailboxes") as caught:
        read_file(str(path))
    assert str(caught.value).startswith(f"{path}{problem}")


def test_a_file_that_is_missing_is_named() -> None:
    """The error says which file."""
    with pytest.raises(ValueError, match=r"^/nowhere/mailboxes: No such file or directory$"):
        read_file("/nowhere/mailboxes")
