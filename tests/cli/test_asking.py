"""``gomail init`` in a process of its own: it asks its user at a terminal, and nobody else."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.people import ME
from tests.patience import PATIENCE

# Ends as soon as anything in the network is asked, or would be.
ALONE = """
import sys
def hook(event, _):
    if event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}:
        raise SystemExit(f"{event} was tried")
sys.addaudithook(hook)
from gomail.cli.main import main
main(prog_name="gomail")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to begin in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nobody_in_the_network_is_asked() -> None:
    """Names that are not there yet would be remembered as such."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            ALONE,
            "init",
            "--user",
            ME.pw_name,
            "--maildir",
            "Mail",
            "a@b.example",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "b.example. 300 IN MX 10 " in done.stdout


def test_at_a_terminal_it_asks_and_explains(folder: Path) -> None:
    """For the host name; the answer counts."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"there are no terminals here: {error}")
    command = [sys.executable, "-m", "gomail.cli.main", "init", "--user", ME.pw_name]
    os.write(ours, b"in.example.org\n\n")  # an empty address, if one is asked for
    done = subprocess.run(
        [*command, "--maildir", "Maildir", "you@example.org"],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    for each in (ours, theirs):
        with suppress(OSError):
            os.close(each)
    assert done.returncode == 0
    assert "The server needs a name of its own" in done.stderr
    assert "MX 10 in.example.org." in done.stdout
    assert 'hostname = "in.example.org"' in (folder / "gomail.toml").read_text()
