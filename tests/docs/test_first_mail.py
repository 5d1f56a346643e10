"""docs/first-mail.md names commands that there are, with options that they have."""

import re
from pathlib import Path

import click
import pytest

from gomail.cli.main import main
from gomail.machine.reach import Kind

TEXT = (Path(__file__).parents[2] / "docs" / "first-mail.md").read_text()
COMMANDS = sorted(set(re.findall(r"\bgomail ((?:[a-z]+)(?: --[a-z]+)*)", TEXT)))


@pytest.mark.parametrize("words", COMMANDS)
def test_command_is_there(words: str) -> None:
    """With each option that stands behind it."""
    name, *options = words.split()
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert set(options) <= {option for each in command.params for option in each.opts}


def test_commands_are_seen() -> None:
    """The page is about these."""
    assert {"init", "dns"} <= {words.split()[0] for words in COMMANDS}


def test_kinds_of_addresses_are_the_programs() -> None:
    """All of them are named for programs."""
    told = re.search(r"`ipv4`: (.*?);", TEXT)
    assert told is not None
    assert re.findall(r"`(\w+)`", told[1]) == [
        kind.value for kind in (Kind.PUBLIC, Kind.PRIVATE, Kind.SHARED, Kind.NONE)
    ]
