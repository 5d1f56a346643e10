"""docs/first-mail.md names commands that there are, with options that they have."""

import re
from pathlib import Path

import click
import pytest

from gomail.cli.main import main
from gomail.machine.reach import Kind
from tests.docs.machine import machine
from tests.docs.story import Story
from tests.interop.software import needs

TEXT = (Path(__file__).parents[2] / "docs" / "first-mail.md").read_text()
COMMANDS = sorted(set(re.findall(r"\bgomail ((?:[a-z]+)(?: --[a-z]+(?:-[a-z]+)*)*)", TEXT)))


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


@pytest.mark.interop
@pytest.mark.needs_root
def test_tutorial_ends_with_a_mail_in_mutt() -> None:
    """What is typed in it leads from nothing to a mail that the same user reads and deletes."""
    needs("mutt")
    with Story("docs/first-mail.md") as story, machine() as here:
        told = here.types(story.take("sh", "gomail init"))
        (start,) = re.findall(r"^ +(sudo sh -c .+)$", told, re.MULTILINE)
        here.types(start)
        assert here.systemd.shows("gomail.service", "ActiveState") == "active"
        doctor = story.take("sh", "doctor --no-dns").strip()
        examined = here.types(f"{doctor} || test $? = 1")  # this machine has no network
        assert "Reachable from outside" in examined
        with here.terminal(story.take("sh", "gomail watch").strip()) as seen:
            (proposed,) = re.findall(r"Send a mail to (\S+),", seen.wait_for("such as Gmail."))
            here.sends(proposed, "from Gmail")
            seen.wait_for("mutt -f")
        here.sends("postmaster@example.org", "from a postmaster")
        shown = here.types(story.take("sh", "gomail show"))
        assert "from a postmaster" in shown
        mutt = story.take("sh", "mutt -f")
        with here.terminal(f"mutt -n -e 'set sort=subject quit=yes delete=yes' {mutt[5:]}") as seen:
            seen.wait_for("/home/you/Mail does not exist. Create it?")
            seen.type("n")
            seen.wait_for("from a postmaster", "from Gmail")
            seen.type("1\n\n")
            seen.wait_for("Subject: from a postmaster", "Hello.")
            seen.type("q")
            seen.wait_for("(all)")
            seen.type("F2\nd$q")
        (left,) = here.types("cat ~/Maildir/cur/*:2,FS").split("From: me@client.example")[1:]
        assert "from a postmaster" in left
        assert here.types("ls ~/Maildir/new ~/Maildir/cur").count("M") == 3  # 1 file, and 2 names
        here.types("echo '550 5.1.1 No such mailbox here' >bounce.txt")
        explained = here.types(story.take("sh", "gomail explain"))
        assert "nobody there is called so" in explained
