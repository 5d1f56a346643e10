"""Folders of sub-addresses: found among those that exist, and never another path."""

from pathlib import Path

import pytest

from gomail.reply import MAILBOX_UNAVAILABLE
from tests.delivery.bench import maildirs
from tests.delivery.desk import Desk


@pytest.mark.parametrize(
    ("folders", "detail", "found"),
    [
        ([".lists"], "lists", ".lists"),
        ([".Lists"], "lists", ".Lists"),
        ([".lists"], "LISTS", ".lists"),
        ([".lists", ".Lists", ".LISTS"], "Lists", ".Lists"),
        ([".lists", ".Lists", ".LISTS"], "lists", ".lists"),
        ([".Lists", ".LISTS"], "lists", ".LISTS"),
        ([".lists.python"], "lists.python", ".lists.python"),
        ([".lists"], "list", ""),
        ([".lists"], ".lists", ""),
        ([".lists"], "", ""),
        ([".lists"], "../alice/.lists", ""),
        ([".lists"], "lists/../.lists", ""),
        ([".lists"], "lists/", ""),
        ([".\u212ait"], "kit", ""),
        (["lists"], "lists", ""),
        ([], ".", ""),
        ([], "..", ""),
        ([], "./bob", ""),
        ([], "/etc", ""),
        ([], "x\0y", ""),
        ([], "\udcff", ""),
    ],
)
def test_n3_folder_is_looked_up_among_those_that_exist(
    desk: Desk, alice: Path, folders: list[str], detail: str, found: str
) -> None:
    """A sub-address finds its folder, as written or in other letters' case; never another path."""
    maildirs(alice, *folders)
    maildirs(alice.parent, "bob")
    before = sorted(alice.rglob("*"))
    assert desk.find(alice, detail) == str(alice / found)
    assert sorted(alice.rglob("*")) == before, "nothing is made for a sub-address"


def test_folder_that_is_no_maildir_is_none(desk: Desk, alice: Path) -> None:
    """A folder without ``new/``, or a file of that name, is no place for mail."""
    (alice / ".lists").mkdir()
    (alice / ".notes").touch()
    assert desk.find(alice, "lists") == str(alice)
    assert desk.find(alice, "notes") == str(alice)


def test_n6_linked_folder_is_not_followed(desk: Desk, alice: Path, tmp_path: Path) -> None:
    """A folder that is a symbolic link is none: the mail goes to the inbox."""
    (bob,) = maildirs(tmp_path, "bob")
    (alice / ".lists").symlink_to(bob)
    assert desk.find(alice, "lists") == str(alice)


def test_n6_folder_whose_new_is_a_link_is_refused(desk: Desk, alice: Path, tmp_path: Path) -> None:
    """A folder that leads elsewhere from within takes no mail."""
    (lists,) = maildirs(alice, ".lists")
    (bob,) = maildirs(tmp_path, "bob")
    (lists / "new").rmdir()
    (lists / "new").symlink_to(bob / "new")
    assert desk.refusal(alice, "lists") == MAILBOX_UNAVAILABLE
    assert desk.find(alice) == str(alice)
