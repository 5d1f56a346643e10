"""Work that is done in order, while whoever brings it may wait for it or go on."""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure


class Feed:
    """Works content off in the order in which it comes."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._waiting: list[Coroutine[Any, Any, None]] = []
        self._working: Deferred[None] | None = None
        self._failure: Failure | None = None

    def put(self, work: Coroutine[Any, Any, None]) -> Deferred[None] | None:
        """Have something done behind what there is; give what fires when nothing is left."""
        if self._failure is not None:
            work.close()
            return None
        self._waiting.append(work)
        working = self._working or Deferred.fromCoroutine(self._work())
        if working.called:
            return None
        self._working = working
        return self._join(working)

    async def done(self) -> None:
        """
        Wait until nothing is left.

        Raises:
            Exception: what went wrong with any of it; nothing was done after that.
        """
        if self._working is not None:
            await self._join(self._working)
        if self._failure is not None:
            self._failure.raiseException()

    def stop(self) -> None:
        """Do nothing more."""
        self._forget()
        if self._working is not None:
            self._working.cancel()

    def _forget(self) -> None:
        """Leave undone what has not begun."""
        for work in self._waiting:
            work.close()
        self._waiting.clear()

    def _join(self, working: Deferred[None]) -> Deferred[None]:
        """Give what fires when nothing is left; to cancel it stops everything."""

        def cancelled(joined: Deferred[None]) -> None:
            joined.errback(CancelledError())
            self.stop()

        joined: Deferred[None] = Deferred(cancelled)

        def over(_: object) -> None:
            if not joined.called:
                joined.callback(None)

        working.addCallback(over)
        return joined

    async def _work(self) -> None:
        """Do what there is, and what comes meanwhile."""
        try:
            while self._waiting and self._failure is None:
                await self._waiting.pop(0)
        except Exception:  # noqa: BLE001 -- `done` raises it
            self._failure = Failure()
            self._forget()
        self._working = None
