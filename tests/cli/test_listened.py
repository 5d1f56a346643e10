"""Where the inbox of a unit listens: folders that are there, with their owners and rights."""

import grp
import os
import pwd
from pathlib import Path

import click
import pytest

from gomail.cli import listened
from gomail.cli.listened import read_place
from tests.cli.test_units import USER


@pytest.fixture(autouse=True)
def _anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take folders where tests have theirs."""
    monkeypatch.setattr(listened, "_FOREIGN", ())
    monkeypatch.setattr(listened, "_LONGEST", 1000)


def test_folder_that_is_there_is_the_users_own_and_the_groups(tmp_path: Path) -> None:
    """The sandbox lets it be written to, and root is not told to change it."""
    mine, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    path = tmp_path.resolve() / "inbox"
    path.mkdir(mode=0o750)
    endpoint = f"unix:{path}/socket"
    assert read_place(endpoint, mine, None, proxied=False).folder == str(path)
    with pytest.raises(click.ClickException, match=f"install -d -m 2750 -o {mine} -g {group} "):
        read_place(endpoint, mine, group, proxied=True)
    path.chmod(0o2750)
    place = read_place(endpoint, mine, group, proxied=True)
    assert place.endpoint == f"{endpoint}:mode=660"
    other = next(user.pw_name for user in pwd.getpwall() if user.pw_uid not in {0, os.geteuid()})
    with pytest.raises(click.ClickException, match=f"{path} is somebody else's"):
        read_place(endpoint, other, None, proxied=False)
    (path / "file").touch()
    with pytest.raises(click.ClickException, match=f"{path}/file is no folder"):
        read_place(f"unix:{path}/file/socket", mine, None, proxied=False)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(click.ClickException, match="without links"):
        read_place(f"unix:{tmp_path.resolve()}/link/socket", mine, None, proxied=False)


@pytest.mark.needs_root
def test_folder_is_not_made_in_one_of_another_user(tmp_path: Path) -> None:
    """It would be within what is theirs."""
    path = tmp_path.resolve() / "theirs"
    path.mkdir()
    read_place(f"unix:{path}/inbox/socket", USER.pw_name, None, proxied=False)
    os.chown(path, USER.pw_uid + 1, -1)
    with pytest.raises(click.ClickException, match=f"{path} is somebody else's"):
        read_place(f"unix:{path}/inbox/socket", USER.pw_name, None, proxied=False)
