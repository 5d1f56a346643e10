"""
Reads a stored message in a child process, with a reactor or without.

A stranger's message is never parsed in this process: a child is started on it, waited for a
bounded time, and its bounded answer is read. Whatever goes wrong becomes an `Unreadable`, never
an exception: a message that cannot be shown is no reason for anything else to fail.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IDelayedCall, IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from gomail.reading.message import ANSWER_OCTETS, Message, rebuild

#: Seconds from the start of the child to its answer.
WALL_SECONDS = 5.0

_TOO_LATE = f"took more than {WALL_SECONDS:.0f} s to read"
_TOO_LONG = "has too much in it to show"

_BOOT = (
    "import os, sys; sys.path += sys.argv[1].split(os.pathsep); "
    "from {module} import main; main(sys.argv[2:])"
)
_HOME = str(Path(__file__).parents[2])


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is no message to show; *reason* completes "could not be shown:", on one line."""

    reason: str


class ChildReactor(Protocol):
    """What is used of a reactor: IReactorProcess and IReactorTime."""

    def callLater(  # noqa: D102
        self, delay: float, function: Callable[..., object], /, *args: object
    ) -> IDelayedCall: ...

    def spawnProcess(  # noqa: D102
        self,
        processProtocol: ProcessProtocol,
        executable: str,
        args: Sequence[str],
        env: Mapping[str, str],
        *,
        childFDs: Mapping[int, str | int],
    ) -> IProcessTransport: ...


async def read_message(reactor: ChildReactor, stored: Path | int) -> Message | Unreadable:
    """
    Read a message by its path, or from an open file descriptor (which stays open).

    Nothing here waits for the disk: the child opens the path. Cancelling kills the child.
    """
    child = _Child(reactor)
    try:
        child.start(stored)
    except (OSError, RuntimeError) as failure:
        child.give_up(f"no reader could be started ({type(failure).__name__})")
    return await child.answered


def read_message_now(stored: Path | int) -> Message | Unreadable:
    """Read a message as `read_message` does, and block until that is done."""
    answer = ask_child(_command(stored), None if isinstance(stored, Path) else stored)
    return answer if isinstance(answer, Unreadable) else _understand(answer, 0)


def ask_child(
    command: list[str], stored: int | None, bound: int = ANSWER_OCTETS
) -> bytes | Unreadable:
    """Start a child with an open file as standard input; block until it has answered, or failed."""
    late = False

    def kill() -> None:
        nonlocal late
        late = True
        child.kill()

    try:
        child = subprocess.Popen(  # noqa: S603 - our own child, no shell
            command,
            stdin=subprocess.DEVNULL if stored is None else stored,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
        )
        timer = _limit(child, WALL_SECONDS, kill)
    except OSError as failure:
        return Unreadable(f"no reader could be started ({type(failure).__name__})")
    with child:
        answer = child.stdout.read(bound + 1) if child.stdout else b""
        if len(answer) > bound:
            child.kill()
    timer.cancel()
    if late:
        return Unreadable(_TOO_LATE)
    return _failure(answer, child.returncode, bound) or answer


@contextmanager
def listening(
    command: Sequence[str], given: int | IO[bytes], seconds: float, folders: Sequence[int] = ()
) -> Iterator[IO[bytes]]:
    """
    Start a child and give what it says; it is killed at the end, or when it has had its time.

    Args:
        command: of `child_command`.
        given: its standard input.
        seconds: until it is killed.
        folders: open folders that it has, too.

    Raises:
        OSError: it can't be started, or there would be nobody to kill it.
    """
    child = subprocess.Popen(  # noqa: S603 - our own child, no shell
        command,
        stdin=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        pass_fds=folders,
    )
    timer = _limit(child, seconds, child.kill)
    try:
        with child:
            try:
                assert child.stdout is not None  # noqa: S101 - it is a pipe
                yield child.stdout
            finally:
                child.kill()
    finally:
        timer.cancel()


