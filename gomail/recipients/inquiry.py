"""
Whether the databases of mailboxes answer: asked now and then, off the reactor.

Mail would find that out as well, but none may come to a server that is not ready, and nobody should
have to send some to see that a database is in order again.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import partial

from twisted.internet.interfaces import IReactorTime

from gomail.health import Databases
from gomail.recipients.directory import Directory
from gomail.recipients.hosted import Destinations, Hosted
from gomail.recipients.sqlite import Database, Stored
from gomail.reply import Refused

QUIET = 2.0  # seconds between two questions
LATE = 10.0  # seconds without an answer: twice as long as a writer may hold a database


class Inquiry:
    """
    Asks the databases of a directory.

    Args:
        clock: gives the time.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._due = clock.seconds() + QUIET  # they have just been opened
        self._asked: Directory | None = None  # which has not answered yet …
        self._began = 0.0  # … since then

    def look(self, directory: Directory) -> Databases:
        """Tell which databases were in trouble when they were asked last: called once a second."""
        now = self._clock.seconds()
        if directory.databases and self._asked is not directory and now >= self._due:
            self._ask(directory)
        if self._asked is directory and now - self._began >= LATE:
            troubles = [f"{each.path}: no answer for {LATE:.0f} s" for each in directory.databases]
        else:
            troubles = [each.trouble for each in directory.databases]
        known = {
            each for each, trouble in zip(directory.databases, troubles, strict=True) if not trouble
        }
        reasons = tuple(filter(None, troubles))
        whole = bool(reasons) and _is_whole(directory.hosted.values(), known)
        return Databases(reasons, whole=whole)

    def _ask(self, directory: Directory) -> None:
        """Ask all, one after the other; a writer may hold one for seconds."""
        self._asked, self._began = directory, self._clock.seconds()
        work = partial(self._work, directory)
        if directory.off_reactor is None:
            work()
        else:
            directory.off_reactor(work)

    def _work(self, directory: Directory) -> Destinations:
        """Ask, in another thread; whom for matters to nobody."""
        try:
            for each in directory.databases:
                with suppress(Refused):  # it has kept why
                    each.look()
        finally:
            if self._asked is directory:  # and not another one, after a reload
                self._due = self._clock.seconds() + QUIET
                self._asked = None
        return ()


def _is_whole(domains: Iterable[Hosted], known: Collection[Database]) -> bool:
    """Tell whether nobody's mailboxes are known: all are in databases, and none of them answers."""
    names = (each.names for each in domains)
    return all(isinstance(each, Stored) and each.database not in known for each in names)
