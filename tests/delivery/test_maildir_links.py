"""A Maildir leads nowhere else: strange folders are refused, and links are not followed."""

import shutil
from pathlib import Path

import pytest

from gomail.delivery import maildir as module
from gomail.delivery.folder import make
from gomail.delivery.maildir import Maildir
from gomail.message.spool import write_all
from tests.delivery.bench import deliver, no_file_left_open


@pytest.mark.parametrize("folder", ["", "tmp", "new"])
@pytest.mark.parametrize("instead", ["link", "file", "nothing"])
def test_n6_strange_folder_is_refused(
    alice: Path, tmp_path: Path, folder: str, instead: str
) -> None:
    """Where a folder was replaced, by a symbolic link above all, nothing is delivered."""
    elsewhere = tmp_path / "etc"
    make(str(elsewhere))
    shutil.rmtree(alice / folder)
    if instead == "link":
        (alice / folder).symlink_to(elsewhere, target_is_directory=True)
    elif instead == "file":
        (alice / folder).touch()
    with no_file_left_open(), pytest.raises(OSError, match=r"irectory|symbolic"):
        Maildir(str(alice))


def test_n6_link_in_place_of_the_file_is_not_followed(
    alice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who guesses the name of a file in tmp/ leads no mail into another file."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    monkeypatch.setattr(module, "unique_name", lambda *_: "guessed")
    (alice / "tmp/guessed").symlink_to(secret)
    maildir = Maildir(str(alice))
    with no_file_left_open(), pytest.raises(FileExistsError):
        maildir.stage("h", lambda fd: write_all(fd, b"x"), 1)
    maildir.close()
    assert secret.read_bytes() == b"secret"


def test_n6_link_that_takes_the_place_of_the_file_is_not_followed(
    alice: Path, tmp_path: Path
) -> None:
    """Who may write to tmp/ has no file of ours delivered that they could not read."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    maildir = Maildir(str(alice))
    staged = maildir.stage("h", lambda fd: write_all(fd, b"text"), 4)
    (path,) = (alice / "tmp").iterdir()
    path.unlink()
    path.symlink_to(secret)
    staged.commit()
    staged.abort()
    maildir.close()
    assert secret.stat().st_nlink == 1


def test_n6_folders_swapped_during_a_delivery_change_nothing(alice: Path, tmp_path: Path) -> None:
    """What was opened once is where the mail goes."""
    maildir = Maildir(str(alice))
    (alice / "new").rename(tmp_path / "moved")
    (alice / "new").symlink_to("/etc")
    name = deliver(maildir, b"text\n")
    maildir.close()
    assert (tmp_path / "moved" / name).read_bytes() == b"text\n"
    assert not Path("/etc", name).exists()
