"""``gomail config``: check and show."""

import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gomail.certificates.keeper import world_time
from gomail.cli.config import config
from gomail.config import Configuration, render
from gomail.settings import notes
from tests.certificates.pairs import MX, pair, with_other_key, written
from tests.patience import PATIENCE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_fine_file_is_summed_up(folder: Path) -> None:
    """The owner compares the numbers with what was meant, and reads who is postmaster."""
    (folder / "gomail.toml").write_text(
        '[domains."a.example"]\nmailboxes = ["alice", "bob"]\naliases.team = "bob"\n'
        '[domains."b.example"]\nmailboxes = ["carol"]\ncatch-all = "carol"\n'
    )
    result = CliRunner().invoke(config, ["check"])
    assert result.exit_code == 0
    assert result.output == (
        "gomail.toml: fine: 1 listener, 2 domains, 3 mailboxes, 1 alias\n"
        "note: mail for postmaster@a.example and abuse@a.example goes to alice@a.example\n"
        "note: all mailboxes share one Maildir; {mailbox} in maildir gives each its own\n"
    )


def test_rows_that_nobody_finds_are_noted(folder: Path) -> None:
    """They are no mailboxes, and the owner reads why."""
    with closing(sqlite3.connect(folder / "mail.db")) as connection, connection:
        connection.execute("CREATE TABLE mailboxes (domain TEXT, name TEXT)")
        connection.execute("INSERT INTO mailboxes VALUES ('a.example', 'Carol')")
    (folder / "gomail.toml").write_text('[domains."a.example"]\nmailboxes = "sqlite:mail.db"\n')
    result = CliRunner().invoke(config, ["check"])
    assert result.exit_code == 0
    assert result.output.startswith("gomail.toml: fine: 1 listener, 1 domain, 0 mailboxes,")
    note = f"note: {folder}/mail.db: the mailbox 'Carol' of 'a.example' is never found: "
    assert f"{note}'carol' was expected, not 'Carol'\n" in result.output


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hops = 1", "Error: x.toml, line 1: hops: there is no such key"),
        (
            "[domains.localhost]\nmailboxes = []\ncatch-all = 'a'",
            "Error: x.toml, line 3: domains.localhost.catch-all: there is no mailbox or alias ",
        ),
    ],
)
def test_a_mistake_ends_the_command_with_1(folder: Path, text: str, problem: str) -> None:
    """A script that checks before it reloads stops there."""
    (folder / "x.toml").write_text(text)
    result = CliRunner().invoke(config, ["check", "x.toml"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(problem)


@pytest.mark.usefixtures("folder")
def test_a_missing_file_is_told() -> None:
    """Without FILE it is gomail.toml."""
    result = CliRunner().invoke(config, ["check"])
    assert result.exit_code == 1
    assert result.stderr == "Error: gomail.toml: No such file or directory\n"


@pytest.mark.usefixtures("folder")
def test_the_defaults_are_shown() -> None:
    """Without a file they are what is in effect."""
    result = CliRunner().invoke(config, ["show"])
    assert (result.exit_code, result.output) == (0, render(Configuration()))


def test_a_file_is_shown_with_its_defaults(folder: Path) -> None:
    """What the file says, and all that it leaves out."""
    (folder / "x.toml").write_text("limits.hops = 25")
    result = CliRunner().invoke(config, ["show", "--config", "x.toml"])
    assert result.exit_code == 0
    assert "\nhops = 25\n" in result.output
    assert '\nsize = "50 MiB"\n' in result.output
    (folder / "x.toml").write_text("limits.hops = 2")
    result = CliRunner().invoke(config, ["show", "-c", "x.toml"])
    assert result.exit_code == 1
    assert result.stderr == "Error: x.toml, line 1: limits.hops: at least 25 was expected, not 2\n"


def test_sockets_of_milters_are_looked_for(folder: Path) -> None:
    """A path that is mistaken is seen before any mail is; others are not told."""
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"{folder}/filter")
        (folder / "file").touch()
        places = (f"unix:{folder}/{name}" for name in ("filter", "file", "none"))
        tables = [f'[[milter]]\nendpoint = "{place}"\n' for place in (*places, "tcp:127.0.0.1:1")]
        (folder / "gomail.toml").write_text("".join(tables))
        result = CliRunner().invoke(config, ["check"])
    notes = [line for line in result.output.splitlines() if line.startswith("note: milter ")]
    follows = "there is no such socket yet; until then mail is accepted without it"
    assert notes == [f"note: milter unix:{folder}/{name}: {follows}" for name in ("file", "none")]


def test_missing_library_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no start with a page of metrics that nobody can write."""
    (folder / "gomail.toml").write_text('[metrics]\nlisten = "tcp:9025:interface=127.0.0.1"\n')
    assert CliRunner().invoke(config, ["check"]).exit_code == 0
    monkeypatch.setattr(notes, "_LIBRARY", "no_such_library")
    result = CliRunner().invoke(config, ["check"])
    assert result.exit_code == 1
    assert result.output == (
        "Error: metrics.listen: there is no library no_such_library here; "
        "pip install 'gomail[metrics]' brings it\n"
    )


def test_commands_start_without_twisted() -> None:
    """A check is done in a moment, and installs no reactor; so do all that `gomail` knows."""
    code = "import sys, gomail.cli.main; print('twisted' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=PATIENCE
    )
    assert shown.stdout == "False\n"


def test_certificates_are_checked(folder: Path) -> None:
    """Those that are named are read; one that can't be used is told as the start would tell it."""
    written(folder, pair(ends=world_time() + timedelta(days=5.5)))
    (folder / "gomail.toml").write_text('[tls]\ncertificate = "mx.crt"\nkey = "mx.key"\n')
    result = CliRunner().invoke(config, ["check"])
    assert result.exit_code == 0
    assert f"note: the certificate of {MX} ends in 5 days, on " in result.output
    written(folder, with_other_key(pair()))
    result = CliRunner().invoke(config, ["check"])
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: the key {folder}/mx.key does not belong to the certificate {folder}/mx.crt\n"
    )
