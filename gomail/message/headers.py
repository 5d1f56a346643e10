"""
The header block of a message while it streams by: how big it is, how many fields, how many hops.

It is looked at as octets with LF line ends and never decoded (RFC 5322 §2.2). It ends at the first
empty line, or, in a message without one, with the message.
"""

import re
from itertools import islice

from gomail.limits import Limits
from gomail.reply import HEADER_TOO_BIG, LOOP, TOO_MANY_FIELDS, Refused

# Where a field begins; folded lines don't. A line feed in front is found faster than a "^".
_FIELD = re.compile(rb"\n[^\s:]++[ \t]*+:")
_RECEIVED = re.compile(rb"\nreceived[ \t]*+:", re.IGNORECASE)


class HeaderBlock:
    """
    Watches the header block of one message.

    Attributes:
        complete: whether it has ended.
        size: how many octets it has then, without the empty line behind it.

    Raises, from `take` and `end`:
        Refused: 554 5.6.0 when it is too big, 554 5.4.6 when the message goes round in a circle.
    """

    __slots__ = ("_limits", "_octets", "complete", "size")

    def __init__(self, limits: Limits) -> None:
        """Begin as if a line had just ended."""
        self._limits = limits
        self._octets = bytearray(b"\n")
        self.complete = False
        self.size = 0

    def take(self, octets: bytes) -> None:
        """Look at the next octets of the message."""
        if self.complete:
            return
        seen = len(self._octets) - 1
        self._octets += octets
        end = self._octets.find(b"\n\n", seen)
        if end >= 0:
            del self._octets[end + 1 :]
            self.end()
        elif len(self._octets) - 1 > self._limits.header_size:
            raise Refused(HEADER_TOO_BIG)

    def end(self) -> None:
        """Judge the header block: it is complete."""
        if self.complete:
            return
        self.complete = True
        octets, self._octets = self._octets, bytearray()
        self.size = len(octets) - 1
        if self.size > self._limits.header_size:
            raise Refused(HEADER_TOO_BIG)
        lines = octets.count(b"\n")  # no kind of field is there more often
        if lines > self._limits.header_fields and _more(_FIELD, octets, self._limits.header_fields):
            raise Refused(TOO_MANY_FIELDS)
        if lines > self._limits.hops and _more(_RECEIVED, octets, self._limits.hops):
            raise Refused(LOOP)


def _more(pattern: re.Pattern[bytes], octets: bytearray, most: int) -> bool:
    """Tell whether *pattern* is found more than *most* times; nobody counts further."""
    return any(True for _ in islice(pattern.finditer(octets), most, None))
