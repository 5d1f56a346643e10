"""The bounded child, with a reactor and without."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gomail.reading import reader
from gomail.reading.message import ANSWER_OCTETS, Message, Part, write_json
from gomail.reading.reader import Unreadable, read_message, read_message_now
from tests.patience import PATIENCE

MESSAGES = Path(__file__).parents[1] / "data" / "messages"
GMAIL = MESSAGES / "gmail.eml"

MESSAGE = Message((), Part("text/plain", 2, text="hi"), 2)
ANSWER = b'{"message": %s}' % write_json(MESSAGE)


class Process:
    """A process transport that remembers what it was told."""

    def __init__(self, *, gone: bool = False) -> None:
        self.signals: list[str] = []
        self.gone = gone

    def signalProcess(self, name: str) -> None:
        """Remember the signal, unless the process has ended."""
        if self.gone:
            raise ProcessExitedAlready
        self.signals.append(name)


class Reactor(Clock):
    """A clock that starts processes which do nothing."""

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__()
        self.fault = fault
        self.process = Process()
        self.child = ProcessProtocol()
        self.args: list[str] = []
        self.descriptors: dict[int, str | int] = {}

    def spawnProcess(self, child, executable, args, env, *, childFDs):  # noqa: ANN001, ANN201, D102
        if self.fault is not None:
            raise self.fault
        assert executable == sys.executable
        assert env == {}
        self.child, self.args, self.descriptors = child, args, childFDs
        return self.process

    def end(self, reason: Exception | None = None) -> None:
        """Let the process end."""
        self.child.processEnded(Failure(reason or ProcessDone(0)))


def start(reactor: Reactor, stored: Path | int = GMAIL) -> list[Message | Unreadable]:
    """Begin to read, and return a list that gets the result."""
    results: list[Message | Unreadable] = []
    _ = Deferred.fromCoroutine(read_message(reactor, stored)).addCallback(results.append)
    return results


def test_answer_of_the_child_is_the_message() -> None:
    """It may come in pieces; standard error is dropped; no clock is left running."""
    reactor = Reactor()
    results = start(reactor)
    assert reactor.args[-1] == str(GMAIL)
    assert reactor.descriptors == {0: "w", 1: "r", 2: "r"}
    reactor.child.childDataReceived(1, ANSWER[:9])
    reactor.child.childDataReceived(2, b"noise")
    reactor.child.childDataReceived(1, ANSWER[9:])
    assert results == []
    reactor.end()
    assert results == [MESSAGE]
    assert reactor.getDelayedCalls() == []


def test_descriptor_becomes_the_childs_standard_input() -> None:
    """An open file is handed over as it is."""
    reactor = Reactor()
    start(reactor, 7)
    assert reactor.descriptors[0] == 7
    assert str(GMAIL) not in reactor.args


def test_e8_late_child_is_killed() -> None:
    """After five seconds nobody waits any longer, not even for the child's end."""
    reactor = Reactor()
    results = start(reactor)
    reactor.advance(5)
    assert results == [Unreadable("took more than 5 s to read")]
    assert reactor.process.signals == ["KILL"]
    reactor.end(ProcessTerminated(signal=signal.SIGKILL))
    assert len(results) == 1


def test_e8_talkative_child_is_killed() -> None:
    """An answer has a bound."""
    reactor = Reactor()
    reactor.process.gone = True
    results = start(reactor)
    reactor.child.childDataReceived(1, b"x" * ANSWER_OCTETS)
    assert results == []
    reactor.child.childDataReceived(1, b"x")
    reactor.child.childDataReceived(1, b"x" * ANSWER_OCTETS * 2)
    assert results == [Unreadable("has too much in it to show")]


@pytest.mark.parametrize(
    ("answer", "ending", "reason"),
    [
        (b'{"unreadable": "gone"}', ProcessDone(0), "gone"),
        (b"", ProcessTerminated(1), "the reader failed (exit status 1)"),
        (b"{}", ProcessTerminated(0), "the reader failed (exit status 0)"),
        (b"[]", RuntimeError(), "the reader failed (exit status 0)"),
        (b"\xff", ProcessTerminated(None, 11), "the reader failed (exit status -11)"),
        (b"[" * 99_999, ProcessDone(0), "the reader failed (exit status 0)"),
        (b"", ProcessTerminated(None, signal.SIGKILL), "took too much time or memory to read"),
        (b"", ProcessTerminated(None, signal.SIGXCPU), "took too much time or memory to read"),
    ],
)
def test_child_that_fails_is_said(answer: bytes, ending: Exception, reason: str) -> None:
    """Whatever a child says or dies of becomes one line."""
    reactor = Reactor()
    results = start(reactor)
    reactor.child.childDataReceived(1, answer)
    reactor.end(ending)
    assert results == [Unreadable(reason)]


def test_child_that_cannot_be_started_is_said() -> None:
    """No process left, no memory left: no message."""
    assert start(Reactor(OSError("EAGAIN"))) == [Unreadable("no reader could be started (OSError)")]


