"""Fixtures for commands."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own, where no server of this machine is found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gomail.settings.usual.CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setattr("gomail.server.control.paths.SYSTEMD", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path
