"""
Tells browsers what has come, while any of them listens: the Maildir is looked at once a second.

A look is cheap, and a server of another user, mutt or a backup may change the Maildir as well as
gomail: so it is the folder that is asked, and not the server.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from gomail.inbox.mailbox import Listed, Mailbox
from gomail.inbox.web.answers import NoPage, Streamed
from gomail.inbox.web.drawing import row
from gomail.inbox.web.postbox import Postbox
from gomail.inbox.web.site import NOT_FOUND, Visit
from gomail.server.control.audience import Outflow

LOOK_TIME = 1.0  # seconds between two looks
MOST = 50  # messages that are told of one look: no list has more on its first page
_log = Logger()


class Arrivals:
    """
    Looks, and tells.

    Args:
        postbox: asks the mailbox.
        clock: the reactor.
    """

    def __init__(self, postbox: Postbox, clock: IReactorTime) -> None:
        self._postbox = postbox
        self._there: set[Outflow] = set()
        self._folders: dict[str, dict[str, Any]] = {}
        self._well = True
        self._changes = 0
        self._looking = LoopingCall(lambda: Deferred.fromCoroutine(self._look()))
        self._looking.clock = clock

    async def listen(self, visit: Visit) -> Streamed:
        """Let a browser listen; it is told first whether anything has changed since it last did."""
        if len(visit.exchange.path) != 1:
            raise NoPage(NOT_FOUND)
        await self._look()  # where nobody listened, nobody has looked
        return Streamed(self._join)

    def _join(self, outflow: Outflow) -> Callable[[], None]:
        """Tell one more."""
        outflow({"event": "begin", "changes": self._changes, "folders": self._folders})
        self._there.add(outflow)
        if not self._looking.running:
            self._looking.start(LOOK_TIME)

        def leave() -> None:
            self._there.discard(outflow)
            if not self._there and self._looking.running:
                self._looking.stop()

        return leave

    async def _look(self) -> None:
        """Look once, and tell what is new; whatever fails now may not fail then."""
        try:
            come, self._changes = await self._postbox.ask(_seen)
            folders = {each.name: asdict(each) for each in await self._postbox.ask(Mailbox.folders)}
        except NoPage as error:
            if self._well:
                _log.warn("what arrives is not told: {why}", why=str(error))
            self._well = False
            return
        except Exception:  # noqa: BLE001 -- a fault of ours, told once a second; the pages go on
            _log.failure("what arrives could not be told")
            return
        self._well = True
        if come or folders != self._folders:
            self._folders = folders
            told = {
                "event": "come",
                "rows": [row(each) for each in come[:MOST]],
                "folders": folders,
                "changes": self._changes,
            }
            for outflow in list(self._there):
                outflow(told)


def _seen(mailbox: Mailbox) -> tuple[Sequence[Listed], int]:
    """Look, and give what has come, and how often anything was found to have changed."""
    return mailbox.look(), mailbox.changes
