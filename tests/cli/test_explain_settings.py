"""``gomail explain``: the settings that a refusal comes of."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gomail.cli.explain import explain
from gomail.cli.explained import setting
from gomail.config import Configuration, parse


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command runs in, where there is no other program."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(explain, arguments)


def test_settings_are_told_as_they_are(folder: Path) -> None:
    """Of the configuration that is named, or the usual one."""
    (folder / "gomail.toml").write_text('[limits]\nsize = "7 MiB"\n')
    assert 'setting: limits.size = "7 MiB"' in run("552").output
    (folder / "other.toml").write_text('[limits]\nsize = "8 MiB"\n')
    assert 'setting: limits.size = "8 MiB"' in run("552", "-c", "other.toml").output
    (folder / "gomail.toml").write_text("frob = 1\n")
    assert "setting: limits.size\n" in run("552").output
    told = run("552", "-c", "gomail.toml")
    assert (told.exit_code, "frob" in told.output) == (1, True)


def test_settings_of_each_domain_are_told_with_their_values(folder: Path) -> None:
    """Of the first few; in JSON beside the key that stands for all."""
    text = '[domains."{0}.example"]\nmailboxes = ["{0}"]\n'
    (folder / "gomail.toml").write_text("".join(map(text.format, "abcdefg")))
    told = run("5.1.1").output
    assert '  setting: domains."a.example".mailboxes = ["a"]\n' in told
    assert '  setting: domains."e.example".mailboxes = ["e"]\n' in told
    assert "f.example" not in told
    assert "  setting: domains.NAME.mailboxes, of 2 more\n" in told
    [meaning] = json.loads(run("5.1.1", "--json").output)["meanings"]
    assert meaning["settings"]["domains.NAME.mailboxes"] is None
    assert meaning["settings"]['domains."b.example".mailboxes'] == '["b"]'


def test_setting_of_a_domain_and_of_several_listeners() -> None:
    """Names with dots in them are one key; of a list of tables each has its value."""
    text = '[domains."a.example"]\nmailboxes = ["x"]\n[[listener]]\nendpoint = "tcp:1"\n'
    text += '[[listener]]\nendpoint = "tcp:2"\ntls = "off"\nlocal = true\n'
    configuration = parse(text, "/x/gomail.toml")
    assert setting('domains."a.example".mailboxes', configuration) == '["x"]'
    assert setting("listener.tls", configuration) == '"offered", "off"'
    assert setting("listener.local", configuration) == "false, true"
    assert setting("domains", configuration) == "a.example"
    assert setting("domains.NAME.mailboxes", configuration) is None
    assert setting("tls.certificate", Configuration()) is None
    assert str(setting("policy", configuration)).endswith("...")
