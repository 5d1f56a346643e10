"""What was said in a session, verb by verb, for the one line that tells of it afterwards."""

from collections import defaultdict
from functools import cache, lru_cache

Counts = tuple[tuple[bytes, int], ...]


class Tally:
    """Counts verbs: how often each was said, and how often without success."""

    __slots__ = ("_refused", "_said")

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._said: defaultdict[bytes, int] = defaultdict(int)
        self._refused: defaultdict[bytes, int] | None = None  # most sessions have none

    def add(self, verb: bytes, *, accepted: bool) -> None:
        """Count one answered *verb* of the verb table."""
        self._said[verb] += 1
        if not accepted:
            if self._refused is None:
                self._refused = defaultdict(int)
            self._refused[verb] += 1

    def __str__(self) -> str:
        """Write the counts as ``ehlo=1 rcpt=1/2 quit=1``: accepted/all where they differ."""
        refused = () if self._refused is None else tuple(self._refused.items())
        return _written(tuple(self._said.items()), refused)


@lru_cache(maxsize=256)  # most sessions say the same
def _written(every: Counts, refused: Counts) -> str:
    """Write what was said."""
    unheard = dict(refused)
    return " ".join(
        f"{_name(verb)}={said - unheard[verb]}/{said}"
        if verb in unheard
        else f"{_name(verb)}={said}"
        for verb, said in every
    )


@cache
def _name(verb: bytes) -> str:
    """Write a verb of the table in small letters."""
    return verb.decode("ascii").lower()
