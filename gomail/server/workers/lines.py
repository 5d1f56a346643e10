"""What processes of ours write to the log of their parent, as lines."""

from collections.abc import Callable

MOST_OF_A_LINE = 1 << 16  # octets that wait for the end of their line


class Lines:
    """Passes on whole lines; one without an end is not waited for, beyond a bound."""

    def __init__(self, log: Callable[[str], None]) -> None:
        """Have *log* write them."""
        self._log = log
        self._rest = b""

    def feed(self, octets: bytes) -> None:
        """Take the next octets."""
        whole, newline, rest = octets.rpartition(b"\n")
        if newline:
            self._tell(self._rest + whole)
            self._rest = rest
        else:
            self._rest += octets
        if len(self._rest) > MOST_OF_A_LINE:
            self.end()

    def end(self) -> None:
        """Pass on the last line, whole or not."""
        rest, self._rest = self._rest, b""
        if rest:
            self._tell(rest)

    def _tell(self, octets: bytes) -> None:
        """Write some."""
        self._log(octets.decode("utf-8", "backslashreplace"))
