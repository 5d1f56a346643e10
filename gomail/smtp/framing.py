"""
The raw phase: where content ends, and what of it is only transport (RFC 5321 §4.5.2, RFC 3030 §2).

Behind DATA content ends at CRLF.CRLF alone, or at .CRLF straight behind the 354. A bare CR or LF
never ends a line, so that nobody's idea of a line end smuggles a second message in. Nothing here is
lines: octets are scanned in the pieces in which they come, and at most four are held back. A
compiled pattern finds the first dot, twice as fast as `bytes.find`; most pieces have none. Behind
BDAT content ends when it has been counted, and nothing in it has a meaning.
"""

import re
from typing import Protocol

_CRLF = b"\r\n"
_DOT = re.compile(rb"\r\n\.")
_END = b"\r\n.\r\n"


class Framing(Protocol):
    """Finds the end of the raw phase in the octets that it is fed."""

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """
        Take the next octets from the wire.

        Returns:
            The content in them; and None while the end has not come, or else the octets behind it.
            After the end this object is used up.
        """


class DotStuffed:
    """Content behind DATA: feed it octets until it gives what follows the final dot."""

    __slots__ = ("_held", "_unseen")

    def __init__(self) -> None:
        """Begin as if the line of the 354 had just ended."""
        self._held = _CRLF  # the last octets fed, if they may belong to a dot's line
        self._unseen = len(_CRLF)  # how many of the held ones the peer has not sent

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """Take octets; the dots in their content are unstuffed."""
        octets = self._held + octets
        dot = _DOT.search(octets)
        if dot is not None and (end := octets.find(_END, dot.start())) >= 0:
            return self._content(octets[: end + 2]), octets[end + len(_END) :]
        sure = len(octets) - _unfinished(octets)
        self._held = octets[sure:]
        content = self._content(octets[:sure]) if dot else octets[self._unseen : sure]
        self._unseen = max(0, self._unseen - sure)
        return content, None

    def _content(self, octets: bytes) -> bytes:
        """Remove the dot that begins a line (RFC 5321 §4.5.2), and what the peer has not sent."""
        return octets.replace(b"\r\n.", _CRLF)[self._unseen :]


class Counted:
    """A chunk behind BDAT: so many octets, whatever they are."""

    __slots__ = ("_left",)

    def __init__(self, size: int) -> None:
        """Begin a chunk of *size* octets."""
        self._left = size

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """Take octets, as they are."""
        if len(octets) < self._left:
            self._left -= len(octets)
            return octets, None
        return octets[: self._left], octets[self._left :]


NOTHING = Counted(0)  # what is behind a command


def _unfinished(octets: bytes) -> int:
    """Tell how many of the last octets may be the beginning of the end: 0 to 4."""
    lengths = range(len(_END) - 1, 0, -1)
    return next((length for length in lengths if octets.endswith(_END[:length])), 0)
