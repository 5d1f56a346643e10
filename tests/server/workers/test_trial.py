"""A trial of a command: what its end says, and what it says itself."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as installed  # noqa: TID253 -- the one that pytest installed

from gomail.server.workers import trial
from gomail.server.workers.trial import attempt
from tests.delivery.hiring import until

reactor: Any = installed


def python(code: str) -> list[str]:
    """Give the command for some code."""
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (python("print('fine')"), None),
        (python("print('one'); raise SystemExit('two')"), "two"),
        (python("import os; os.kill(os.getpid(), 9)"), "ended by signal 9"),
        (["/nonexistent/python"], "No such file"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_outcome_is_none_or_the_last_word(command: list[str], problem: str | None) -> None:
    """Whatever it is that does not start."""
    outcome = await attempt(reactor, command, dict(os.environ), "/", [])
    assert (outcome is None) == (problem is None)
    assert problem is None or problem in str(outcome)


@pytest_twisted.ensureDeferred
async def test_descriptors_are_passed() -> None:
    """By their own numbers."""
    reader, writer = os.pipe()
    command = python(f"import os; os.write({writer}, b'here')")
    assert await attempt(reactor, command, dict(os.environ), "/", [writer]) is None
    assert os.read(reader, 10) == b"here"
    os.close(reader)
    os.close(writer)


@pytest_twisted.ensureDeferred
async def test_what_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a time."""
    monkeypatch.setattr(trial, "TRIAL_TIME", 0.1)
    command = python("import time; time.sleep(600)")
    outcome = await attempt(reactor, command, dict(os.environ), "/", [])
    assert outcome == "it did not end within 0 s"


LEAVES = """
import os, sys, time
if os.fork() == 0:
    time.sleep(20)
    os._exit(0)
time.sleep({})
"""


@pytest.mark.parametrize("seconds", [0, 600])
@pytest_twisted.ensureDeferred
async def test_process_of_its_own_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """It has the pipes of the one that was tried, which ends, or is ended."""
    monkeypatch.setattr(trial, "TRIAL_TIME", 0.5)
    began = reactor.seconds()
    outcome = await attempt(reactor, python(LEAVES.format(seconds)), dict(os.environ), "/", [])
    assert outcome == "it did not end within 0 s"
    assert reactor.seconds() - began < 15


class Stopping:
    """The reactor, which stops as soon as somebody wants to hear of that, or when it is told."""

    def __init__(self, hear: Callable[[Callable[[], None]], object] = lambda end: end()) -> None:
        self._hear = hear

    def __getattr__(self, name: str) -> object:
        return getattr(reactor, name)

    def addSystemEventTrigger(self, phase: str, event: str, work: Callable[[], None]) -> None:
        """Tell them."""
        assert (phase, event) == ("before", "shutdown")
        self._hear(work)


@pytest_twisted.ensureDeferred
async def test_trial_ends_with_who_tries() -> None:
    """It would have the ports, and nobody else could."""
    command = python("import time; time.sleep(600)")
    stopping: Any = Stopping()
    assert "signal 9" in str(await attempt(stopping, command, dict(os.environ), "/", []))


@pytest_twisted.ensureDeferred
async def test_trial_with_a_process_of_its_own_ends_likewise(tmp_path: Path) -> None:
    """Whoever stops waits for no pipe that another has."""
    begun = tmp_path / "begun"
    code = LEAVES.format(600).replace(
        "time.sleep(20)", f"open({str(begun)!r}, 'w'); time.sleep(20)"
    )
    ends: list[Callable[[], None]] = []
    stopping: Any = Stopping(ends.append)
    began = reactor.seconds()
    outcome = attempt(stopping, python(code), dict(os.environ), "/", [])
    await until(begun.exists)
    ends[0]()
    assert "signal 9" in str(await outcome)
    assert reactor.seconds() - began < 15
