"""``gomail try``: what it writes, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gomail.cli.trying import try_session
from gomail.server.start import MYSELF
from tests.patience import PATIENCE
from tests.rehearsal.visits import DOMAIN, MESSAGE, OTHERS, OURS, ZONE, tree

ALICE = "alice@here.example"
FORGED = ("--ip", OTHERS, "--from", "joe@example.org", "--to", ALICE, "--message", "message")
GOOD = (*("--ip", OURS, "--helo", "mx.example.org"), *("--from", "joe@example.org", "--to", ALICE))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration, a message and DNS."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "gomail.toml").write_text(DOMAIN)
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "zone").write_text(ZONE)
    return tmp_path


def run(folder: Path, *options: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "gomail.cli.main", "try", *options],
        cwd=folder,
        env=os.environ | {"XDG_STATE_HOME": str(folder / "state")},
        input=given,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def test_dialogue_is_written_with_its_reasons(folder: Path) -> None:
    """Line by line, and behind each reply what decided it; the folder stays as it was."""
    before = tree(folder)
    done = run(folder, *GOOD, "--message", "message", "--zone", "zone")
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    assert [line for line in lines if line[:2] == "C:"] == [
        "C: EHLO mx.example.org",
        "C: MAIL FROM:<joe@example.org> SIZE=36",
        "C: RCPT TO:<alice@here.example>",
        "C: DATA",
        "C: (36 octets of content)",
    ]
    at = lines.index("C: RCPT TO:<alice@here.example>")
    assert lines[at + 1 : at + 4] == [
        "S: 250 2.1.5 Recipient OK",
        "     a mailbox is called so: the mailbox alice@here.example",
        '       domains."here.example".mailboxes = ["alice", "bob"]',
    ]
    assert lines[:2] == [
        f"configuration: {folder}/gomail.toml (no server runs that could be asked)",
        "S: 220 mx.here.example ESMTP gomail",
    ]
    assert '       limits.size = "50 MiB"' in lines
    assert lines[-1] == "accept: all of it would be accepted"
    assert tree(folder) == before


@pytest.mark.parametrize(("action", "status"), [("junk", 3), ("refuse", 5)])
def test_status_tells_what_would_become_of_it(folder: Path, action: str, status: int) -> None:
    """As that of gomail check; in JSON all the same."""
    (folder / "gomail.toml").write_text(f'{DOMAIN}[policy]\ndmarc-reject = "{action}"\n')
    done = run(folder, *FORGED, "--zone", "zone", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (status, b"")
    assert told["outcome"] == action
    content = told["steps"][-1]
    assert content["said"] == "(36 octets of content)"
    [rule] = [each for each in content["reasons"] if each["text"].startswith("dmarc-reject:")]
    assert rule["settings"] == {"policy.dmarc-reject": f'"{action}"'}
    copies = [f"{folder}/mail/here.example/alice/.Junk"] if action == "junk" else []
    assert [each["folder"] for each in told["copies"]] == copies
    assert told["left-out"] == []


def test_message_may_be_left_out(folder: Path) -> None:
    """Then the recipients are the end, and it is said that nobody was examined."""
    done = run(folder, *GOOD, "--zone", "zone")
    assert done.returncode == 0
    last = done.stdout.decode().splitlines()[-2]
    assert last == "No message was given (--message FILE), so nobody finds out who sent it."


def test_message_may_come_by_the_standard_input_and_under_tls(folder: Path) -> None:
    """The time is that of the case, as with gomail check; no certificate is made that stays."""
    options = (*GOOD, "--message", "-", "--zone", "zone", "--tls", "--at", "2025-06-15 15:06:40")
    done = run(folder, *options, given=MESSAGE)
    assert done.returncode == 0
    assert b"C: STARTTLS\nS: 220 2.0.0 Ready to start TLS\n" in done.stdout
    assert not (folder / "state").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--ip", "frob"), "an address such as 192.0.2.1 or 2001:db8::1 was expected"),
        (("--to", "frob"), "an address such as you@example.org was expected, not 'frob'"),
        (("--from", "frob@"), "an address such as joe@example.org, or <>, was expected"),
        (("--listener", "x"), "the number of a listener from 1 on was expected, not 'x'"),
        (("--listener", "0"), "the number of a listener from 1 on was expected, not '0'"),
        (("--at", "yesterday"), "a time such as 2026-11-28, or 2026-11-28 04:30:00 was expected"),
        (("--listener", "2"), "the configuration has 1, of which the first is 1"),
        (("--zone", "nowhere"), "'nowhere' does not exist"),
    ],
)
def test_options_that_can_not_be_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], why: str
) -> None:
    """With what was expected, before anything is tried."""
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(try_session, [*GOOD, *options])
    assert done.exit_code == 2
    assert why in done.output


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("frob = 1\n", "frob"),
        (f'{DOMAIN}[domains."here.example".aliases]\nx = "nobody"\n', "nobody"),
    ],
)
def test_configuration_that_can_not_be_is_told(folder: Path, text: str, why: str) -> None:
    """As the server tells it, in one line."""
    (folder / "gomail.toml").write_text(text)
    done = run(folder, *GOOD, "--zone", "zone")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: ")
    assert why in done.stderr.decode()


def test_user_is_named_where_a_folder_can_not_be_used(folder: Path) -> None:
    """Another one than the server's may see other things."""
    (folder / "mail/here.example").write_text("no folder")
    done = run(folder, *GOOD, "--zone", "zone")
    assert done.returncode == 4
    assert f"It was tried by {MYSELF}; the server's own user" in done.stdout.decode()


def test_zone_that_is_none_is_told(folder: Path) -> None:
    """With its name and the line."""
    (folder / "zone").write_text("frob frob frob")
    done = run(folder, *GOOD, "--zone", "zone")
    assert (done.returncode, done.stderr.startswith(b"Error: zone: ")) == (1, True)


def test_no_configuration_is_the_newcomers(folder: Path) -> None:
    """The defaults of gomail run: this machine's name and localhost, into ./Maildir."""
    (folder / "gomail.toml").unlink()
    done = run(folder, "--ip", OURS, "--from", "<>", "--to", "you@localhost", "--zone", "zone")
    assert done.returncode == 0
    assert b"any local-part of the domain is taken" in done.stdout
    assert not (folder / "Maildir").exists()
