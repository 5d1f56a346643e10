"""What deliveries that died have left in ``tmp/`` goes, and nothing else does."""

import errno
import os
import time
from pathlib import Path

import pytest

from gomail.delivery.maildir import STALE, Maildir
from tests.delivery.bench import left_over, no_file_left_open


def age(path: Path, seconds: float) -> Path:
    """Make a file that was last written so many seconds ago."""
    path.touch()
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_r1_only_what_is_older_than_36_hours_is_swept(alice: Path) -> None:
    """What a delivery left that died goes; what may still be written stays."""
    age(alice / "tmp/stale", 36 * 3600 + 5)
    age(alice / "tmp/older", STALE + 60)
    age(alice / "tmp/young", STALE - 60)
    age(alice / "new/mail", STALE + 60)
    age(alice / "cur/mail", STALE + 60)
    (alice / "tmp/folder").mkdir()
    os.utime(alice / "tmp/folder", (0, 0))
    maildir = Maildir(str(alice))
    with no_file_left_open():
        assert maildir.sweep(time.time()) == 2
    maildir.close()
    assert sorted(left_over(alice)) == ["folder", "young"]
    assert (alice / "new/mail").exists()
    assert (alice / "cur/mail").exists()


def test_sweep_follows_no_link(alice: Path, tmp_path: Path) -> None:
    """A link in tmp/ costs no file elsewhere."""
    old = age(tmp_path / "precious", STALE + 60)
    (alice / "tmp/link").symlink_to(old)
    os.utime(alice / "tmp/link", (0, 0), follow_symlinks=False)
    maildir = Maildir(str(alice))
    maildir.sweep(time.time())
    maildir.close()
    assert old.exists()
    assert (alice / "tmp/link").is_symlink()  # nor itself: no delivery has left it


def test_file_that_another_server_sweeps_first_is_no_fault(
    alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers that sweep at once, and files that can't be removed, cost nobody a mail."""
    age(alice / "tmp/stale", STALE + 60)
    age(alice / "tmp/other", STALE + 60)
    real = os.unlink

    def unlink(name: str, *, dir_fd: int) -> None:
        real(name, dir_fd=dir_fd)
        if name == "stale":
            raise FileNotFoundError(errno.ENOENT, "gone")

    monkeypatch.setattr(os, "unlink", unlink)
    maildir = Maildir(str(alice))
    assert maildir.sweep(time.time()) == 1
    maildir.close()
    assert left_over(alice) == []
