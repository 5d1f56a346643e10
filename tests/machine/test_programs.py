"""Other programs: heard, and never waited for without end."""

import pytest

from gomail.machine import programs
from gomail.machine.programs import Said, ask_program, find_program


def test_program_is_heard() -> None:
    """Both of what it says, and how it ends."""
    words = ("-c", "echo told; echo wrong >&2; exit 3")
    assert ask_program("sh", *words) == Said(3, "told\n", "wrong\n")


def test_program_that_is_not_here_says_nothing() -> None:
    """Whatever the PATH of the user has."""
    assert find_program("gomail-has-no-such") is None
    assert ask_program("gomail-has-no-such") is None


def test_program_that_does_not_end_is_ended() -> None:
    """It is as good as none."""
    assert ask_program("sleep", "600", seconds=0.1) is None


def test_program_that_says_too_much_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its output is a file's until it is found to be short."""
    monkeypatch.setattr(programs, "LARGEST", 3)
    assert ask_program("echo", "123") is None
    assert ask_program("echo", "12") == Said(0, "12\n")


def test_environment_of_the_user_stays_out() -> None:
    """Words are in English, and nothing of ours is passed on."""
    said = ask_program("env")
    assert said is not None
    assert sorted(line.partition("=")[0] for line in said.output.split())[:1] == ["LC_ALL"]
    assert "HOME=" not in said.output
