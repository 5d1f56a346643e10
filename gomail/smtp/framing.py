"""
The raw phase: where content ends, and what of it is only transport (RFC 5321 §4.5.2).

Content ends at CRLF.CRLF alone, or at .CRLF straight behind the 354. A bare CR or LF never ends a
line, so that nobody's idea of a line end smuggles a second message in. Nothing here is lines:
octets are scanned in the pieces in which they come, by one compiled pattern, and at most four are
held back.
"""

import re

_LINE_WITH_DOT = re.compile(rb"\r\n\.")
_CRLF = b"\r\n"
_END = b"\r\n.\r\n"


class DotStuffed:
    """Content behind DATA: feed it octets until it gives what follows the final dot."""

    __slots__ = ("_held", "_unseen")

    def __init__(self) -> None:
        """Begin as if the line of the 354 had just ended."""
        self._held = _CRLF  # the last octets fed, if they may belong to a dot's line
        self._unseen = len(_CRLF)  # how many of the held ones the peer has not sent

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """
        Take the next octets from the wire.

        Returns:
            The content in them, dots unstuffed; and None while the end has not come, or else the
            octets behind it. After the end this object is used up.
        """
        octets = self._held + octets
        start = self._unseen
        pieces = []
        for dot in _LINE_WITH_DOT.finditer(octets):
            behind = octets[dot.end() : dot.end() + 2]
            if behind == _CRLF:
                pieces.append(octets[start : dot.start() + 2])
                return b"".join(pieces), octets[dot.end() + 2 :]
            if _CRLF.startswith(behind):
                return self._hold(octets, start, dot.start(), pieces)
            pieces.append(octets[start : dot.start() + 2])
            start = dot.end()
        return self._hold(octets, start, len(octets) - _unfinished(octets), pieces)

    def _hold(self, octets: bytes, start: int, end: int, pieces: list[bytes]) -> tuple[bytes, None]:
        """Keep what stands from *end* for the next time; give what is sure."""
        # A stuffed dot is dropped only once the octet behind it is known, so `end` may lie before
        # `start` in one case: nothing but the unseen line end has been held back so far.
        self._held = octets[end:]
        self._unseen = max(0, start - end)
        pieces.append(octets[start:end])
        return b"".join(pieces), None


def _unfinished(octets: bytes) -> int:
    """Tell how many of the last octets may be the beginning of a line with a dot: 0, 1 or 2."""
    if octets.endswith(_CRLF):
        return 2
    return 1 if octets.endswith(b"\r") else 0
