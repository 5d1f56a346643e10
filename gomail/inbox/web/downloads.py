"""
Files on their way to browsers: few at a time, each in a time that goes by its size.

Who takes nothing for a minute is left as with any answer (channel.py); who takes an octet now and
then is left when the time is over. A browser that breaks off is nothing to be told of. A place is
taken before the message is read for what is in it, and kept until all of that is sent.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.protocols.basic import FileSender

from gomail.inbox.web.answers import Download, NoPage, Problem
from gomail.inbox.web.channel import TAKE_TIME
from gomail.inbox.web.exchange import Exchange

MOST = 24  # downloads; other connections are for pages
SLOWEST = 8 * 1024  # octets a second, over the whole
FULL = Problem(
    503,
    "Too many files at once",
    f"{MOST} files are being saved already: try again when one of them is there.",
)


class _Sender(FileSender):
    """Sends a file; ends as what is cancelled does when the browser breaks off."""

    deferred: Any

    def stopProducing(self) -> None:
        """Send no more."""
        waiting, self.deferred = self.deferred, None
        if waiting is not None:
            waiting.errback(CancelledError())


class Downloads:
    """
    Keeps count of downloads.

    Args:
        clock: the reactor.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._there: set[object] = set()

    def enter(self) -> Callable[[], None]:
        """
        Take a place, before there is a file; give what leaves it.

        Raises:
            NoPage: there is none.
        """
        if len(self._there) >= MOST:
            raise NoPage(FULL)
        place = object()
        self._there.add(place)
        return lambda: self._there.discard(place)

    async def deliver(self, exchange: Exchange, download: Download) -> None:
        """Send a file, as fast as it is taken."""
        try:
            with download.file:
                request = exchange.request
                exchange.begin(200, download.head())
                request.setHeader(b"Content-Length", b"%d" % download.size)
                if exchange.method != "HEAD" and download.size:
                    await self._send(exchange, download)
                request.finish()
        finally:
            download.leave()

    async def _send(self, exchange: Exchange, download: Download) -> None:
        """Send its octets, within its time."""
        seconds = TAKE_TIME + download.size / SLOWEST
        channel: Any = exchange.request.channel
        late = self._clock.callLater(seconds, channel.abort)
        try:
            await _Sender().beginFileTransfer(download.file, exchange.request)
        finally:
            if late.active():
                late.cancel()
