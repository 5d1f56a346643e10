"""The messages that a server stores, printed in their order."""

from collections.abc import Coroutine
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer

from gomail.reading import printer
from gomail.reading.message import Message, Part
from gomail.reading.printer import Printer
from gomail.reading.reader import Unreadable

MESSAGE = Message((), Part("text/plain", 2, text="hi"), 2)


class Children:
    """Stands for read_message: who asks waits until `answer` is called."""

    def __init__(self) -> None:
        self.asked: list[Path] = []
        self.killed = 0
        self._waiting: list[Deferred[Message | Unreadable]] = []

    async def read_message(self, _reactor: object, path: Path) -> Message | Unreadable:
        """Wait for an answer about *path*."""
        self.asked.append(path)
        waiting: Deferred[Message | Unreadable] = Deferred(self._kill)
        self._waiting.append(waiting)
        return await waiting

    def _kill(self, _waiting: object) -> None:
        self.killed += 1

    def answer(self, result: Message | Unreadable = MESSAGE) -> None:
        """Answer whoever has waited longest."""
        self._waiting.pop(0).callback(result)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Children:
    """Children that answer when they are told to."""
    children = Children()
    monkeypatch.setattr(printer, "read_message", children.read_message)
    return children


def make(written: list[str], backlog: int = 100) -> Printer:
    """Make a printer that writes into a list."""
    return Printer(Clock(), written.append, backlog=backlog)  # type: ignore[arg-type]  # unused


def finish(waiting: Coroutine[Deferred[object], object, None]) -> list[None]:
    """Return a list that is filled when *waiting* has ended."""
    done: list[None] = []
    _ = Deferred.fromCoroutine(waiting).addCallback(done.append)
    return done


def test_messages_are_printed_in_their_order(children: Children) -> None:
    """One child at a time, each message when its turn has come."""
    written: list[str] = []
    printing = make(written)
    printing.print_message(Path("/m/new/1"))
    printing.print_message(Path("/m/new/2"))
    done = finish(printing.finished())
    assert children.asked == [Path("/m/new/1")]
    children.answer()
    assert children.asked == [Path("/m/new/1"), Path("/m/new/2")]
    assert not done
    children.answer(Unreadable("gone"))
    assert done
    assert written == [
        "┌─ 1 · 2 octets\n│ text/plain, 2 octets\n│\n│ hi\n└─\n",
        "┌─ 2 · could not be shown: gone\n",
    ]
    assert finish(printing.finished())


def test_what_is_stored_too_fast_is_counted(children: Children) -> None:
    """Printing never makes the mail wait, nor fills the memory."""
    written: list[str] = []
    printing = make(written, backlog=1)
    for number in range(5):
        printing.print_message(Path(f"/m/new/{number}"))
    children.answer()
    children.answer()
    assert [line.split("\n")[0] for line in written] == [
        "┌─ 0 · 2 octets",
        "┌─ 1 · 2 octets",
        "┌─ 3 messages not shown: too many at once",
    ]
    printing.print_message(Path("/m/new/5"))
    children.answer()
    assert len(written) == 4
    for number in range(6, 9):
        printing.print_message(Path(f"/m/new/{number}"))
    children.answer()
    children.answer()
    assert written[-1].startswith("┌─ 1 message not shown: too many at once")


def test_terminal_that_has_gone_hurts_nothing(children: Children) -> None:
    """The fault is logged, and the next message is tried anew."""
    events: list[LogEvent] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        events.append(event)

    def write(_text: str) -> None:
        raise BrokenPipeError

    printing = Printer(Clock(), write)  # type: ignore[arg-type]  # unused
    globalLogPublisher.addObserver(observe)
    try:
        printing.print_message(Path("/m/new/1"))
        children.answer()
    finally:
        globalLogPublisher.removeObserver(observe)
    assert events[0]["log_failure"].check(BrokenPipeError)
    printing.print_message(Path("/m/new/2"))
    assert len(children.asked) == 2


def test_stopping_kills_the_child(children: Children) -> None:
    """At the end of the server nothing is left behind."""
    written: list[str] = []
    printing = make(written)
    printing.stop()
    printing.print_message(Path("/m/new/1"))
    printing.print_message(Path("/m/new/2"))
    printing.stop()
    assert children.killed == 1
    assert written == []
    assert finish(printing.finished())
