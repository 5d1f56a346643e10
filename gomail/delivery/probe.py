"""
A question to the disk that may never be answered: so a thread of its own asks it.

The thread that stores is not at risk: where one of several disks hangs, it still has the others.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Thread

from twisted.internet.interfaces import IReactorFromThreads

from gomail.delivery.faults import is_alarming
from gomail.delivery.maildir import Maildir

Answer = float | OSError


class Probe:
    """
    Finds out whether disks answer, one question at a time.

    Args:
        reactor: where answers are told.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._asking = False

    def ask(self, paths: Iterable[str], told: Callable[[Answer], None]) -> None:
        """
        Ask the disks of the Maildirs at *paths*, unless an answer is waited for.

        Args:
            paths: of Maildirs.
            told: is called with the seconds that the slowest disk took to keep a small message, or
                with what one has said instead.
        """
        if self._asking:
            return
        arguments = (list(paths), told)
        thread = Thread(target=self._ask, args=arguments, name="gomail probe", daemon=True)
        with suppress(RuntimeError):  # there may be no more threads: whoever asks comes again
            thread.start()
            self._asking = True

    def _ask(self, paths: list[str], told: Callable[[Answer], None]) -> None:
        """Do so: all that the thread does."""
        answer: Answer
        try:
            answer = ask_disks(paths)
        except OSError as error:
            answer = error
        self._reactor.callFromThread(self._tell, told, answer)

    def _tell(self, told: Callable[[Answer], None], answer: Answer) -> None:
        """Tell the answer, on the reactor's thread."""
        self._asking = False
        told(answer)


def ask_disks(paths: Iterable[str]) -> float:
    """
    Have each disk below the Maildirs at *paths* keep a small message; blocks.

    Returns:
        The seconds that it took, on the slowest of them.

    Raises:
        OSError: what a disk said, at the Maildir that it names; or what was the matter with the
            last Maildir, where there is none by which a disk could be asked.
    """
    asked: set[int] = set()
    slowest, unusable = 0.0, None
    for path in paths:
        began = time.monotonic()
        try:
            _ask_disk(path, asked)
        except OSError as error:
            error.filename = path  # some calls tell a name within the Maildir, some none
            if is_alarming(error):
                raise
            unusable = error
        slowest = max(slowest, time.monotonic() - began)
    if unusable is not None and not asked:
        raise unusable
    return slowest


def _ask_disk(path: str, asked: set[int]) -> None:
    """Ask the disk of one Maildir, unless it has been *asked*."""
    maildir = Maildir(path)
    try:
        device = maildir.device
        if device not in asked:
            maildir.probe()
            maildir.flush()
            asked.add(device)
    finally:
        maildir.close()
