"""The bench, with its thread ended in the end; an agent; Maildirs; an ear for mistakes of ours."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import pytest
import pytest_twisted
from twisted.logger import ILogObserver, globalLogPublisher

from gomail.delivery import process as process_module
from gomail.reply import Refused
from tests.delivery.bench import SHARED, Bench, maildirs
from tests.delivery.desk import Desk
from tests.delivery.house import House
from tests.delivery.watched import Recorder


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


@pytest_twisted.async_yield_fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house whose agent is there."""
    monkeypatch.setattr(process_module, "REST", 0.01)
    house = House(tmp_path)
    await house.begin()
    yield house
    for each in house.done:
        each.addErrback(lambda failure: failure.trap(Refused) and None)
    house.process.kill()
    await house.process.stop()
