"""``gomail dns``: what it asks of those who call it; what it finds is seen in tests/interop."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gomail.cli.main import main
from tests.patience import PATIENCE


@pytest.mark.parametrize(
    "options",
    [
        ["not a domain"],
        ["a.example", "--hostname", "no host"],
        ["a.example", "--resolver", "mx.a.example"],
        ["a.example", "--root-hint", "127.0.0.1:0"],
        ["a.example", "--config", "nowhere.toml"],
        ["a.example", "--wait", "0"],
    ],
)
def test_options_that_cannot_be_are_told(options: list[str]) -> None:
    """With the status of a mistake in the command."""
    done = CliRunner().invoke(main, ["dns", *options])
    assert done.exit_code == 2
    assert "Error: " in done.stderr


def test_no_domain_is_a_question_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both ways on; a configuration without domains has none."""
    monkeypatch.setattr("gomail.settings.usual.CONFIG", "none.toml")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["dns"])
    assert done.exit_code == 2
    assert "which domain? gomail dns example.org" in done.stderr
    (tmp_path / "gomail.toml").write_text('[domains."localhost"]\nmailboxes = ["joe"]\n')
    done = CliRunner().invoke(main, ["dns"])
    assert done.exit_code == 2
    assert "gomail.toml has no domain to ask for" in done.stderr


def test_missing_library_is_told() -> None:
    """In a line that says what to do, and with the status of what could not be found out."""
    code = (
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'dns' else found(name)\n"
        "from gomail.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "dns", "a.example"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "Error: there is no library dns here; pip install 'gomail[checks]' brings it\n"
    )
