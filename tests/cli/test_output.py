"""What becomes of a command whose output can't be written: a full disk, a pipe that is closed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gomail.cli.main import main
from tests.patience import PATIENCE

NO_ROOM = "Error: the output can't be written: No space left on device\n"
WORDS = (
    (),
    ("--version",),
    ("config", "show"),
    ("config", "check", "gomail.toml"),
    ("explain", "550"),
    ("try", "--ip", "192.0.2.1", "--from", "a@b.example", "--to", "you@here.example"),
    ("run", "--version"),
    ("run", "--help"),
    ("init", "you@example.org", "--maildir", "M", "--config", "other.toml"),
)
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration."""
    (tmp_path / "gomail.toml").write_text('[checks]\nenabled = false\n[domains."here.example"]\n')
    return tmp_path


def run(folder: Path, words: tuple[str, ...], out: int) -> tuple[int, str]:
    """Run a command with its output there; give its status, and what its error output says."""
    done = subprocess.run(
        [sys.executable, "-m", "gomail", *words],
        cwd=folder,
        env=os.environ | {"XDG_STATE_HOME": str(folder / "state")},
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stderr


def ordinary(words: tuple[str, ...]) -> tuple[str, ...]:
    """Have init be typed for somebody who is not root."""
    root = os.geteuid() == 0
    return (*words, "--user", "nobody") if root and words[:1] == ("init",) else words


@FULL
@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_full_disk_is_told_in_one_line(folder: Path, words: tuple[str, ...]) -> None:
    """With status 1."""
    with Path("/dev/full").open("wb") as full:
        assert run(folder, ordinary(words), full.fileno()) == (1, NO_ROOM)


@pytest.mark.parametrize("words", WORDS[::3], ids=" ".join)
def test_closed_pipe_is_the_end(folder: Path, words: tuple[str, ...]) -> None:
    """In silence: whoever has closed it has seen enough, as head has."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert run(folder, ordinary(words), writing) == (1, "")
    finally:
        os.close(writing)


@FULL
def test_help_of_each_command_needs_room(capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever it is; `run --help` is twistd's, and among the commands above."""
    for command in sorted(set(main.commands) - {"run", "twistd"}):
        with Path("/dev/full").open("w") as full, pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", full)
            with pytest.raises(SystemExit) as ended:
                main.main([command, "--help"], "gomail")
        assert (ended.value.code, capsys.readouterr().err) == (1, NO_ROOM), command
