"""How often Python looks for garbage."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from gomail.server.garbage import YOUNG, look_seldom
from tests.patience import PATIENCE

# As twistd does, but for the end: what is there then is told.
STARTED = """
import gc
from twisted.internet import reactor
from gomail.tap import Options, makeService
options = Options()
options.parseOptions(["--port", "tcp:0:interface=127.0.0.1"])
makeService(options)
before = gc.get_freeze_count()
reactor.callWhenRunning(lambda: print(before, gc.get_freeze_count(), gc.get_threshold()[0]))
reactor.callWhenRunning(reactor.stop)
reactor.run()
"""


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Have Python look as often as before."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


class Knot:
    """Refers to itself: nothing but the collector ever finds that nobody needs it."""

    def __init__(self) -> None:
        self.self = self


def test_what_is_there_is_passed_over() -> None:
    """Objects of before are not looked at any more, but for garbage: that is gone at once."""
    there, garbage = [Knot()], weakref.ref(Knot())
    look_seldom()
    assert gc.get_freeze_count() > 10_000
    assert garbage() is None
    assert all(each is not there for each in gc.get_objects())


def test_garbage_of_later_is_collected() -> None:
    """What is left behind goes sooner or later: here with as many objects as are put up with."""
    look_seldom()
    garbage = weakref.ref(Knot())
    held = [[] for _ in range(2 * YOUNG)]  # type: ignore[var-annotated]  # of nothing
    assert garbage() is None
    assert len(held) == 2 * YOUNG


def test_older_objects_are_looked_at_as_ever() -> None:
    """Only the young wait longer."""
    _, *older = gc.get_threshold()
    look_seldom()
    assert gc.get_threshold() == (YOUNG, *older)


def test_a_server_does_so_as_it_begins_to_run(tmp_path: Path) -> None:
    """Not before: twistd may start others with it, and what they make stays as well."""
    run = subprocess.run(
        [sys.executable, "-c", STARTED],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        timeout=PATIENCE,
    )
    before, frozen, young = map(int, run.stdout.split("\n")[-2].split())
    assert before < 1_000  # Python 3.12 begins with some of its own
    assert frozen > 50_000
    assert young == YOUNG
