"""Files that are put in their place, and left alone once somebody has changed them."""

from pathlib import Path

import pytest

from gomail.units.placing import NotOurs, place, signed


def test_files_are_written_for_everybody_to_read(tmp_path: Path) -> None:
    """Folders are made, and nothing is left beside the files."""
    path = tmp_path / "etc" / "a"
    assert place({path: "text\n"}) == [path]
    assert path.read_text() == signed("text\n")
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_file_of_ours_is_replaced_and_the_same_one_is_not(tmp_path: Path) -> None:
    """A newer gomail brings newer units; the same one changes nothing."""
    path = tmp_path / "a"
    place({path: "old\n"})
    assert place({path: "old\n"}) == []
    assert place({path: "new\n"}) == [path]
    assert path.read_text() == signed("new\n")


@pytest.mark.parametrize(
    ("present", "why"),
    [
        ("[Unit]\n", "was not written by gomail"),
        ("", "was not written by gomail"),
        (signed("old\n") + "MemoryMax=2G\n", "was changed by hand"),
        (signed("old\n").replace("old", "new"), "was changed by hand"),
    ],
)
def test_file_that_is_not_ours_stops_everything(tmp_path: Path, present: str, why: str) -> None:
    """What somebody wrote is worth more than what we would write, and all other files wait."""
    theirs, other = tmp_path / "a", tmp_path / "b"
    theirs.write_text(present)
    with pytest.raises(NotOurs, match=rf"^{theirs} {why}"):
        place({other: "text\n", theirs: "newest\n"})
    assert theirs.read_text() == present
    assert not other.exists()


def test_link_is_not_followed(tmp_path: Path) -> None:
    """A masked unit is a link to /dev/null, which is not to be written through."""
    path = tmp_path / "a"
    path.symlink_to("/dev/null")
    with pytest.raises(NotOurs, match="no file of ours"):
        place({path: "text\n"})
    assert path.is_symlink()


def test_folder_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    """The caller tells what to do about it."""
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match="a"):
        place({tmp_path / "a" / "b": "text\n"})
