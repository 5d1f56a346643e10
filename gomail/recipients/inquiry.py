"""
Whether the databases of mailboxes answer: asked now and then, off the reactor.

Mail would find that out as well, but none may come to a server that is not ready, and nobody should
have to send some to see that a database is in order again.
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from twisted.internet.interfaces import IReactorTime

from gomail.health import Databases
from gomail.recipients.directory import Directory
from gomail.recipients.hosted import Destinations, Hosted
from gomail.recipients.sqlite import Stored
from gomail.reply import Refused

QUIET = 2.0  # seconds between two questions


class Inquiry:
    """
    Asks the databases of a directory.

    Args:
        clock: gives the time.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._due = clock.seconds() + QUIET  # they have just been opened
        self._asking = False

    def look(self, directory: Directory) -> Databases:
        """Tell which databases were in trouble when they were asked last: called once a second."""
        if directory.databases and not self._asking and self._clock.seconds() >= self._due:
            self._ask(directory)
        reasons = tuple(each.trouble for each in directory.databases if each.trouble)
        return Databases(reasons, whole=bool(reasons) and _is_whole(directory.hosted.values()))

    def _ask(self, directory: Directory) -> None:
        """Ask all, one after the other; a writer may hold one for seconds."""
        self._asking = True
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
            self._due = self._clock.seconds() + QUIET
            self._asking = False
        return ()


def _is_whole(domains: Iterable[Hosted]) -> bool:
    """Tell whether nobody's mailboxes are known: all are in databases that are in trouble."""
    names = (each.names for each in domains)
    return all(isinstance(each, Stored) and each.database.trouble for each in names)