def test_cancelling_kills_the_child() -> None:
    """Who waits no longer needs no child."""
    reactor = Reactor()
    reading = Deferred.fromCoroutine(read_message(reactor, GMAIL))
    _ = reading.addErrback(lambda failure: failure.trap(CancelledError))
    reading.cancel()
    assert reactor.process.signals == ["KILL"]
    assert reactor.getDelayedCalls() == []
    reactor.end(ProcessTerminated(signal=9))


def test_email_package_stays_out_of_the_parent() -> None:
    """What parses is not even imported in the process that receives."""
    code = (
        "import sys, gomail.reading.printer\n"
        "names = {'gomail.reading.mime', 'gomail.reading.tree', 'gomail.reading.fields'}\n"
        "sys.exit(bool(names & set(sys.modules)))"
    )
    home = Path(__file__).parents[2]
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=home, check=False, timeout=PATIENCE
        ).returncode
        == 0
    )


# -- with real children ----------------------------------------------------------------------------


@pytest.mark.system
@pytest_twisted.ensureDeferred
async def test_message_is_read_by_a_real_child() -> None:
    """With the reactor, from a path and from a descriptor, it is the same message."""
    from twisted.internet import reactor

    by_path = await read_message(reactor, GMAIL)
    descriptor = os.open(GMAIL, os.O_RDONLY)
    try:
        by_descriptor = await read_message(reactor, descriptor)
    finally:
        os.close(descriptor)
    assert isinstance(by_path, Message)
    assert by_path.field("subject") == "What hath god wrought"
    assert by_descriptor == by_path


@pytest.mark.system
def test_message_is_read_without_a_reactor() -> None:
    """A command waits for it."""
    descriptor = os.open(GMAIL, os.O_RDONLY)
    try:
        by_descriptor = read_message_now(descriptor)
    finally:
        os.close(descriptor)
    assert isinstance(by_descriptor, Message)
    assert read_message_now(GMAIL) == by_descriptor
    assert read_message_now(MESSAGES / "gone") == Unreadable("no such file or directory")


@pytest.mark.system
def test_e8_slow_markup_is_given_up_for_an_outline(tmp_path: Path) -> None:
    """Python's HTML parser takes quadratic time; one second of it is enough."""
    bomb = tmp_path / "bomb"
    bomb.write_bytes(b"Subject: bomb\nContent-Type: text/html\n\n" + b"<!--" * 250_000)
    message = read_message_now(bomb)
    assert isinstance(message, Message)
    assert message.field("Subject") == "bomb"


def replace_child(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have another program run as the child."""
    monkeypatch.setattr(reader, "_command", lambda _stored: [sys.executable, "-c", code])


@pytest.mark.system
def test_e8_talkative_child_without_a_reactor_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Endless output ends at the bound."""
    replace_child(monkeypatch, "while True: print('x' * 65536)")
    assert read_message_now(GMAIL) == Unreadable("has too much in it to show")


@pytest.mark.system
def test_e8_late_child_without_a_reactor_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that hangs is waited for no longer than the deadline."""
    monkeypatch.setattr(reader, "WALL_SECONDS", 0.2)
    replace_child(monkeypatch, "import time; time.sleep(60)")
    assert read_message_now(GMAIL) == Unreadable("took more than 5 s to read")


@pytest.mark.system
def test_child_that_cannot_be_started_without_a_reactor_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without an interpreter there is no child."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert read_message_now(GMAIL) == Unreadable("no reader could be started (FileNotFoundError)")


@pytest.mark.system
@pytest.mark.parametrize(
    "attempt",
    [
        "print('x', file=open('/tmp/x', 'w'), flush=True)",
        "import os; os.geteuid() or os.setuid(65534); os.fork()",  # root may always fork
        "bytearray(300 << 20)",
        "[open('/dev/null') for _ in range(20)]",
    ],
)
def test_e8_child_is_held_to_its_limits(tmp_path: Path, attempt: str) -> None:
    """It writes no file, starts no process, and takes no more memory."""
    code = f"from gomail.reading.bounds import limit_resources; limit_resources(); {attempt}"
    attempt_file = tmp_path / "x"
    command: Callable[..., list[str]] = reader._command
    arguments = command(0)
    code = "import sys; sys.path.append(sys.argv[1]); " + code.replace("/tmp/x", str(attempt_file))
    arguments[arguments.index("-c") + 1] = code
    assert (
        subprocess.run(
            arguments, env={}, capture_output=True, check=False, timeout=PATIENCE
        ).returncode
        != 0
    )


@pytest.mark.system
def test_child_has_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads a stranger's message can't speak to the service manager in our name."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\ntr '\\0' '\\n' </proc/self/environ >{tmp_path}/environment\n")
    program.chmod(0o700)
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setattr(sys, "executable", str(program))
    read_message_now(GMAIL)
    assert "NOTIFY_SOCKET" not in (tmp_path / "environment").read_text()
