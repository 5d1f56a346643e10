"""Which file is taken where nobody has named one."""

import os
from pathlib import Path

import pytest

from gomail.settings.usual import HERE, usual_file
from gomail.settings.values import ConfigurationError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder; the machine's file is beside it."""
    monkeypatch.setattr("gomail.settings.usual.CONFIG", str(tmp_path / "etc.toml"))
    monkeypatch.delenv("SUDO_UID", raising=False)
    here = tmp_path / "here"
    here.mkdir(mode=0o755)
    monkeypatch.chdir(here)
    return here


def test_file_of_the_folder_comes_before_that_of_the_machine(folder: Path) -> None:
    """And without either there is none."""
    assert usual_file() is None
    machine = folder.parent / "etc.toml"
    machine.touch()
    assert usual_file() == str(machine)
    (folder / HERE).touch()
    assert usual_file() == HERE


@pytest.mark.needs_root
def test_file_that_somebody_else_has_put_there_does_not_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless sudo was typed by him; where nobody else can write, somebody of ours has put it."""
    (folder / HERE).touch()
    os.chown(HERE, 12345, 12345)
    assert usual_file() == HERE
    folder.chmod(0o1777)
    with pytest.raises(ConfigurationError, match=r"belongs to user 12345; --config gomail.toml"):
        usual_file()
    monkeypatch.setenv("SUDO_UID", "12345")
    assert usual_file() == HERE
