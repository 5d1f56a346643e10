"""
Events sent to a browser (server-sent events), as long as it takes them.

What comes while a browser takes nothing is counted by name and not kept, and told when it takes
something again: so it costs no memory to be slow. Who takes nothing for a minute is left. A stream
ends with the login by which it began: with a new password, too, and where the password is gone.
"""

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from gomail.inbox.web.answers import NOTHING, TEXT, Answer, Streamed
from gomail.inbox.web.exchange import Exchange
from gomail.server.control.audience import Outflow

MOST = 24  # streams; other connections are for pages
ALIVE = 15.0  # seconds after which something is said, so that an end is noticed
REVIEW = 1.0  # seconds after which it is looked who may still listen
AGAIN = 2000  # milliseconds after which a browser tries again
KIND = "text/event-stream; charset=utf-8"
FULL = f"{MOST} pages are kept up to date already; this one is not.\n"


class Streams:
    """
    Keeps count of streams.

    Args:
        clock: the reactor.
        admits: tells whether who has asked for one may still see pages.
    """

    def __init__(self, clock: IReactorTime, admits: Callable[[Exchange], bool]) -> None:
        self._clock, self._admits = clock, admits
        self._there: dict[Exchange, None] = {}
        self._reviewing = LoopingCall(self.review)
        self._reviewing.clock = clock

    def begin(self, exchange: Exchange, streamed: Streamed) -> None:
        """Begin one; it ends when the browser goes."""
        if len(self._there) >= MOST:
            # 204 would have it never try again.
            exchange.send(Answer(FULL.encode(), TEXT, 503))
            return
        head = Answer(kind=KIND, policy=NOTHING, fields=(("X-Accel-Buffering", "no"),)).head()
        exchange.begin(200, head)
        request = exchange.request
        request.write(b"retry: %d\n\n" % AGAIN)
        if exchange.method == "HEAD":
            request.finish()
            return
        outflow = Outflow(lambda told: request.write(written(told)))
        request.registerProducer(outflow, True)
        leave = streamed.join(outflow)
        alive = LoopingCall(lambda: outflow.paused or request.write(b":\n\n"))
        alive.clock = self._clock
        alive.start(ALIVE, now=False)
        self._there[exchange] = None
        if not self._reviewing.running:
            self._reviewing.start(REVIEW, now=False)

        def end(_: object) -> None:
            self._there.pop(exchange, None)
            if not self._there:
                self._reviewing.stop()
            alive.stop()
            leave()

        request.notifyFinish().addBoth(end)

    def review(self) -> None:
        """End the streams of those who may not see pages any more."""
        for exchange in [each for each in self._there if not self._admits(each)]:
            exchange.request.unregisterProducer()
            exchange.request.finish()


def written(told: dict[str, Any]) -> bytes:
    """Write an event; JSON has no line end in it."""
    return f"data: {json.dumps(told)}\n\n".encode("ascii")
