"""What is tried, made and opened before a server starts."""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from gomail.config import Configuration, Listener
from gomail.delivery.syncing import ByFiles, ByFileSystems
from gomail.preflight import (
    build_directory,
    find_syncing,
    open_listeners,
    ownership,
    try_maildirs,
    try_program,
)
from gomail.server.start import MYSELF, Identity, StartError

NOBODY = Identity(65534, 65534)


def test_maildirs_may_lie_behind_a_link(tmp_path: Path) -> None:
    """The owner may put them elsewhere; what the configuration says is resolved once."""
    from twisted.internet import reactor

    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    configuration = Configuration(maildir=str(tmp_path / "link" / "a.example"))
    directory = build_directory(configuration, reactor)  # type: ignore[arg-type]
    assert directory.root == str(tmp_path.resolve() / "disk" / "a.example")


def test_group_shares_what_is_stored() -> None:
    """Without a group nobody shares it; one that there is not is told."""
    assert ownership(Configuration()).group is None
    assert ownership(Configuration(group="root")).group == 0
    with pytest.raises(StartError):
        ownership(Configuration(group="no-such-group"))


def test_whole_file_systems_are_synced_where_their_errors_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the kernel keeps errors to itself, the server does not start with it."""
    assert isinstance(find_syncing(Configuration()), ByFiles)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(sysname="Linux", release="6.1.0"))
    assert isinstance(find_syncing(Configuration(sync="filesystem")), ByFileSystems)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(sysname="Linux", release="5.4.0"))
    with pytest.raises(
        StartError, match=r"^sync = .filesystem.: .*5\.17 on, and this is Linux 5\.4"
    ):
        find_syncing(Configuration(sync="filesystem"))


def tried(path: Path, *, single: bool = True, identity: Identity = MYSELF) -> None:
    """Try a Maildir."""
    maildir = str(path) if single else f"{path}/{{mailbox}}"
    try_maildirs(Configuration(maildir=maildir), str(path), identity)


def test_maildir_is_made_and_tried(tmp_path: Path) -> None:
    """It is there afterwards, for its owner alone, and nothing is left in it."""
    tried(tmp_path / "Maildir")
    assert sorted(each.name for each in (tmp_path / "Maildir").iterdir()) == ["cur", "new", "tmp"]
    assert not [path for path in (tmp_path / "Maildir").rglob("*") if path.is_file()]
    assert stat.S_IMODE((tmp_path / "Maildir").stat().st_mode) == 0o700
    tried(tmp_path / "Maildir")


def test_folder_of_maildirs_is_made(tmp_path: Path) -> None:
    """Where each mailbox has a Maildir, only the folder of them is made."""
    tried(tmp_path / "mail", single=False)
    assert list((tmp_path / "mail").iterdir()) == []


@pytest.mark.parametrize("single", [True, False])
def test_maildir_that_cannot_be_is_one_line(tmp_path: Path, *, single: bool) -> None:
    """The path, the user, and the reason are named."""
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=rf"^the Maildir {tmp_path}/file can't be used by \w+: "):
        tried(tmp_path / "file", single=single)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """It may be the mount point of a disk that is missing, so it is not made."""
    with pytest.raises(StartError, match=f"there is no folder {tmp_path}/missing$"):
        tried(tmp_path / "missing" / "Maildir")


def test_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is stored for a try, durably."""

    def fail(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StartError, match="No space left on device"):
        tried(tmp_path / "Maildir")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder to which everybody finds the way."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.needs_root
@pytest.mark.parametrize("single", [True, False])
def test_maildir_is_tried_as_its_user(open_folder: Path, *, single: bool) -> None:
    """Root could write anywhere; the user who will store is named, and we are root afterwards."""
    before = os.geteuid(), os.getegid(), os.getgroups()
    with pytest.raises(StartError, match=r"can't be used by nobody: Permission denied$"):
        tried(open_folder / "mail", single=single, identity=NOBODY)
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before
    os.chown(open_folder, 65534, 65534)
    tried(open_folder / "mail", single=single, identity=NOBODY)
    status = (open_folder / "mail").stat()
    assert (status.st_uid, status.st_gid) == (65534, 65534)
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before


@pytest.mark.needs_root
@pytest.mark.parametrize("owner", [0, 65534])
def test_unix_socket_belongs_to_its_user(open_folder: Path, owner: int) -> None:
    """Root binds it for who listens on it, where that one may; the mode says who else connects."""
    from twisted.internet import reactor

    os.chown(open_folder, owner, owner)
    listeners = (Listener(f"unix:{open_folder}/smtp:mode=660"), Listener("tcp:0"))
    configuration = Configuration(listeners=listeners)
    ports = open_listeners(configuration, reactor, NOBODY)  # type: ignore[arg-type]
    try:
        status = (open_folder / "smtp").stat()
        assert (status.st_uid, status.st_gid) == (owner, owner)
        assert stat.S_IMODE(status.st_mode) == 0o660
    finally:
        for port in ports:
            port.close()


def test_python_that_can_not_be_started_by_who_has_workers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be tried for ever, while the ports are open and nobody serves."""
    try_program(MYSELF)
    python = tmp_path / "python"
    python.touch(mode=0o600)
    for executable, told in ((str(python), str(python)), ("", "Python")):
        monkeypatch.setattr(sys, "executable", executable)
        with pytest.raises(StartError, match=f"workers: .* can't start {told}"):
            try_program(MYSELF)
