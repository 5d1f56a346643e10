"""The junk folder is made where it belongs, whoever else may write to the Maildir."""

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gomail.delivery import folder as module
from gomail.delivery.folder import make_folder_of
from gomail.delivery.maildir import PRIVATE, Maildir, Ownership
from tests.delivery.bench import maildirs, no_file_left_open

SHARED = Ownership(os.getgid())


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    """The Maildir of alice."""
    return maildirs(tmp_path, "alice")[0]


@pytest.mark.parametrize(
    ("ownership", "folder_mode", "file_mode"), [(PRIVATE, 0o700, 0o600), (SHARED, 0o2770, 0o660)]
)
def test_folder_is_made_for_those_who_share_it(
    alice: Path, ownership: Ownership, folder_mode: int, file_mode: int
) -> None:
    """Whatever the umask is; what is there already stays as it is."""
    before = os.umask(0o077)
    try:
        with no_file_left_open():
            assert make_folder_of(str(alice), "Junk", ownership) == str(alice / ".Junk")
    finally:
        os.umask(before)
    for name in (".Junk", ".Junk/tmp", ".Junk/new", ".Junk/cur"):
        assert (alice / name).stat().st_mode & 0o7777 == folder_mode
    marker = alice / ".Junk/maildirfolder"
    assert marker.stat().st_mode & 0o7777 == file_mode
    marker.write_bytes(b"somebody's")
    assert make_folder_of(str(alice), "Junk", ownership) == str(alice / ".Junk")
    assert marker.read_bytes() == b"somebody's"
    Maildir(str(alice / ".Junk"), ownership).close()


@pytest.mark.parametrize("name", [".Junk", ".Junk/tmp", ".Junk/cur", ".Junk/new"])
def test_n6_link_in_place_of_the_folder_is_not_followed(
    alice: Path, tmp_path: Path, name: str
) -> None:
    """Nothing is made where it leads."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (alice / name).parent.mkdir(exist_ok=True)
    (alice / name).symlink_to(elsewhere)
    with no_file_left_open(), pytest.raises(NotADirectoryError):
        make_folder_of(str(alice), "Junk", PRIVATE)
    assert list(elsewhere.iterdir()) == []


def test_n6_pipe_in_place_of_the_marker_makes_nobody_wait(alice: Path) -> None:
    """To open it would block the deliveries of all mailboxes."""
    (alice / ".Junk").mkdir()
    os.mkfifo(alice / ".Junk/maildirfolder")
    make_folder_of(str(alice), "Junk", PRIVATE)
    Maildir(str(alice / ".Junk")).close()


@pytest.mark.parametrize("name", ["mkdir", "open", "flush", "fchown", "fchmod"])
@pytest.mark.parametrize("at", range(1, 6))
def test_fault_on_the_way_leaves_nothing_that_passes_for_a_folder(
    alice: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int
) -> None:
    """Whenever it comes; what was made until then is completed by the next try."""
    where = module if name == "flush" else os
    calls = 0

    def failing(work: Callable[..., object]) -> Callable[..., object]:
        def fail(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return work(*arguments, **named)

        return fail

    with monkeypatch.context() as patch, no_file_left_open():
        patch.setattr(where, name, failing(getattr(where, name)))
        with contextlib.suppress(OSError):
            make_folder_of(str(alice), "Junk", SHARED)
        assert (alice / ".Junk/new").exists() == (calls < at)
    make_folder_of(str(alice), "Junk", SHARED)
    for each in (".Junk", ".Junk/tmp", ".Junk/new", ".Junk/cur"):
        assert (alice / each).stat().st_mode & 0o7777 == 0o2770
    assert (alice / ".Junk/maildirfolder").is_file()
