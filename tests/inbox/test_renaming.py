"""A file given another name, beside other readers; both ways of it."""

import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gomail.inbox import renaming
from gomail.inbox.renaming import rename, rename_by_links

Rename = Callable[[int, str, int, str], None]


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Two open folders, with a file in the first."""
    opened = []
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
        opened.append(os.open(tmp_path / name, os.O_RDONLY | os.O_DIRECTORY))
    (tmp_path / "new/a").write_text("a")
    yield opened[0], opened[1]
    for each in opened:
        os.close(each)


@pytest.fixture(params=[rename, rename_by_links])
def way(request: pytest.FixtureRequest) -> Rename:
    """Each way to do it."""
    way: Rename = request.param
    return way


def test_file_is_renamed(tmp_path: Path, folders: tuple[int, int], way: Rename) -> None:
    """From one folder to the other, and it is the same file."""
    inode = (tmp_path / "new/a").stat().st_ino
    way(folders[0], "a", folders[1], "a:2,S")
    assert (tmp_path / "cur/a:2,S").stat().st_ino == inode
    assert not (tmp_path / "new/a").exists()


def test_nothing_is_written_over(tmp_path: Path, folders: tuple[int, int], way: Rename) -> None:
    """Both files are there as before."""
    (tmp_path / "cur/b").write_text("b")
    with pytest.raises(FileExistsError):
        way(folders[0], "a", folders[1], "b")
    assert (tmp_path / "cur/b").read_text() == "b"
    assert (tmp_path / "new/a").read_text() == "a"


def test_file_that_is_gone_is_told(folders: tuple[int, int], way: Rename) -> None:
    """So that it can be looked for again."""
    with pytest.raises(FileNotFoundError):
        way(folders[0], "gone", folders[1], "b")


def test_second_name_that_was_left_is_taken_over(tmp_path: Path, folders: tuple[int, int]) -> None:
    """Somebody was killed between the two steps."""
    os.link(tmp_path / "new/a", tmp_path / "cur/b")
    rename_by_links(folders[0], "a", folders[1], "b")
    assert [each.name for each in tmp_path.glob("*/*")] == ["b"]


@pytest.mark.parametrize("other", ["renames it", "removes it"])
def test_second_name_is_taken_back(
    tmp_path: Path, folders: tuple[int, int], monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """Where another reader comes between the two steps, what that one has done is what counts."""
    link = os.link

    def link_slowly(*arguments, **names) -> None:  # noqa: ANN002, ANN003 -- as os.link has them
        link(*arguments, **names)
        if other == "renames it":
            (tmp_path / "new/a").rename(tmp_path / "cur/theirs")
        else:
            (tmp_path / "new/a").unlink()

    monkeypatch.setattr(os, "link", link_slowly)
    with pytest.raises(FileNotFoundError):
        rename_by_links(folders[0], "a", folders[1], "ours")
    left = [each.name for each in tmp_path.glob("*/*")]
    assert left == (["theirs"] if other == "renames it" else [])


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL])
def test_system_that_can_not_is_helped(
    tmp_path: Path, folders: tuple[int, int], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """An old kernel, or a file system that knows no such rename."""

    def refuse(*_: object) -> int:
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(renaming, "_renameat2", lambda: refuse)
    rename(folders[0], "a", folders[1], "b")
    assert (tmp_path / "cur/b").read_text() == "a"
    monkeypatch.setattr(renaming, "_renameat2", lambda: None)
    rename(folders[1], "b", folders[0], "a")
    assert (tmp_path / "new/a").read_text() == "a"
