"""What was said in a session, verb by verb, for the one line that tells of it afterwards."""

from functools import cache


class Tally:
    """Counts verbs: how often each was said, and how often without success."""

    __slots__ = ("_refused", "_said")

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._said: dict[bytes, int] = {}
        self._refused: dict[bytes, int] | None = None  # most sessions have none

    def add(self, verb: bytes, *, accepted: bool) -> None:
        """Count one answered *verb* of the verb table."""
        said = self._said
        said[verb] = said.get(verb, 0) + 1
        if not accepted:
            if self._refused is None:
                self._refused = {}
            self._refused[verb] = self._refused.get(verb, 0) + 1

    def __str__(self) -> str:
        """Write the counts as ``ehlo=1 rcpt=1/2 quit=1``: accepted/all where they differ."""
        if self._refused is None:
            return " ".join([f"{_name(verb)}={said}" for verb, said in self._said.items()])
        refused = self._refused
        return " ".join(
            f"{_name(verb)}={said - refused[verb]}/{said}"
            if verb in refused
            else f"{_name(verb)}={said}"
            for verb, said in self._said.items()
        )


@cache
def _name(verb: bytes) -> str:
    """Write a verb of the table in small letters."""
    return verb.decode("ascii").lower()
