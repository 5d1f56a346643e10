"""What was said in a session, verb by verb, for the one line that tells of it afterwards."""


class Tally:
    """Counts verbs: how often each was said, and how often with success."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._counts: dict[bytes, list[int]] = {}

    def add(self, verb: bytes, *, accepted: bool) -> None:
        """Count one answered *verb* of the verb table."""
        counts = self._counts.get(verb)
        if counts is None:
            counts = self._counts[verb] = [0, 0]
        counts[0] += accepted
        counts[1] += 1

    def __str__(self) -> str:
        """Write the counts as ``ehlo=1 rcpt=1/2 quit=1``: accepted/all where they differ."""
        return " ".join(
            f"{verb.decode('ascii').lower()}={accepted}" + (f"/{said}" if accepted != said else "")
            for verb, (accepted, said) in self._counts.items()
        )
