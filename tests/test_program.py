"""This program, started again: it finds what we have found, and another Python finds its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.internet.error import ProcessDone, ProcessTerminated

from gomail import program
from tests.patience import PATIENCE


def test_module_that_we_have_found_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it lies, and wherever it is started."""
    (tmp_path / "somewhere").mkdir()
    (tmp_path / "somewhere/else_.py").write_text("print('found')")
    monkeypatch.syspath_prepend(tmp_path / "somewhere")
    found = subprocess.run(
        program.command("else_"),
        env=program.environment(),
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert found.stdout == "found\n"


def test_paths_of_this_python_are_not_passed_on() -> None:
    """The program that takes our place may be run by another one, at the same place."""
    own = {Path(os.__file__).parent, Path(pytest.__file__).parents[1]}
    assert own <= set(map(Path, sys.path))
    assert not own & set(map(Path, program.environment()["PYTHONPATH"].split(os.pathsep)))


def test_what_the_service_manager_says_is_said_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to those whom we start."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert "NOTIFY_SOCKET" not in program.environment()
    assert program.environment()["LANG"] == "C.UTF-8"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (ProcessTerminated(None, 9, 9), "ended by signal 9"),
        (ProcessTerminated(3, None, 768), "exit status 3"),
        (ProcessDone(0), "exit status 0"),
        (OSError("no such thing"), "no such thing"),
    ],
)
def test_end_of_a_process_is_told_in_few_words(reason: BaseException, words: str) -> None:
    """Twisted has a sentence for it."""
    assert program.how_it_ended(reason) == words
