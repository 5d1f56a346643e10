"""
Tells browsers what has come, while any of them listens: the Maildir is looked at once a second.

A look is cheap, and a server of another user, mutt or a backup may change the Maildir as well as
gomail: so it is the folder that is asked, and not the server.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from gomail.inbox.mailbox import Look, Mailbox
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
        self._recent: deque[tuple[int, dict[str, Any]]] = deque(maxlen=MOST)
        self._completed: deque[tuple[int, dict[str, Any]]] = deque(maxlen=MOST)
        self._well = True
        self._changes = 0
        self._waiting: list[Deferred[None]] = []
        self._is_under_way = False
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    async def listen(self, visit: Visit) -> Streamed:
        """Let a browser listen; it is told first what has come since its page was read."""
        if len(visit.exchange.path) != 1:
            raise NoPage(NOT_FOUND)
        try:
            since = int(visit.exchange.query("since")[:15])
        except ValueError:
            since = -1
        looked: Deferred[None] = Deferred()
        self._waiting.append(looked)
        self._look()  # where nobody listened, nobody has looked
        await looked
        return Streamed(lambda outflow: self._join(outflow, since))

    def _join(self, outflow: Outflow, since: int) -> Callable[[], None]:
        """Tell one more."""
        told = {
            "event": "begin",
            "rows": _since(since, self._recent),
            "completed": _since(since, self._completed),
            "folders": self._folders,
            "changes": self._changes,
        }
        outflow(told)
        self._there.add(outflow)
        if not self._looking.running:
            self._looking.start(LOOK_TIME, now=False)

        def leave() -> None:
            self._there.discard(outflow)
            if not self._there and self._looking.running:
                self._looking.stop()

        return leave

    def _look(self) -> None:
        """Look, one at a time; who leaves ends none, and who waits needs one that begins now."""
        if self._is_under_way:
            return
        self._is_under_way = True
        waiting, self._waiting = self._waiting, []

        def end(_: object) -> None:
            self._is_under_way = False
            for each in waiting:
                if not each.called:  # else it has left
                    each.callback(None)
            if self._waiting:
                self._look()

        Deferred.fromCoroutine(self._look_now()).addBoth(end)

    async def _look_now(self) -> None:
        """Look once, and tell what is new; whatever fails now may not fail then."""
        try:
            look = await self._postbox.ask(Mailbox.look)
        except NoPage as error:
            if self._well:
                _log.warn("what arrives is not told: {why}", why=str(error))
            self._well = False
            return
        except Exception:  # noqa: BLE001 -- a fault of ours, told once a second; the pages go on
            _log.failure("what arrives could not be told")
            return
        self._well = True
        self._tell(look)

    def _tell(self, look: Look) -> None:
        """Tell all who listen, if there is something."""
        folders = {each.name: asdict(each) for each in look.folders}
        self._changes = look.changes
        if not look.come and not look.completed and folders == self._folders:
            return
        self._folders = folders
        rows = [row(each) for each in look.come[:MOST]]
        completed = [row(each) for each in look.completed]
        self._recent.extendleft((look.changes, told) for told in reversed(rows))
        self._completed.extendleft((look.changes, told) for told in completed)
        told = {
            "event": "come",
            "rows": rows,
            "completed": completed,
            "folders": folders,
            "changes": look.changes,
        }
        for outflow in list(self._there):
            outflow(told)


def _since(since: int, rows: deque[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Give the rows that are new to a page that knows so many changes; none if it says nothing."""
    return [told for changes, told in rows if 0 <= since < changes]
