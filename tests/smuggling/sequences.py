"""
What might pass for the end of content: line ends of all sorts around dots of all sorts.

A relay that reads a sequence as content and hands it on as it came, and a server that reads it as
the end, make two messages of one; the second has whatever sender the first one's author liked.
"""

from dataclasses import dataclass
from itertools import product

ENDS = {
    "nothing": b"",
    "CRLF": b"\r\n",
    "LF": b"\n",
    "CR": b"\r",
    "CR CR LF": b"\r\r\n",
    "CR CR CR LF": b"\r\r\r\n",
    "LF CR": b"\n\r",
    "LF LF": b"\n\n",
    "CR CR": b"\r\r",
    "NUL CRLF": b"\0\r\n",
    "CRLF NUL": b"\r\n\0",
    "CR NUL LF": b"\r\0\n",
    "CRLF SP": b"\r\n ",
    "SP": b" ",
    "TAB": b"\t",
    "VT": b"\v",
    "FF": b"\f",
    "0x85": b"\x85",
    "U+0085": "\x85".encode(),
    "U+2028": "\u2028".encode(),
}
DOTS = {".": b".", "..": b"..", ". SP": b". ", ". NUL": b".\0", "NUL .": b"\0.", "SP .": b" ."}
END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Sequence:
    """
    A dot between two line ends, or what might pass for them.

    Attributes:
        before: the name of what stands before the dot, a key of `ENDS`.
        dot: the name of the dot, a key of `DOTS`.
        behind: the name of what stands behind it, a key of `ENDS`.
    """

    before: str
    dot: str
    behind: str

    @property
    def octets(self) -> bytes:
        """What is sent."""
        return ENDS[self.before] + DOTS[self.dot] + ENDS[self.behind]

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.before} | {self.dot} | {self.behind}"

    @property
    def is_end(self) -> bool:
        """Whether it has CRLF.CRLF in it, which ends content by everybody's reading."""
        return END in self.octets


def _all() -> tuple[Sequence, ...]:
    """Combine everything; where two come to the same octets, the first has them."""
    by_octets: dict[bytes, Sequence] = {}
    for names in product(ENDS, DOTS, ENDS):
        sequence = Sequence(*names)
        by_octets.setdefault(sequence.octets, sequence)
    return tuple(by_octets.values())


SEQUENCES = _all()
SMUGGLERS = tuple(each for each in SEQUENCES if not each.is_end)
TRUE_ENDS = tuple(each for each in SEQUENCES if each.is_end)
LINE_ENDS = tuple(name for name in ENDS if "CR" in name or "LF" in name)
# Those of which somebody's reader is known to have made an end, and their like.
CLOSEST = tuple(
    each
    for each in SMUGGLERS
    if each.dot == "." and each.before in LINE_ENDS and each.behind in LINE_ENDS
)

FIRST = b"Subject: one\r\n\r\nOne"
RECIPIENT = b"b@here.example"
HIDDEN = b"Subject: two\r\n\r\nTwo\r\n"


def second(reverse_path: bytes = b"boss@here.example", recipient: bytes = RECIPIENT) -> bytes:
    """Give the message that is hidden behind a sequence: commands, then content."""
    commands = b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (reverse_path, recipient)
    return commands + HIDDEN


def wire(sequence: Sequence, hidden: bytes) -> bytes:
    """Give all content of the first message, but for its end."""
    return FIRST + sequence.octets + hidden
