"""
What DNS has answered lately, as long as it holds and fits.

The bound is in octets, since whoever sends mail chooses how much DNS answers: a bound in entries
would let a hundred names of 64 KB push out, or take, what ten thousand honest ones need.
"""

from collections import OrderedDict
from collections.abc import Callable

from gomail.checks.records import Outcome, Records

Question = tuple[str, str]

LONGEST_ANSWER = (
    4096  # octets; keys and policies are shorter, and what is longer is asked for again
)
LONGEST_TIME = 3600  # seconds; RFC 2308 §5 wants negative answers kept for hours at most
_ENTRY = 600  # octets that an entry takes besides its name and values: keys, tuples, links
_VALUE = 48  # octets that a value takes besides its own


class Cache:
    """
    Answers, the least recently used of which go first.

    Args:
        octets: how many it may take in all.
        seconds: tells the time, and is never set back.
    """

    def __init__(self, octets: int, seconds: Callable[[], float]) -> None:
        self.octets = 0
        self._most = octets
        self._seconds = seconds
        self._entries: OrderedDict[Question, tuple[float, Records]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, question: Question) -> Records | None:
        """Give the answer, with the seconds that it still holds; None if it does not."""
        entry = self._entries.get(question)
        if entry is None:
            return None
        left = entry[0] - self._seconds()
        if left <= 0:
            self._drop(question)
            return None
        self._entries.move_to_end(question)
        return entry[1]._replace(seconds=int(left))

    def put(self, question: Question, answer: Records) -> None:
        """Keep an answer, a negative one too; not one that is no answer, or is too long."""
        if question in self._entries:
            self._drop(question)
        size = sum(map(len, answer.values))
        if answer.outcome is Outcome.FAILED or answer.seconds <= 0 or size > LONGEST_ANSWER:
            return
        ends = self._seconds() + min(answer.seconds, LONGEST_TIME)
        self._entries[question] = ends, answer
        self.octets += _cost(question, answer)
        while self.octets > self._most:
            self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self.octets = 0

    def _drop(self, question: Question) -> None:
        """Forget one."""
        _, answer = self._entries.pop(question)
        self.octets -= _cost(question, answer)


def _cost(question: Question, answer: Records) -> int:
    """Estimate what an entry takes, in octets."""
    return _ENTRY + len(question[0]) + sum(len(value) + _VALUE for value in answer.values)