def _limit(child: subprocess.Popen[bytes], seconds: float, kill: Callable[[], object]) -> Timer:
    """
    Have *kill* called when a child has had its time.

    Raises:
        OSError: the system has no thread for that, and the child is no more.
    """
    timer = Timer(seconds, kill)
    try:
        timer.start()
    except RuntimeError as failure:
        with child:
            child.kill()
        raise OSError(errno.EAGAIN, str(failure)) from failure
    return timer


def _command(stored: Path | int) -> list[str]:
    """Return the arguments of a child for *stored*; a descriptor is its standard input."""
    named = [os.fspath(stored.absolute())] if isinstance(stored, Path) else []
    return child_command("gomail.reading.child", *named)


def child_command(module: str, *arguments: str, library: str = "") -> list[str]:
    """
    Give the command of a child that runs a module's ``main``; *library* is one more folder for it.

    It finds the standard library first and gomail behind it, and runs no site module (-S): what
    else lies in site-packages can neither slow its start nor stand in for a module of Python's.
    """
    boot = _BOOT.format(module=module)
    paths = os.pathsep.join([_HOME, library] if library else [_HOME])
    return [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", boot, paths, *arguments]


def _understand(answer: bytes, exit_status: int) -> Message | Unreadable:
    """Return what a child has said; a negative exit status is the signal that ended it."""
    failure = _failure(answer, exit_status, ANSWER_OCTETS)
    if failure is not None:
        return failure
    try:
        value = json.loads(answer.decode("utf-8", "surrogatepass"))
        if "unreadable" in value:
            return Unreadable(str(value["unreadable"]))
        return rebuild(value["message"])
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return Unreadable(f"the reader failed (exit status {exit_status})")


def _failure(answer: bytes, exit_status: int, bound: int) -> Unreadable | None:
    """Return why a child has not said all, if it has not."""
    if len(answer) > bound:
        return Unreadable(_TOO_LONG)
    if exit_status in {-signal.SIGXCPU, -signal.SIGKILL}:
        return Unreadable("took too much time or memory to read")
    if exit_status:
        return Unreadable(f"the reader failed (exit status {exit_status})")
    return None


class _Child(ProcessProtocol):
    """A child process, from its start to its answer; `answered` fires once, with a value."""

    def __init__(self, reactor: ChildReactor) -> None:
        self.answered: Deferred[Message | Unreadable] = Deferred(lambda _: self._kill())
        self._reactor = reactor
        self._answer = bytearray()
        self._deadline: IDelayedCall | None = None
        self._process: IProcessTransport | None = None

    def start(self, stored: Path | int) -> None:
        """Start the process; its standard error is read, to be dropped."""
        standard_input: str | int = "w" if isinstance(stored, Path) else stored
        self._process = self._reactor.spawnProcess(
            self,
            sys.executable,
            _command(stored),
            {},
            childFDs={0: standard_input, 1: "r", 2: "r"},
        )
        self._deadline = self._reactor.callLater(WALL_SECONDS, self.give_up, _TOO_LATE)

    def give_up(self, reason: str) -> None:
        """Say why there is no message, without waiting for the process to die."""
        self._kill()
        self._finish(Unreadable(reason))

    def outReceived(self, data: bytes) -> None:
        """Keep a piece of the answer, or give up when that has become too long."""
        self._answer += data
        if len(self._answer) > ANSWER_OCTETS:
            self._answer.clear()
            self.give_up(_TOO_LONG)

    def processEnded(self, reason: Failure) -> None:
        """Answer with what the child has said."""
        status = 0
        if isinstance(reason.value, (ProcessDone, ProcessTerminated)):
            ended_by, code = reason.value.signal, reason.value.exitCode
            status = -ended_by if ended_by else code or 0
        if not self.answered.called:
            self._finish(_understand(bytes(self._answer), status))

    def _finish(self, result: Message | Unreadable) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        if not self.answered.called:
            self.answered.callback(result)

    def _kill(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        if self._process is not None:
            with suppress(ProcessExitedAlready):
                self._process.signalProcess("KILL")
