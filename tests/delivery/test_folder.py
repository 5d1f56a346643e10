"""Folders are made where they belong, durably, whoever else may write to the Maildir."""

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gomail.delivery import folder as module
from gomail.delivery.folder import folder_of, make, make_folder, make_folder_of
from gomail.delivery.maildir import PRIVATE, Maildir, Ownership
from tests.delivery.bench import messages, no_file_left_open, path_of

SHARED = Ownership(os.getgid())
NOBODY = 65534


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


def test_half_a_folder_that_can_not_be_removed_is_no_other_fault(
    alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong first is what is told."""

    def failing(number: int) -> Callable[..., None]:
        def fail(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        return fail

    monkeypatch.setattr(module, "_flush", failing(errno.EIO))
    monkeypatch.setattr(os, "rmdir", failing(errno.EROFS))
    with no_file_left_open(), pytest.raises(OSError, match="Input/output error"):
        make_folder_of(str(alice), "Junk", PRIVATE)


@pytest.mark.parametrize("make_one", [make, make_folder])
def test_folder_stays_whose_it_is_and_is_closed(
    tmp_path: Path, make_one: Callable[[str, Ownership], None]
) -> None:
    """Only its group is another."""
    with no_file_left_open():
        make_one(str(tmp_path / "made"), SHARED)
    made = (tmp_path / "made").stat()
    assert (made.st_uid, made.st_gid) == (os.geteuid(), os.getgid())


@pytest.mark.parametrize("name", ["", "tmp", "cur", "new"])
def test_n6_link_in_place_of_a_maildir_is_not_followed(tmp_path: Path, name: str) -> None:
    """Nothing is made where it leads, nor given to a group."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    if name:
        (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / name).symlink_to(elsewhere)
    with no_file_left_open(), pytest.raises(NotADirectoryError):
        make(str(tmp_path / "alice"), SHARED)
    assert list(elsewhere.iterdir()) == []
    assert elsewhere.stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("path", ["mail", "mail/", "link", "link/", ".", "/"])
def test_folder_that_is_there_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """However it is called, and by a link too: all Maildirs may be on another disk."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mail").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("mail")
    with no_file_left_open():
        make_folder(path, SHARED)
    assert (tmp_path / "mail").stat().st_mode & 0o7777 == 0o755


def test_folder_is_made_by_way_of_a_link(tmp_path: Path) -> None:
    """Above it everything is its owner's, and may be anywhere."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "link").symlink_to("mail")
    make_folder(f"{tmp_path}/link/example.org/")
    make(f"{tmp_path}/link/example.org/alice")
    assert (tmp_path / "mail/example.org/alice/new").is_dir()


@pytest.mark.needs_root
def test_folder_above_need_not_be_readable() -> None:
    """Where nothing has to be made in it, the right to pass is enough."""
    with TemporaryDirectory() as above:
        Path(above).chmod(0o711)
        (Path(above) / "mail").mkdir()
        os.seteuid(NOBODY)
        try:
            with pytest.raises(PermissionError):
                list(Path(above).iterdir())
            make_folder(f"{above}/mail")
        finally:
            os.seteuid(0)


def full(*_: object) -> None:
    """Have no room."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_making_a_maildir_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new folder's name is on disk before anybody relies on it."""
    flushed: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: flushed.append(path_of(fd)))
    with no_file_left_open():
        make(str(tmp_path / "alice"))
    assert flushed == [str(tmp_path), *[str(tmp_path / "alice")] * 3]
    flushed.clear()
    make(str(tmp_path / "alice"))
    assert flushed == []


def test_maildir_in_the_working_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path of one name lies in the working folder."""
    monkeypatch.chdir(tmp_path)
    make("alice")
    assert (tmp_path / "alice/new").is_dir()


def test_what_is_there_stays_when_a_maildir_is_made(alice: Path) -> None:
    """A Maildir of somebody else's making gets what it lacks, and keeps its mail and modes."""
    (alice / "new/1.x").write_bytes(b"mail")
    (alice / "cur").rmdir()
    alice.chmod(0o755)
    make(str(alice))
    assert messages(alice) == [b"mail"]
    assert alice.stat().st_mode & 0o7777 == 0o755
    assert (alice / "cur").stat().st_mode & 0o7777 == 0o700


@pytest.mark.parametrize("call", ["fsync", "fchown", "fchmod"])
def test_folder_that_was_half_made_is_made_again(tmp_path: Path, call: str) -> None:
    """A folder whose mode or durability failed is not taken for a finished one at the next mail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, full)
        with no_file_left_open(), pytest.raises(OSError, match="No space"):
            make_folder(str(tmp_path / "alice"), SHARED)
    assert not (tmp_path / "alice").exists()
    make_folder(str(tmp_path / "alice"), SHARED)
    assert (tmp_path / "alice").stat().st_mode & 0o7777 == 0o2770


def test_maildir_is_not_made_below_nothing(tmp_path: Path) -> None:
    """The folder above has to be there: it may be the mount point of a disk that is missing."""
    with pytest.raises(FileNotFoundError):
        make(str(tmp_path / "missing/alice"))


def test_maildir_without_folders_of_its_own_is_the_place(alice: Path) -> None:
    """Nothing else is in it than what a Maildir has."""
    assert folder_of(str(alice), "lists") == str(alice)


@pytest.mark.parametrize("missing", ["tmp", "new", "cur"])
def test_maildir_that_lacks_something_is_none_yet(alice: Path, missing: str) -> None:
    """The error is that of one which is not there at all."""
    (alice / missing).rmdir()
    for path in (alice, alice / "nowhere"):
        with pytest.raises(FileNotFoundError) as caught:
            folder_of(str(path), "lists")
        assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, str(path))
