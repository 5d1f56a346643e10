"""
Events sent to a browser (server-sent events), as long as it takes them.

What comes while a browser takes nothing is counted by name and not kept, and told when it takes
something again: so it costs no memory to be slow. Who takes nothing for a minute is left.
"""

import json
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from gomail.inbox.web.answers import NOTHING, Answer, Problem, Streamed
from gomail.inbox.web.exchange import Exchange
from gomail.server.control.audience import Outflow

MOST = 24  # streams; other connections are for pages
ALIVE = 15.0  # seconds after which something is said, so that an end is noticed
AGAIN = 2000  # milliseconds after which a browser tries again
KIND = "text/event-stream; charset=utf-8"
FULL = Problem(503, "Too many", f"{MOST} pages are kept up to date already; this one is not.")


class Streams:
    """
    Keeps count of streams.

    Args:
        clock: the reactor.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._there: dict[Exchange, None] = {}

    def begin(self, exchange: Exchange, streamed: Streamed) -> None:
        """Begin one; it ends when the browser goes."""
        if len(self._there) >= MOST:
            # 204 would have it never try again.
            exchange.send(Answer(FULL.text.encode(), "text/plain; charset=utf-8", FULL.code))
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

        def end(_: object) -> None:
            self._there.pop(exchange, None)
            alive.stop()
            leave()

        request.notifyFinish().addBoth(end)


def written(told: dict[str, Any]) -> bytes:
    """Write an event; JSON has no line end in it."""
    return f"data: {json.dumps(told)}\n\n".encode("ascii")
