"""Long work that is done in a thread, while sessions go on."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, get_ident

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from gomail.server import aside as module
from gomail.server.aside import INTERVAL, Overdue, aside, considerate, let_go
from tests.patience import PATIENCE


@contextmanager
def collections() -> Iterator[list[int]]:
    """Give the generations that the garbage collector looks at meanwhile."""
    generations: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            generations.append(info["generation"])

    gc.callbacks.append(note)
    try:
        yield generations
    finally:
        gc.callbacks.remove(note)


def test_full_collections_wait() -> None:
    """However many objects are made, the reactor never stands still until all are looked at."""
    with considerate(), collections() as generations:
        made = [[number] for number in range(500_000)]
    assert len(made) == 500_000
    assert generations
    assert 2 not in generations


def test_all_is_as_before_whatever_happens() -> None:
    """Work that fails leaves nothing changed either."""
    before = gc.get_threshold(), sys.getswitchinterval()

    def fail() -> None:
        assert sys.getswitchinterval() == pytest.approx(INTERVAL)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), considerate():
        fail()
    assert (gc.get_threshold(), sys.getswitchinterval()) == before


@pytest_twisted.ensureDeferred
async def test_work_is_done_in_a_thread_and_answers() -> None:
    """What it gives or raises comes back."""
    from twisted.internet import reactor

    def work(*given: object) -> tuple[int, object]:
        return get_ident(), given

    thread, given = await aside(reactor, work, 1, 2)  # type: ignore[arg-type]
    assert thread != get_ident()
    assert given == (1, 2)
    with pytest.raises(ZeroDivisionError):
        await aside(reactor, divmod, 1, 0)  # type: ignore[arg-type]


@pytest_twisted.ensureDeferred
async def test_work_that_hangs_is_waited_for_no_longer_than_it_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is it by what comes behind, until it has come to its end."""
    from twisted.internet import reactor

    go_on, begun = Event(), Event()

    def hang() -> None:
        begun.set()
        go_on.wait(PATIENCE)

    hanging = Deferred.fromCoroutine(aside(reactor, hang))  # type: ignore[arg-type]
    await deferToThread(begun.wait, PATIENCE)
    monkeypatch.setattr(module, "TIME", 0.1)
    for _ in range(2):
        with pytest.raises(Overdue, match="more than 0 s"):
            await aside(reactor, int)  # type: ignore[arg-type]
    go_on.set()
    await hanging
    monkeypatch.undo()
    assert await aside(reactor, int, "7") == 7  # type: ignore[arg-type]
    monkeypatch.setattr(module, "TIME", 0.1)
    go_on.clear()
    with pytest.raises(Overdue):
        await aside(reactor, hang)  # type: ignore[arg-type]
    go_on.set()


class Mortal:
    """Tells which thread takes it apart."""

    def __init__(self, told: list[int]) -> None:
        self._told = told

    def __del__(self) -> None:
        self._told.append(get_ident())


@pytest_twisted.ensureDeferred
async def test_what_is_let_go_is_taken_apart_in_a_thread() -> None:
    """A hundred thousand mailboxes take their time to go, too."""
    from twisted.internet import reactor

    told: list[int] = []
    await let_go(reactor, [Mortal(told)])  # type: ignore[arg-type]
    assert len(told) == 1
    assert told[0] != get_ident()


@pytest_twisted.ensureDeferred
async def test_what_failing_work_had_in_hand_is_taken_apart_in_a_thread() -> None:
    """A large file with a mistake in it keeps nobody waiting either; the traceback stays."""
    from twisted.internet import reactor

    told: list[int] = []

    def fail() -> None:
        first = Mortal(told)
        try:
            _ = dict[Mortal, int]()[Mortal(told)]
        except KeyError:
            raise ValueError(type(first).__name__) from None

    with pytest.raises(ValueError, match="Mortal") as caught:
        await aside(reactor, fail)  # type: ignore[arg-type]
    assert len(told) == 2
    assert get_ident() not in told
    assert caught.traceback[-1].name == "fail"
