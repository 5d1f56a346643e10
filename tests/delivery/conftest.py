"""What tests of the delivery have: a bench, Maildirs, an ear for mistakes of ours; and a limit."""

from collections.abc import Iterator
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import cast

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, globalLogPublisher

from tests.delivery.bench import SHARED, Bench, maildirs
from tests.delivery.desk import Desk
from tests.delivery.hiring import soon
from tests.delivery.watched import Recorder
from tests.patience import PATIENCE

LIMIT = 2 * PATIENCE  # seconds for a test that awaits


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Have a test fail whose agent, or whoever else it awaits, never says anything."""
    test = pyfuncitem.obj
    if not iscoroutinefunction(test):
        return

    @pytest_twisted.ensureDeferred
    @wraps(test)
    async def bounded(**named: object) -> None:
        await soon(Deferred.fromCoroutine(test(**named)), LIMIT)

    pyfuncitem.obj = bounded


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A committer at work."""
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A Maildir."""
    return maildirs(tmp_path, "one")[0]


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    """The Maildir of alice."""
    return maildirs(tmp_path, "alice")[0]


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A disk that is watched, with the Maildirs one, two and three."""
    maildirs(tmp_path, "one", "two", "three", ownership=SHARED)
    yield Recorder(monkeypatch, tmp_path)
    monkeypatch.undo()


@pytest.fixture
def desk(bench: Bench, tmp_path: Path) -> Desk:
    """Places below the temporary folder."""
    return Desk(bench, tmp_path)


@pytest.fixture
def nothing_raises() -> Iterator[None]:
    """See that the reactor has caught nothing of ours meanwhile: it logs what it catches."""
    caught: list[object] = []

    def observe(event: dict[str, object]) -> None:
        if "log_failure" in event or "failure" in event:  # which is the reactor's old way
            caught.append(event)

    observer = cast("ILogObserver", observe)
    globalLogPublisher.addObserver(observer)
    yield
    globalLogPublisher.removeObserver(observer)
    assert caught == []
