"""``gomail doctor``: what it asks of those who call it; what it finds is seen in tests/interop."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gomail.cli.main import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


@pytest.mark.parametrize(
    "options", [["--resolver", "mx.a.example"], ["--root-hint", "127.0.0.1:0"], ["--nothing"]]
)
def test_options_that_cannot_be_are_told(options: list[str]) -> None:
    """With the status of a mistake in the command."""
    done = CliRunner().invoke(main, ["doctor", *options])
    assert done.exit_code == 2
    assert "Error: " in done.stderr


@pytest.mark.parametrize("file", ["nowhere.toml", "broken.toml"])
def test_configuration_that_cannot_be_is_a_finding(tmp_path: Path, file: str) -> None:
    """Nothing else is looked at, and that is said."""
    (tmp_path / "broken.toml").write_text("worker = 2\n")
    done = CliRunner().invoke(main, ["doctor", "--json", "--config", str(tmp_path / file)])
    told = json.loads(done.stdout)
    [finding] = told["findings"]
    assert (done.exit_code, finding["code"], told["reachable"]) == (1, "config-unreadable", None)
    assert str(tmp_path / file) in finding["seen"][0]
    assert told["unseen"]


def test_server_that_does_not_run_is_told_without_root(tmp_path: Path) -> None:
    """By whoever asks; that no server with this configuration runs is certain."""
    file = tmp_path / "gomail.toml"
    (tmp_path / "Maildir").mkdir()
    for name in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / name).mkdir()
    file.write_text(
        f'hostname = "mx.example.org"\nmaildir = "Maildir"\nstate = "{tmp_path}"\n'
        '[domains."example.org"]\nmailboxes = ["you"]\n[checks]\nenabled = false\n'
        '[[listener]]\nendpoint = "tcp:61525"\n'
    )
    done = CliRunner().invoke(main, ["doctor", "--no-dns", "--config", str(file)])
    assert done.exit_code == 1
    assert "error not-running" in done.stdout
    assert f"run --config {file}" in done.stdout or "units install" in done.stdout
    assert "the resolvers: none is asked, for checks are off" in done.stdout


def test_changes_are_written_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In full the first time, and then what differs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    file = tmp_path / "gomail.toml"
    file.write_text("worker = 2\n")
    ask = ["doctor", "--changes", "--config", str(file)]
    assert "config-unreadable" in CliRunner().invoke(main, ask).stdout
    again = CliRunner().invoke(main, ask)
    assert (again.exit_code, again.stdout) == (1, "no change\n")


def test_state_that_cannot_be_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a line."""
    (tmp_path / "gomail").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    ask = ["doctor", "--changes", "--config", str(tmp_path / "gomail.toml")]
    done = CliRunner().invoke(main, ask)
    assert done.exit_code == 3
    assert "gomail/doctor.json can't be written: " in done.stderr


def test_names_of_others_can_do_nothing(tmp_path: Path) -> None:
    """Neither to a terminal, nor in a line that is typed as it stands."""
    folder = tmp_path / "a;b\033[2J\r"
    folder.mkdir()
    file = folder / "gomail.toml"
    file.write_text('[domains."example.org"]\nmailboxes = ["you"]\nmaildir = "x"\n')
    done = CliRunner().invoke(main, ["doctor", "--config", str(file)])
    assert "config-unreadable" in done.stdout
    assert "\033" not in done.stdout
    assert "\r" not in done.stdout
    file.write_text(
        'hostname = "mx.example.org"\nmaildir = "Maildir"\n[checks]\nenabled = false\n'
        '[domains."example.org"]\nmailboxes = ["you"]\n[[listener]]\nendpoint = "tcp:61525"\n'
    )
    told = CliRunner().invoke(main, ["doctor", "--no-dns", "--config", str(file)])
    assert "error not-running" in told.stdout
    assert f"--config '{tmp_path}/a;b?[2J?/gomail.toml'" in told.stdout
    assert "\033" not in told.stdout
