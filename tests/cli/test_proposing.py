"""``gomail watch``: at which address a mail is waited for, and where that can't be."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gomail.cli.main import main
from gomail.cli.proposing import propose
from gomail.config import load, render
from tests.cli.answering import ANSWER, Served
from tests.cli.watched import YOU

MAILDIR = 'maildir = "M/{mailbox}"\n'
DOMAIN = '[domains."example.org"]\n'


@pytest.mark.parametrize(
    ("text", "wanted", "proposed"),
    [
        (f'{DOMAIN}mailboxes = ["you"]', None, ("you+hello-abc@example.org", "")),
        (f'{DOMAIN}mailboxes = ["you"]', "You@EXAMPLE.org", ("You+hello-abc@example.org", "")),
        (
            f'{DOMAIN}mailboxes = ["you"]\nsubaddress-separator = "-"',
            None,
            ("you-hello-abc@example.org", ""),
        ),
        (
            f'{DOMAIN}mailboxes = ["you"]\nsubaddress-separator = ""',
            None,
            (YOU, "hello-abc"),
        ),
        (
            f'{MAILDIR}{DOMAIN}mailboxes = ["you"]\ncatch-all = "you"\nsubaddress-separator = ""',
            None,
            (YOU, "hello-abc"),
        ),
        (DOMAIN, None, ("hello+hello-abc@example.org", "")),
        ('[domains."localhost"]\n', None, ("hello+hello-abc@localhost", "")),
    ],
)
def test_address_has_a_token_where_that_reaches_the_mailbox(
    folder: Path, text: str, wanted: str | None, proposed: tuple[str, str]
) -> None:
    """Else the subject has it."""
    path = folder / "gomail.toml"
    path.write_text(text)
    found = propose(load(str(path)), "abc", wanted)
    assert (str(found.address), found.subject) == proposed


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        (None, (), "say which address: gomail watch --for you@example.org"),
        (f'{DOMAIN}mailboxes = "names"\n', (), "say which address"),
        (f'{DOMAIN}mailboxes = ["you"]\n', ("--for", "her@example.org"), "No such mailbox here"),
        (f'{DOMAIN}mailboxes = ["you"]\n', ("--for", "you@example.net"), "is not taken here"),
        (f'{DOMAIN}mailboxes = ["you"]\n', ("--for", "you"), "--for: an address such as"),
        (f'{DOMAIN}mailboxes = ["you"]\n', ("--for", "ü@example.org"), "an address such as"),
        (f'{DOMAIN}mailboxes = "none"\n', ("--for", YOU), "none"),
    ],
)
def test_address_that_can_not_be_is_told_at_once(
    folder: Path, text: str | None, options: tuple[str, ...], problem: str
) -> None:
    """Before anybody waits: as the server has it that runs, or an older one's file."""
    file = folder / "gomail.toml"
    if text is not None:
        file.write_text(text)
    said = ANSWER | (
        {"settings": render(load(str(file))), "options": [], "configuration": None} if text else {}
    )
    server = Served(folder / "state" / "gomail" / "control", json.dumps(said).encode() + b"\n")
    try:
        done = CliRunner().invoke(main, ["watch", *options])
    finally:
        server.end()
    assert done.exit_code == 2
    assert problem in done.stderr


def test_without_a_server_nobody_waits(folder: Path) -> None:
    """With the status of gomail status; without a configuration the address is believed."""
    done = CliRunner().invoke(main, ["watch", "--json", "--for", YOU])
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == f"Error: no server listens on {folder}/state/gomail/control\n"
