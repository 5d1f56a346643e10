"""The Maildir, asked from the reactor: in threads of our own, few at a time."""

import os
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from gomail.inbox.mailbox import Mailbox, NoSuchMessage, NoSuchPage
from gomail.inbox.web.answers import NoPage, Problem
from gomail.server.reactor import Reactor
from gomail.server.threads import Daemon

THREADS = 6
CHILDREN = 3  # messages that are read at once: the threads that are left answer for the lists
TAKING = 2  # of them those that attachments are taken out of: one is left for pages
STOP_TIME = 5.0  # seconds for what is under way when all ends; who asked for it has gone
P = ParamSpec("P")
T = TypeVar("T")

GONE = Problem(404, "Not here", "That message or folder is not here any more: moved or removed.")
NO_PAGE = Problem(404, "No such page", "The list has no such place; it begins on the first page.")


class Postbox:
    """
    Asks the mailbox.

    Args:
        reactor: the one that runs.
        mailbox: blocks, and may be asked by several threads.
    """

    def __init__(self, reactor: Reactor, mailbox: Mailbox) -> None:
        self._reactor, self._mailbox = reactor, mailbox
        self._pool = ThreadPool(0, THREADS, "inbox")
        self._hashing = ThreadPool(0, 1, "password")
        self._children = DeferredSemaphore(CHILDREN)
        self._taking = DeferredSemaphore(TAKING)

    def start(self) -> None:
        """Have threads."""
        self._pool.start()
        self._hashing.start()

    def stop(self) -> Deferred[None]:
        """Have none any more, and leave the index; what hangs on its disk is left behind."""
        over: Deferred[None] = Deferred()
        Daemon(target=self._end, args=(over,), name="inbox stop").start()
        return over.addTimeout(STOP_TIME, self._reactor, lambda *_: None)

    def _end(self, over: Deferred[None]) -> None:
        """Wait for all that is under way, in a thread."""
        try:
            self._pool.stop()
            self._hashing.stop()
            self._mailbox.close()
        finally:
            self._reactor.callFromThread(over.callback, None)

    async def ask(
        self, question: Callable[Concatenate[Mailbox, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """
        Ask something of the mailbox.

        Raises:
            NoPage: what is asked for is not there, or the Maildir can't be read.
        """
        try:
            return await self._aside(self._pool, question, self._mailbox, *args, **kwargs)
        except NoSuchMessage:
            raise NoPage(GONE) from None
        except NoSuchPage:
            raise NoPage(NO_PAGE) from None
        except OSError as error:
            why = f"The Maildir can't be used: {error.strerror or error}."
            raise NoPage(Problem(503, "No mail to see", why)) from error

    async def read(self, folder: str, key: str, work: Callable[..., T], *args: object) -> T:
        """
        Have a child read a message: *work* is given its open file, and the rest.

        Raises:
            NoPage: as of `ask`.
        """
        await self._children.acquire()
        reading = Deferred.fromCoroutine(self.ask(_opened, folder, key, work, args))
        # A child goes on when the browser has gone: its place is taken until it ends.
        return await _attended(reading.addBoth(_released, self._children))

    async def take(self, folder: str, key: str, work: Callable[..., T], *args: object) -> T:
        """
        Have a child take something long out of a message, as `read` does; pages go before.

        Raises:
            NoPage: as of `ask`.
        """
        await self._taking.acquire()
        taking = Deferred.fromCoroutine(self.read(folder, key, work, *args))
        return await _attended(taking.addBoth(_released, self._taking))

    async def hash(self, work: Callable[..., T], *args: object) -> T:
        """Do what takes much memory, one at a time."""
        return await self._aside(self._hashing, work, *args)

    async def _aside(
        self, pool: ThreadPool, work: Callable[..., T], *args: object, **kwargs: object
    ) -> T:
        """Do work in a thread of a pool."""
        found: T = await deferToThreadPool(self._reactor, pool, work, *args, **kwargs)
        return found


def _released(result: T, places: DeferredSemaphore) -> T:
    """Let the next one begin."""
    places.release()
    return result


def _attended(work: Deferred[T]) -> Deferred[T]:
    """Wait for work, which goes on when nobody waits any more."""
    waiting: Deferred[T] = Deferred()

    def end(result: T | Failure) -> None:
        if waiting.called:  # by its end
            return
        if isinstance(result, Failure):
            waiting.errback(result)
        else:
            waiting.callback(result)

    work.addBoth(end)
    return waiting


def _opened(
    mailbox: Mailbox, folder: str, key: str, work: Callable[..., T], args: tuple[object, ...]
) -> T:
    """Open a message, and do work with it."""
    try:
        stored = mailbox.open(folder, key)
    except PermissionError as error:
        why = f"This message can't be read: {error.strerror}."
        raise NoPage(Problem(503, "No message to see", why)) from error
    try:
        return work(stored, *args)
    finally:
        os.close(stored)
