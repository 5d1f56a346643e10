"""docs/trying.md shows what the commands really write."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gomail.cli.main import main
from tests.patience import PATIENCE

TEXT = (Path(__file__).parents[2] / "docs" / "trying.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.removeprefix("gomail ")
    for language, text in BLOCKS
    if language == "sh"
    for line in text.splitlines()
]


@pytest.mark.parametrize("words", COMMANDS)
def test_command_is_there(words: str) -> None:
    """With each option that stands behind it."""
    name, *rest = words.split()
    command = main.get_command(click.Context(main), name)
    assert command is not None
    known = {option for each in command.params for option in each.opts}
    assert {each for each in rest if each.startswith("--")} <= known


def test_options_of_the_page_are_there() -> None:
    """Those in its sentences as well."""
    known = {
        option
        for name in ("try", "explain")
        for each in main.commands[name].params
        for option in each.opts
    }
    assert set(re.findall(r"`(--[a-z]+)[ `]", TEXT)) <= known


def test_session_of_the_page_is_what_is_written(tmp_path: Path) -> None:
    """The configuration, the message and the zone of the page give its dialogue."""
    shown = [text for language, text in BLOCKS if language != "sh"]
    [configuration, message, zone, dialogue] = shown
    (tmp_path / "mail").mkdir()
    (tmp_path / "gomail.toml").write_text(configuration)
    (tmp_path / "message.eml").write_text(message)
    (tmp_path / "case.zone").write_text(zone)
    [command] = [words for words in COMMANDS if words.startswith("try")]
    done = subprocess.run(
        [sys.executable, "-m", "gomail.cli.main", *command.split()],
        cwd=tmp_path,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 5
    expected = dialogue.splitlines()
    assert done.stdout.decode().splitlines()[-len(expected) :] == expected
