"""
Waits that end: with what is waited for, or with a failure that says what that was.

For whoever shares a process, a thread or a Deferred with a test, which would otherwise wait for
ever, and all tests behind it.
"""

import subprocess
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import IO, AnyStr, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from tests.patience import PATIENCE

T = TypeVar("T")


def soon(awaited: Awaitable[T], what: str, seconds: float = 2 * PATIENCE) -> Deferred[T]:
    """Give what is awaited, within so many seconds of the reactor's; *what* is for people."""
    from twisted.internet import reactor

    async def come() -> T:
        return await awaited

    def give_up(result: T | Failure, seconds: float) -> T | Failure:
        """Fail, unless it has come to an end by itself meanwhile."""
        if isinstance(result, Failure) and result.check(CancelledError):
            msg = f"waited {seconds:.0f} s in vain for {what}"
            raise AssertionError(msg)
        return result

    return Deferred.fromCoroutine(come()).addTimeout(seconds, reactor, give_up)


def within(function: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """
    Call what blocks in a thread of its own; give or raise what that does, unless it takes too long.

    The thread is left then: no interpreter waits for it.
    """
    done: Future[T] = Future()

    def work() -> None:
        try:
            done.set_result(function())
        except BaseException as error:  # noqa: BLE001 -- it is the caller's
            done.set_exception(error)

    Thread(target=work, name=what, daemon=True).start()
    _, late = wait([done], seconds)
    assert not late, f"waited {seconds:.0f} s in vain for {what}"
    return done.result()


def join(thread: Thread, what: str, seconds: float = PATIENCE) -> None:
    """Wait for the end of a thread."""
    thread.join(seconds)
    assert not thread.is_alive(), f"waited {seconds:.0f} s in vain for {what}"


def line_of(process: subprocess.Popen[AnyStr], seconds: float = PATIENCE) -> AnyStr:
    """Give the next line that a process writes, which is killed if there is none in time."""
    stream = process.stdout
    assert stream is not None
    return _of(process, stream.readline, "a line of", seconds)


def said_by(process: subprocess.Popen[AnyStr], count: int, seconds: float = PATIENCE) -> AnyStr:
    """Give so many octets, or characters, that a process writes; as `line_of`."""
    stream: IO[AnyStr] | None = process.stdout
    assert stream is not None
    return _of(process, lambda: stream.read(count), f"{count} octets of", seconds)


def _of(
    process: subprocess.Popen[AnyStr], read: Callable[[], AnyStr], what: str, seconds: float
) -> AnyStr:
    """Read of a process; where nothing comes nobody may close its pipe, which is being read."""
    try:
        return within(read, f"{what} {process.args!r}", seconds)
    except AssertionError:
        process.kill()
        raise


def ended(process: subprocess.Popen[AnyStr], seconds: float = PATIENCE) -> int:
    """Wait for a process that was told to end, and give its status; in vain, it is killed."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)
        raise


def heard_out(
    process: subprocess.Popen[AnyStr], feed: AnyStr | None = None, seconds: float = PATIENCE
) -> tuple[AnyStr, AnyStr]:
    """
    Give all that a process says to its end; in vain, it is killed.

    Its pipes may have been given to processes of its own: whoever waits for their end may wait for
    these as well.
    """
    try:
        return process.communicate(feed, seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)
        raise
