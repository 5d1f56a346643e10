"""
Long work beside the reactor: in a thread of its pool, and so that sessions hardly notice.

Python runs one thread at a time. One that reads a large configuration keeps the reactor waiting in
three ways, each of which is seen to here. It gives way when asked, which takes 5 ms each time as
Python has it, and less here. It makes objects by the hundred thousand, so that the garbage
collector looks at all there are, again and again, while nothing else runs: that waits until the
work is done and most of them are gone. And what it puts in the place of something large has that
taken apart, at once, by whoever lets go of it last: see `let_go`.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from traceback import clear_frames
from typing import TypeVar

from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.threads import deferToThreadPool

from gomail.server.reactor import Reactor

T = TypeVar("T")

TIME = 120.0  # seconds for it: a disk may never answer, and whoever waits holds up others
INTERVAL = 0.0005  # seconds after which the thread gives way to the reactor
_NEVER = 2**31 - 1  # collections of younger objects until all are looked at
_alone = Lock()


class Overdue(Exception):
    """Work did not come to its end in time; it may still do so, and nobody hears of it."""

    def __init__(self) -> None:
        super().__init__(f"it took more than {TIME:.0f} s: a disk does not answer, perhaps")


async def aside(reactor: Reactor, work: Callable[..., T], *arguments: object) -> T:
    """
    Call *work*, which takes long and makes much; one such call at a time.

    Raises:
        Overdue: it takes too long, or one before it does.
    """

    def considerately() -> T:
        with considerate():
            try:
                return work(*arguments)
            except BaseException as error:
                _lighten(error)
                raise

    done = deferToThreadPool(reactor, reactor.getThreadPool(), considerately)
    try:
        return await done.addTimeout(TIME, reactor)
    except TooLate:
        raise Overdue from None


def _lighten(error: BaseException) -> None:
    """Let go of all that the work had in hand when it failed: whoever hears of it would have to."""
    clear_frames(error.__traceback__)
    if error.__suppress_context__:
        error.__context__ = None


async def let_go(reactor: Reactor, things: list[object]) -> None:
    """Empty the list of *things* that nobody else needs any more: the thread takes them apart."""
    with suppress(Overdue):  # what has taken their place is in force all the same
        await aside(reactor, _take_apart, things)


def _take_apart(things: list[object]) -> None:
    """Let go of one after the other, so that the reactor may have its turn in between."""
    while things:
        things.pop()


@contextmanager
def considerate() -> Iterator[None]:
    """Leave other threads their turns, and full collections for later."""
    if not _alone.acquire(timeout=TIME):  # nobody waits any more, and threads are few
        raise Overdue
    try:  # alone, else the last to come out would restore what another has set
        threshold, interval = gc.get_threshold(), sys.getswitchinterval()
        gc.set_threshold(threshold[0], threshold[1], _NEVER)
        sys.setswitchinterval(min(interval, INTERVAL))
        try:
            yield
        finally:
            sys.setswitchinterval(interval)
            gc.set_threshold(*threshold)
    finally:
        _alone.release()
