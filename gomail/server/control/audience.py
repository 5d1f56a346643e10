"""
Those who follow what a server does: they hear its events, as plain values, while there are any.

Without followers an event costs a test, and lines of dialogues are not even told: sessions look at
a list of who wants them, and that is empty.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from gomail.events import Event, Listener
from gomail.server.control.plain import Plain, plain
from gomail.server.control.wanted import Wanted

Hear = Callable[[Plain], None]


@dataclass(eq=False, frozen=True, slots=True)
class Follower:
    """One who follows: how it hears, and what it wants to hear."""

    hear: "Outflow"
    wanted: Wanted


class Audience:
    """
    A listener that passes events on.

    Args:
        lines: who is told each line of a dialogue anyhow.

    Attributes:
        lines: who is told each line of a dialogue; sessions go by this very list.
        followers: those that there are.
        changed: called when the first follower has come (True), and when the last has gone (False).
    """

    def __init__(self, lines: Iterable[Listener] = ()) -> None:
        self.lines = list(lines)
        self.changed: Callable[[bool], None] = lambda _: None
        self.followers: list[Follower] = []

    def __call__(self, event: Event) -> None:
        """Pass an event on, if there is anybody."""
        if self.followers:
            told = plain(event)
            if told is not None:
                self.tell(told)

    def tell(self, told: Plain) -> None:
        """Pass on what is plain already."""
        for follower in list(self.followers):
            if follower.wanted.has(told):
                follower.hear(told)

    def __bool__(self) -> bool:
        """Tell whether anybody follows."""
        return bool(self.followers)

    def join(self, follower: Follower) -> None:
        """Let somebody follow from now on."""
        self.followers.append(follower)
        if len(self.followers) == 1:
            self.lines.append(self)
            self.changed(True)

    def leave(self, follower: Follower) -> None:
        """Let somebody go; who has gone already stays so."""
        if follower in self.followers:
            self.followers.remove(follower)
            if not self.followers:
                self.lines.remove(self)
                self.changed(False)


@implementer(IPushProducer)
class Outflow:
    """
    Lets events out while they are taken; counts those that come meanwhile, and tells how many.

    So a slow reader costs no memory. It is the producer of a transport, which pauses it.

    Args:
        send: sends an event.
    """

    def __init__(self, send: Hear) -> None:
        self._send = send
        self._left_out: dict[str, int] = {}
        self.paused = False

    def __call__(self, told: Plain) -> None:
        """Send an event, or count it."""
        if not self.paused:
            self._send(told)
            return
        name = told["event"]
        self._left_out[name] = self._left_out.get(name, 0) + 1

    def pauseProducing(self) -> None:
        """Let nothing out any more."""
        self.paused = True

    def resumeProducing(self) -> None:
        """Let events out again, and tell what was left out."""
        self.paused = False
        if self._left_out:
            counts, self._left_out = self._left_out, {}
            self._send({"event": "left-out", "counts": counts})

    def stopProducing(self) -> None:
        """Let nothing out any more: the transport is gone."""
        self.paused = True
