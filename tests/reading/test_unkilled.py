"""A child on a machine that has no thread left for whoever would kill it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest

from gomail.reading import reader
from gomail.reading.reader import Unreadable, listening, read_message_now
from tests.faults.processes import children
from tests.waiting import within

ENDLESS = [sys.executable, "-c", "import time; time.sleep(600)"]

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have none left for a clock."""

    def start(_: Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Timer, "start", start)


def alone(work: Callable[[], object]) -> object:
    """Do work that is over soon, and leaves no child."""
    before = set(children(os.getpid()))
    done = within(work, "a child that nobody kills")
    assert set(children(os.getpid())) <= before
    return done


def test_e8_reader_is_killed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would run for ever; the message can't be shown."""
    monkeypatch.setattr(reader, "_command", lambda _: ENDLESS)
    told = alone(lambda: read_message_now(Path(__file__)))
    assert told == Unreadable("no reader could be started (BlockingIOError)")


def test_e8_child_that_is_listened_to_is_killed_at_once() -> None:
    """One that reads for lists, or takes attachments out."""

    def listen() -> str:
        try:
            with listening(ENDLESS, subprocess.DEVNULL, 600) as source:
                return str(source.read())
        except OSError as error:
            return str(error.strerror)

    assert alone(listen) == "can't start new thread"
