"""
The page that shows what the server does: how it fares, and its events as they come.

All browsers share one connection to the server, and one question every two seconds how it fares;
without browsers there is neither. What was told lately is kept, so that a page is not empty at
first, and no more than that.
"""

from collections import deque
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from gomail.inbox.web.answers import Answer, NoPage, Streamed
from gomail.inbox.web.drawing import Drawing
from gomail.inbox.web.following import Following, Plain, Unheard, ask_status
from gomail.inbox.web.site import NOT_FOUND, Reply, Visit
from gomail.server.control.audience import Outflow
from gomail.server.reactor import Reactor

KEPT = 300  # events that a new page is told
STATUS_TIME = 2.0  # seconds between two questions how it fares
NOT_ASKED = "it was not asked yet"
_log = Logger()


class Live:
    """
    Shows the server.

    Args:
        reactor: the one that runs.
        paths: of its control socket.
        drawing: draws.
    """

    def __init__(self, reactor: Reactor, paths: Sequence[str], drawing: Drawing) -> None:
        self._reactor, self._paths, self._drawing = reactor, tuple(paths), drawing
        self._there: set[Outflow] = set()
        self._kept: deque[Plain] = deque(maxlen=KEPT)
        self._why: str | None = NOT_ASKED
        self._status: Plain | None = None
        self._following = Following(reactor, self._paths, self._hear, self._changed)
        self._asking = LoopingCall(lambda: Deferred.fromCoroutine(self._ask()))
        self._asking.clock = reactor

    async def get(self, visit: Visit) -> Reply:
        """Show the page, or let a browser follow."""
        match visit.exchange.path:
            case (_,):
                return await self._page(visit)
            case (_, "events"):
                return Streamed(self._join)
        raise NoPage(NOT_FOUND)

    async def _page(self, visit: Visit) -> Answer:
        """Show how it fares now; without JavaScript that is all, and it is asked anew by itself."""
        try:
            status, why = await ask_status(self._reactor, self._paths), ""
        except Unheard as unheard:
            status, why = None, str(unheard)
        return Answer(self._drawing.page("live.html", visit=visit, status=status, why=why))

    def _join(self, outflow: Outflow) -> Callable[[], None]:
        """Tell one more, what was told lately first."""
        outflow({"event": "server", "why": self._why})
        if self._status is not None:
            outflow({"event": "status", "status": self._status})
        if self._kept:
            outflow({"event": "lately", "events": list(self._kept)})
        self._there.add(outflow)
        self._following.begin()
        if not self._asking.running:
            self._asking.start(STATUS_TIME)

        def leave() -> None:
            self._there.discard(outflow)
            if not self._there:
                self.stop()

        return leave

    def stop(self) -> None:
        """Follow no more."""
        self._following.stop()
        if self._asking.running:
            self._asking.stop()
        self._kept.clear()
        self._why, self._status = NOT_ASKED, None

    def _hear(self, told: Plain) -> None:
        """Pass an event of the server's on; no page shows what it has measured of itself."""
        if told.get("event") != "measured":
            self._kept.append(told)
            self._tell(told)

    def _changed(self, why: str) -> None:
        """Tell that the server can be asked, or why not."""
        if why != self._why:
            self._why = why
            self._tell({"event": "server", "why": why})

    async def _ask(self) -> None:
        """Ask how it fares, and tell that."""
        try:
            self._status = await ask_status(self._reactor, self._paths)
        except Unheard:
            self._status = None  # why it is so is told by who follows
            return
        except Exception:  # noqa: BLE001 -- a fault of ours; the pages go on
            _log.failure("how the server fares could not be told")
            return
        self._tell({"event": "status", "status": self._status})

    def _tell(self, told: Plain) -> None:
        """Tell all."""
        for outflow in list(self._there):
            outflow(told)
