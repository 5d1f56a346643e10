"""
Whose question goes out next: those of one client never take the places of another's.

A question under way has a socket, so there are places for some only; and whoever has slow DNS asked
keeps his for long. So a client may take one more as long as it has fewer than are free: alone it
comes to have half of them, two have a third each, nine a tenth each, and as much is left for those
who come next (A. K. Choudhury and E. L. Hahne, Dynamic Queue Length Thresholds, 1998). Those for
whom nothing is left take turns.
"""

from typing import Protocol


class Question(Protocol):
    """What waits for its turn."""

    def begin(self, client: str) -> None:
        """Begin: it is the turn of *client*, whose place is given back by `Turns.give_back`."""


class Turns:
    """
    The places for questions, and who waits for one.

    Args:
        places: how many there are.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._taken: dict[str, int] = {}  # places, by client; who has none is not there
        # By client; the one whose turn was last stands last, and so does his newest question.
        self._waiting: dict[str, dict[Question, None]] = {}
        self._giving = False

    def ask(self, client: str, question: Question) -> None:
        """Begin a question, now or when it is its turn."""
        self._waiting.setdefault(client, {})[question] = None
        self._give()

    def leave(self, client: str, question: Question) -> None:
        """Have a question wait no longer for the turn of a client."""
        waiting = self._waiting[client]
        del waiting[question]
        if not waiting:
            del self._waiting[client]

    def give_back(self, client: str) -> None:
        """Have one place less taken by a client, and let others go on."""
        self._free += 1
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]
        self._give()

    def _give(self) -> None:
        """Give places to those who may have them; a question may end as soon as it has begun."""
        if self._giving:
            return
        self._giving = True
        try:
            while (client := self._next()) is not None:
                self._begin(client)
        finally:
            self._giving = False

    def _next(self) -> str | None:
        """
        Give the first who waits and may take one more.

        Few are passed over: where a place is free, they are those who have one at least.
        """
        if not self._free:
            return None
        may = (client for client in self._waiting if self._taken.get(client, 0) < self._free)
        return next(may, None)

    def _begin(self, client: str) -> None:
        """Give a place to a client, whose next turn is behind that of all others."""
        waiting = self._waiting.pop(client)
        question = next(iter(waiting))
        self._waiting[client] = waiting  # the question leaves of itself, wherever it waits
        self._free -= 1
        self._taken[client] = self._taken.get(client, 0) + 1
        question.begin(client)
