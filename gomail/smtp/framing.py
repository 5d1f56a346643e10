"""
The raw phase: where content ends, and what of it is only transport (RFC 5321 §4.5.2, RFC 3030 §2).

Behind DATA content ends at CRLF.CRLF alone, or at .CRLF straight behind the 354. A bare CR or LF
never ends a line, so that nobody's idea of a line end smuggles a second message in. Nothing here is
lines: octets are scanned in the pieces in which they come, and at most four are held back. Where
there is no dot at all there is nothing to scan: one octet is found thirty times as fast as three.
Behind BDAT content ends when it has been counted, and nothing in it has a meaning.
"""

import re
from typing import Protocol

_CRLF = b"\r\n"
_DOT = re.compile(rb"\r\n\.")  # that begins a line
_END = b"\r\n.\r\n"
_BEGINNINGS = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r")  # of the end


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

    __slots__ = ("_begun", "_held")

    def __init__(self) -> None:
        """Begin as if the line of the 354 had just ended."""
        self._held = _CRLF  # the last octets fed, if they may belong to a dot's line
        self._begun = False  # there has been content; until then the CRLF held is not the peer's

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """Take octets; the dots in their content are unstuffed."""
        content = octets = self._held + octets
        if b"." in octets:
            texts = _DOT.split(octets)
            if len(texts) == 2:  # one such dot, mostly the last of all
                text, behind = texts
                if behind.startswith(_CRLF):
                    return self._of_the_peer(text + _CRLF), behind[len(_CRLF) :]
            elif len(texts) > 1 and (end := octets.find(_END)) >= 0:
                content = _CRLF.join(_DOT.split(octets[: end + len(_CRLF)]))
                return self._of_the_peer(content), octets[end + len(_END) :]
            content = _CRLF.join(texts)
        self._held = _unfinished(octets)
        if self._held:
            content = content.removesuffix(self._held.replace(b".", b""))
        return self._of_the_peer(content), None

    def _of_the_peer(self, content: bytes) -> bytes:
        """Give *content* without the CRLF with which it begins."""
        if self._begun or not content:
            return content
        self._begun = True
        return content[len(_CRLF) :]


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


def _unfinished(octets: bytes) -> bytes:
    """Give the last octets, if they may be the beginning of the end: 0 to 4."""
    if not octets.endswith(_BEGINNINGS):
        return b""
    return next(beginning for beginning in _BEGINNINGS if octets.endswith(beginning))
