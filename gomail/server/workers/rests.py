"""How long a crew waits until it starts another worker: longer each time where it does no good."""

REST = 0.1  # seconds until another follows one that has served …
FIRST_REST = 1.0  # … or has not; twice as long behind each that ended as soon …
LONGEST_REST = 60.0  # … up to this
SETTLED = 10.0  # seconds from which on a worker's end is not soon
_MOST = 10  # times that it is doubled


class Rests:
    """What is remembered for that, by the numbers of workers."""

    def __init__(self) -> None:
        """Begin with nobody who has ended."""
        self._never: dict[int, int] = {}  # how many in a row have not served
        self._soon: dict[int, int] = {}  # how many in a row have, and have ended soon

    def serves(self, number: int) -> None:
        """Learn that one serves."""
        self._never.pop(number, None)

    def behind(self, number: int, lived: float, *, served: bool) -> float:
        """Give the seconds until another follows one that has lived so many."""
        counts, first = (self._soon, REST) if served else (self._never, FIRST_REST)
        again = 0 if served and lived >= SETTLED else counts.get(number, 0)
        counts[number] = again + 1
        return min(first * (1 << min(again, _MOST)), LONGEST_REST)
